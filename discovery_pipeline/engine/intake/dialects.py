"""Dialects: which delimiter, quote and escape a text uses, found on a sample, with reasons.

Every plausible dialect takes the sample apart; the one wins whose rows agree on a width and whose
cells look like values. After van den Burg, Nazábal & Sutton, "Wrangling messy CSV files by detecting
row and type patterns" (2019), with widths weighed by runs so that titles and footers don't count much.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from discovery_pipeline.engine.intake.records import Dialect, Reader
from discovery_pipeline.engine.intake.values import is_whole, typed

ROWS = 150
"""Rows of the sample that are scored."""
QUOTED = 0.02
"""What cells in quotes add to a score."""
_WHOLE = 0.8
"""Share of the lines that are an address or a time from which nothing in them parts cells."""
_PRIORS = {",": 1.0, ";": 1.0, "\t": 1.0, "|": 0.98, "\x01": 0.98, "\x1f": 0.98, "\x1e": 0.98, "^": 0.9, "~": 0.9}
_PRIORS |= {"§": 0.9, "¦": 0.9, "#": 0.7, "&": 0.6, "*": 0.7, "!": 0.7, "@": 0.5, "$": 0.5, "%": 0.5}
_PRIORS |= {" ": 0.65, ":": 0.6, "=": 0.5, "/": 0.45, "-": 0.35, "_": 0.35, ".": 0.3}
_SIGNS = re.compile(r"[|~^#@$%&*!:;,<>/\\§¦+=]{2,4}")
"""What a delimiter of several signs is made of; DuckDB takes up to four bytes."""
_SAME = 0.9
"""Share of the lines in which such a delimiter stands equally often."""
_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe", " ": "space", ":": "colon", "^": "caret"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The dialect taken and why."""

    dialect: Dialect
    width: int  # cells that most rows of the sample agree on
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Trial:
    dialect: Dialect
    score: float
    width: int
    fitting: float  # share of rows of that width
    values: float  # share of cells that look like values


def named(delimiter: str) -> str:
    """The delimiter's name in English, quoted as it is where it has none."""
    return _NAMES.get(delimiter, repr(delimiter))


def detect(
    lines: Sequence[str],
    newline: str,
    *,
    delimiter: str | None = None,
    quote: str | None = None,
    escape: str | None = None,
) -> Verdict:
    """The dialect of a text by its first lines; what is given is taken as it is."""
    text = "".join(lines)
    delimiters = [delimiter] if delimiter else _delimiters(text)
    trials: list[_Trial] = []
    for mark in delimiters:
        if all(trial.score <= _prior(mark) + QUOTED for trial in trials):
            trials += [_trial(lines, Dialect(mark, q, e, newline)) for q, e in _quotings(text, mark, quote, escape)]
    if delimiter is None:
        trials.append(_single(lines, newline, text, quote))
    best = max(trials, key=lambda trial: trial.score)
    return Verdict(best.dialect, best.width, tuple(_reasons(best, trials, given=delimiter is not None)))


def _delimiters(text: str) -> list[str]:
    counts = Counter(text)
    lines = text.count("\n") + text.count("\r") + 1
    usual = [mark for mark in _PRIORS if counts[mark] >= (1 if mark in ",;\t|" else max(1, lines * 0.3))]
    return [*_signs(text), *(longer for mark in usual for longer in _longer(text, mark, counts[mark]))]


def _signs(text: str) -> list[str]:
    """Delimiters of several different signs, as '|~|': those that stand equally often in nearly every line."""
    lines = [line for line in text.splitlines()[:ROWS] if line.strip()]
    here = [Counter(_SIGNS.findall(line)) for line in lines]
    every = {signs for counts in here[:1] for signs in counts if len(set(signs)) > 1 and len(signs.encode()) <= 4}
    usual = {signs: Counter(counts[signs] for counts in here).most_common(1)[0] for signs in every}
    return [
        signs for signs, (times, share) in usual.items() if times and len(lines) > 1 and share >= _SAME * len(lines)
    ]


def _longer(text: str, mark: str, count: int) -> list[str]:
    """The mark, and what it may be the start of: '||' where pipes come in pairs, ', ' where a space follows commas."""
    if mark in " .-_=*#/" or count < 2:
        return [mark]
    lines = sum(1 for line in text.splitlines() if mark in line)
    if text.count(mark * 2) * 2 == count and (mark in "|:" or count > 2 * lines):
        return [mark * 2]
    if mark in ",;|" and text.count(f" {mark} ") >= 0.8 * count:
        return [mark, f" {mark} "]
    if mark in ",;|" and text.count(mark + " ") >= 0.8 * count:
        return [mark, mark + " "]
    return [mark]


def _quotings(text: str, mark: str, quote: str | None, escape: str | None) -> list[tuple[str, str]]:
    if quote is not None:
        return [(quote, escape or quote)]
    found: list[tuple[str, str]] = []
    for q in ('"', "'"):
        opening = rf"(?:^|{re.escape(mark)})[ \t]*{q}"
        if not re.search(opening, text, re.MULTILINE):
            continue
        if q == "'" and not re.search(rf"{q}[ \t]*(?:{re.escape(mark)}|$)", text, re.MULTILINE):
            continue
        found.append((q, escape or q))
        if escape is None and re.search(rf"\\{q}(?![ \t]*(?:{re.escape(mark)}|$))", text, re.MULTILINE):
            found.append((q, "\\"))
    if not any(q == '"' for q, _ in found):
        found.append(('"', escape or '"') if '"' not in text else ("", ""))
    return found


def _trial(lines: Sequence[str], dialect: Dialect) -> _Trial:
    rows, faults = [], 0
    for record in islice(Reader(dialect).records(lines), ROWS):
        if record.cells:
            rows.append(record.cells)
            faults += record.fault is not None
    if not rows:
        return _Trial(dialect, 0.0, 0, 0.0, 0.0)
    width, fitting = _agreed_width(rows)
    cells = [cell for row in rows if len(row) == width for cell in row][:3000]
    values = sum(typed(cell, dialect) for cell in cells) / max(len(cells), 1)
    faulty = faults / len(rows)
    padded = sum(cell.startswith(" ") for cell in cells) / max(len(cells), 1)
    quoted = QUOTED if dialect.quote and _has_quoted(lines, dialect) else 0.0
    score = (
        _prior(dialect.delimiter)
        * fitting
        * (width - 1)
        / (width - 0.5)
        * values**2
        * (1 - faulty) ** 2
        * (1 - 0.2 * padded)
        + quoted
    )
    return _Trial(dialect, score if width > 1 else 0.0, width, fitting, values)


def _prior(mark: str) -> float:
    """How likely the mark is a delimiter at all, 0..1: the score it can't get beyond, but for `QUOTED`."""
    return _PRIORS.get(mark.strip(" ")[:1] or mark, 0.4)


def _agreed_width(rows: list[list[str]]) -> tuple[int, float]:
    """The width most rows agree on, and how well: rows a little short of it count half, lone short lines a third."""
    widths = Counter(len(row) for row in rows)
    best, best_share = 1, 0.0
    for width, count in widths.items():
        if width < 2:
            continue
        near = sum(n for w, n in widths.items() if 1 < w < width and w >= width * 0.6)
        lone = widths[1]
        share = (count + 0.5 * near + 0.33 * lone) / len(rows)
        if share * (width - 1) / width > best_share * (best - 1) / best:
            best, best_share = width, share
    return best, best_share


def _has_quoted(lines: Sequence[str], dialect: Dialect) -> bool:
    mark, q = re.escape(dialect.delimiter), re.escape(dialect.quote)
    return re.search(rf"(?:^|{mark}){q}[^{q}]*{q}(?:{mark}|\r?$)", "".join(lines), re.MULTILINE) is not None


def _single(lines: Sequence[str], newline: str, text: str, quote: str | None) -> _Trial:
    """One column: what remains where no delimiter convinces."""
    rows = [line.strip("\r\n") for line in lines[:ROWS] if line.strip()]
    quoted = [row for row in rows if len(row) > 1 and row[0] == row[-1] == '"']
    mark = next((m for m in (",", "\t", ";", "|", "\x1f") if m not in text), ",")
    q = quote if quote is not None else ('"' if quoted or '"' not in text else "")
    dialect = Dialect(mark if mark not in text or quoted else "\x1f", q, q, newline)
    values = sum(typed(row.strip('"'), dialect) for row in rows) / max(len(rows), 1)
    whole = sum(map(is_whole, rows)) >= _WHOLE * len(rows)
    return _Trial(dialect, (_PRIORS[" "] if whole else 0.22) * values + 0.02, 1, 1.0, values)


def _reasons(best: _Trial, trials: list[_Trial], *, given: bool) -> list[str]:
    mark = best.dialect.delimiter
    if best.width <= 1 and not given:
        return ["No delimiter splits the lines into rows of one width: read as one column."]
    said = [f"Delimiter {named(mark)}: {best.fitting:.0%} of the sample's rows agree on {best.width} cells"]
    said[0] += f", {best.values:.0%} of which look like values." if not given else " (delimiter given)."
    rivals = sorted((t for t in trials if t.dialect.delimiter != mark and t.width > 1), key=lambda t: -t.score)
    if rivals and not given:
        second = rivals[0]
        said.append(f"Next best was {named(second.dialect.delimiter)}: score {second.score:.2f} to {best.score:.2f}.")
    if best.dialect.escape not in ("", best.dialect.quote):
        said.append(f"Quotes inside quoted cells are escaped by {best.dialect.escape}.")
    if best.dialect.quote == "'":
        said.append("Cells are quoted by ' (apostrophe).")
    return said
