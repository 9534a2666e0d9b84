"""Drawn tables: text laid out for people's eyes, rewritten line by line as delimited text.

Boxes of pipes and rules, as psql, mysql and Markdown draw them, and columns that stand under each other at fixed
places, below a rule of dashes or in a block. A line stays a line, so that a row keeps its number in the source.
Lines that are quoted as a whole, as where a text is saved as a sheet of one column, are taken out of their quotes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from pathlib import Path

from discovery_pipeline.engine.intake import dialects
from discovery_pipeline.engine.intake.records import Reader

DELIMITER = "\x1f"
"""What parts the cells of the rewritten text; no text that people look at holds it."""
_ROWS = 60
"""Lines by which rules are recognised; a block's columns stand apart in every line there is."""
_FEWEST = 4
"""Lines from which places are no accident."""
_MOST = 0.8
"""Share of lines that keep to the places."""

_LINE = "(?::?-{2,}:?|:-:?|-:)"
_BOX_RULE = re.compile(
    rf"\s*(?:\+(?=[=+:]*-)[-=+:]*\+|[-=]{{2,}}(?:\+[-=]+)+|\|?\s*{_LINE}\s*(?:\|\s*{_LINE}\s*)+\|?)\s*"
)
_DASHES = re.compile(r"\s*[-=]{2,}(?: +[-=]{2,})+\s*")
_PIPE = re.compile(r"(?<!\\)\|")

_BOX_SIGNS = str.maketrans(
    dict.fromkeys("│┃║╎┆", "|") | dict.fromkeys("─━═╌┄", "-") | dict.fromkeys("┌┬┐├┼┤└┴┘╔╦╗╠╬╣╚╩╝╭╮╰╯╒╤╕╞╪╡╘╧╛", "+")
)
_WHOLE = re.compile(r'"(?:[^"]|"")*"')

_Split = Callable[[str], list[str] | None]


@dataclass(frozen=True, slots=True)
class Drawing:
    """How the lines of a drawn table are taken apart, and why so."""

    cells: _Split  # of a line; None where it only draws
    reason: str
    above: int = 0  # lines at the top that are no part of it, and left in one piece


def drawing(lines: Sequence[str]) -> Drawing | None:
    """What a text draws, by its first lines; None where that is no table."""
    filled = [line.rstrip("\r\n") for line in lines if line.strip()]
    if any(DELIMITER in line or "\t" in line for line in filled):
        return None
    told = [line.translate(_BOX_SIGNS) for line in filled[:_ROWS]]
    boxed = sum(bool(_PIPE.search(line)) and not _BOX_RULE.fullmatch(line) for line in told)
    if boxed > 1 and any(map(_BOX_RULE.fullmatch, told)):
        return Drawing(_boxed, "Drawn with pipes and rules: cells are taken without what draws and pads them.")
    if starts := _ruled(told):
        return Drawing(_at(starts), "Drawn under a rule of dashes, which says where columns begin.")
    above, paragraph = _longest_paragraph(lines)
    for at, block in ((0, filled), (above, paragraph)):
        if starts := _block(block):
            return Drawing(_at(starts), "Drawn in columns: their cells stand under each other.", at)
    return _unwrapped(filled)


def rewrite(text: Path, drawing: Drawing, copy: Path) -> None:
    """Write the text as delimited, a line for each line of it."""
    with (
        text.open(encoding="utf-8-sig", newline="") as source,
        copy.open("w", encoding="utf-8", newline="") as out,
    ):
        for number, line in enumerate(source):
            bare = line.rstrip("\r\n")
            cells = drawing.cells(bare) or () if number >= drawing.above else (bare,)
            out.write(DELIMITER.join(cells) + "\n")


def _boxed(line: str) -> list[str] | None:
    line = line.translate(_BOX_SIGNS)
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
    columns = _named([list(places) for gap, places in groupby(range(width), key=free.__getitem__) if not gap], lines[0])
    starts = [column[0] for column in columns]
    named = [lines[0][column[0] : column[-1] + 1].strip() for column in columns]
    if len(starts) < 2 or not all(named) or any("  " in name for name in named):
        return []
    wide = sum(after[0] - before[-1] > 2 for before, after in pairwise(columns))
    return starts if wide * 2 >= len(columns) - 1 or (wide and _of_words(lines, len(starts))) else []


def _of_words(lines: Sequence[str], count: int) -> bool:
    """Whether each line holds so many words, so that each column holds one."""
    return count > 2 and all(len(line.split()) == count for line in lines)


def _named(columns: Iterable[list[int]], header: str) -> list[list[int]]:
    """The columns; words one blank apart, of which the header names the first only, are one."""
    found: list[list[int]] = []
    for column in columns:
        if found and column[0] - found[-1][-1] == 2 and not header[column[0] : column[-1] + 1].strip():
            found[-1] += column
        else:
            found.append(column)
    return found


def _longest_paragraph(lines: Sequence[str]) -> tuple[int, list[str]]:
    """The most lines that no blank one parts, and how many lines stand above them."""
    numbered = enumerate(line.rstrip("\r\n") for line in lines)
    parted = (list(part) for full, part in groupby(numbered, key=lambda line: bool(line[1].strip())) if full)
    longest = max(parted, key=len, default=[(0, "")])
    return longest[0][0], [line for _, line in longest]


def _unwrapped(lines: Sequence[str]) -> Drawing | None:
    """Lines each in quotes as a whole, within which they are delimited alike."""
    if len(lines) < 2 or not all(map(_WHOLE.fullmatch, lines)):
        return None
    inner = [_unquoted(line) for line in lines]
    verdict = dialects.detect([line + "\n" for line in inner], "\n")
    reader = Reader(verdict.dialect)
    if verdict.width < 2 or any(len(reader.strictly(line) or ()) != verdict.width for line in inner):
        return None
    return Drawing(
        lambda line: reader.strictly(_unquoted(line)) if _WHOLE.fullmatch(line) else [line],
        f"Every line is in quotes as a whole; within them a {dialects.named(verdict.dialect.delimiter)} parts cells.",
    )


def _unquoted(line: str) -> str:
    return line[1:-1].replace('""', '"')


def _alike(lines: Iterable[str], mark: str) -> bool:
    """Whether a mark stands equally often in every line."""
    counts = {line.count(mark) for line in lines}
    return len(counts) == 1 and 0 not in counts
