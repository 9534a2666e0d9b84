"""Drawn tables: text laid out for people's eyes, rewritten line by line as delimited text.

Boxes of pipes and rules, as psql, mysql and Markdown draw them, and columns that stand under each other at fixed
places, below a rule of dashes or in a block. A line stays a line, so that a row keeps its number in the source.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from pathlib import Path

DELIMITER = "\x1f"
"""What parts the cells of the rewritten text; no text that people look at holds it."""
_ROWS = 60
"""Lines by which rules are recognised; a block's columns stand apart in every line there is."""
_FEWEST = 4
"""Lines from which places are no accident."""
_MOST = 0.8
"""Share of lines that keep to the places."""

_BOX_RULE = re.compile(
    r"\s*(?:\+(?=[=+:]*-)[-=+:]*\+|[-=]{2,}(?:\+[-=]+)+|\|?\s*:?-{2,}:?\s*(?:\|\s*:?-{2,}:?\s*)+\|?)\s*"
)
_DASHES = re.compile(r"\s*[-=]{2,}(?: +[-=]{2,})+\s*")
_PIPE = re.compile(r"(?<!\\)\|")

_Split = Callable[[str], list[str] | None]


@dataclass(frozen=True, slots=True)
class Drawing:
    """How the lines of a drawn table are taken apart, and why so."""

    cells: _Split  # of a line; None where it only draws
    reason: str


def drawing(lines: Sequence[str]) -> Drawing | None:
    """What a text draws, by its first lines; None where that is no table."""
    filled = [line.rstrip("\r\n") for line in lines if line.strip()]
    if any(DELIMITER in line or "\t" in line for line in filled):
        return None
    told = filled[:_ROWS]
    boxed = sum(bool(_PIPE.search(line)) and not _BOX_RULE.fullmatch(line) for line in told)
    if boxed > 1 and any(map(_BOX_RULE.fullmatch, told)):
        return Drawing(_boxed, "Drawn with pipes and rules: cells are taken without what draws and pads them.")
    if starts := _ruled(told):
        return Drawing(_at(starts), "Drawn under a rule of dashes, which says where columns begin.")
    if starts := _block(filled):
        return Drawing(_at(starts), "Drawn in columns: their cells stand under each other.")
    return None


def rewrite(text: Path, drawing: Drawing, copy: Path) -> None:
    """Write the text as delimited, a line for each line of it."""
    with (
        text.open(encoding="utf-8-sig", newline="") as source,
        copy.open("w", encoding="utf-8", newline="") as out,
    ):
        for line in source:
            out.write(DELIMITER.join(drawing.cells(line.rstrip("\r\n")) or ()) + "\n")


def _boxed(line: str) -> list[str] | None:
    if _BOX_RULE.fullmatch(line):
        return None
    if not _PIPE.search(line):
        return [line]
    inner = line.strip()
    if inner.startswith("|"):
        inner = inner[1:-1] if inner.endswith("|") and not inner.endswith("\\|") else inner[1:]
    return [cell.strip().replace("\\|", "|") for cell in _PIPE.split(inner)]


def _at(starts: Sequence[int]) -> _Split:
    """Splits where columns begin; a line that runs across these places is left in one piece."""

    def split(line: str) -> list[str] | None:
        if _DASHES.fullmatch(line):
            return None
        if not _parted(line, starts):
            return [line]
        ends = [*starts[1:], None]
        return [line[start:end].strip() for start, end in zip([0, *starts[1:]], ends, strict=True)]

    return split


def _parted(line: str, starts: Sequence[int]) -> bool:
    """Whether a gap stands before each column of a line."""
    return (
        len(starts) > 1 and len(line) > starts[1] and all(line[start - 1 : start] in ("", " ") for start in starts[1:])
    )


def _ruled(lines: Sequence[str]) -> list[int]:
    """Where the columns below the first rule of dashes begin; nowhere where most lines don't keep to it."""
    at = next((n for n, line in enumerate(lines) if _DASHES.fullmatch(line)), 0)
    starts = [found.start() for found in re.finditer(r"[-=]+", lines[at])] if at else []
    body = lines[at + 1 :]
    return starts if sum(_parted(line, starts) for line in body) >= _MOST * len(body) > 0 else []


def _block(lines: Sequence[str]) -> list[int]:
    """Where the columns of a block begin: below each other, with a name above each, and padded; nowhere if not so."""
    if len(lines) < _FEWEST or any(_alike(lines, mark) for mark in ",;|"):
        return []
    if sum("  " in line.strip() for line in lines) < _MOST * len(lines):
        return []
    width = max(map(len, lines))
    free = [all(line[n : n + 1] in ("", " ") for line in lines) for n in range(width)]
    columns = [list(places) for gap, places in groupby(range(width), key=free.__getitem__) if not gap]
    starts = [column[0] for column in columns]
    named = [lines[0][column[0] : column[-1] + 1].strip() for column in columns]
    if len(starts) < 2 or not all(named) or any("  " in name for name in named):
        return []
    wide = sum(after[0] - before[-1] > 2 for before, after in pairwise(columns))
    return starts if wide * 2 >= len(columns) - 1 else []


def _alike(lines: Iterable[str], mark: str) -> bool:
    """Whether a mark stands equally often in every line."""
    counts = {line.count(mark) for line in lines}
    return len(counts) == 1 and 0 not in counts
