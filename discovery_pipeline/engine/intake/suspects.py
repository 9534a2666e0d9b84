"""Suspects: rows taken as data that may not be: totals, and the headers of further tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from discovery_pipeline.engine.findings import Finding
from discovery_pipeline.engine.intake import headers
from discovery_pipeline.engine.intake.layouts import extent, says_total
from discovery_pipeline.engine.intake.notes import EXAMPLES, note
from discovery_pipeline.engine.intake.values import Look, filled, look
from discovery_pipeline.engine.phrases import counted

ROWS = 200
"""Rows by which it is known which columns hold numbers."""
FEWEST = 3
"""Rows it takes for that."""
NUMBERS = 0.8
"""Share of a column's values that must be numbers or dates for a word to be odd there."""
COMMON = 0.2
"""Share of rows from which rows that say "total" are what the table is about."""
BELOW = 20
"""Rows below what may be a header that it is judged by."""
LEAST_BELOW = 2
CANDIDATES = 100
RARE = 0.1
"""Share of rows up to which rows as wide as another table are no rows of this one."""
REGULAR = 0.8
"""Share of the rows below a header that must be as wide as it is."""

_NUMBERS = (Look.NUMBER, Look.DATE)
_NAMES = (Look.WORD, Look.TEXT, Look.CODE)


@dataclass(slots=True)
class _Candidate:
    """A row of names below a blank one, which may be the header of another table of words."""

    line: int
    cells: Sequence[str]
    below: list[Sequence[str]] = field(default_factory=list)
    closed: bool = False  # whether another blank row has come

    def names(self) -> bool:
        """Whether it names the columns of what is below it."""
        width = extent(self.cells)
        alike = sum(extent(row) == width for row in self.below)
        if len(self.below) < LEAST_BELOW or alike < REGULAR * len(self.below):
            return False
        return headers.like_header(self.cells[:width], self.below)


class Suspects:
    """What was seen in the rows of one table, in their order."""

    def __init__(self, rows: int = 0) -> None:
        """`rows`: how many are known already."""
        self._rows = rows
        self._apart = False  # whether the last row stood alone below a blank one, as a title does
        self._looks: list[Counter[Look]] = []
        self._totals: list[int] = []
        self._headers: list[int] = []
        self._extents: Counter[int] = Counter()
        self._candidates: list[_Candidate] = []

    def see(self, line: int, cells: Sequence[str], *, after_blank: bool) -> None:
        """Look at the next row of the table."""
        if says_total(cells):
            self._totals.append(line)
        apart = after_blank or self._apart
        self._apart = apart and filled(cells) == 1
        if apart and self._is_header(cells):
            self._headers.append(line)
        elif apart and len(self._candidates) < CANDIDATES and self._is_other(cells):
            self._candidates.append(_Candidate(line, cells))
        elif self._candidates:
            last = self._candidates[-1]
            last.closed = last.closed or after_blank
            if len(last.below) < BELOW and not last.closed:
                last.below.append(cells)
        self._rows += 1
        if self._rows <= ROWS:
            self._extents[extent(cells)] += not self._candidates
            self._looks += [Counter() for _ in cells[len(self._looks) :]]
            for looks, cell in zip(self._looks, cells, strict=False):
                looks[look(cell)] += 1

    def findings(self, table: str) -> Iterator[Finding]:
        """The rows that may be no data, with their lines."""
        if self._totals and len(self._totals) <= max(1, COMMON * self._rows):
            what = f"{counted(len(self._totals), 'row')} among the data say that they are a total."
            yield note(table, "totals", len(self._totals), what, _lines(self._totals))
        found = sorted((*self._headers, *(c.line for c in self._candidates if c.names())))
        if found:
            what = f"{counted(len(found), 'row')} below a blank one look like the header of another table."
            yield note(table, "tables_below", len(found), what, _lines(found))

    def _is_other(self, cells: Sequence[str]) -> bool:
        """Whether the row is of names, and of another width than the rows above."""
        wide = self._extents[extent(cells)] > RARE * self._extents.total()
        return self._rows >= FEWEST and not wide and _are_names(cells)

    def _is_header(self, cells: Sequence[str]) -> bool:
        """Whether the row is of names where the rows above hold numbers."""
        seen = [(look(cell), looks) for cell, looks in zip(cells, self._looks, strict=False) if cell.strip()]
        if self._rows < FEWEST or not _are_names(cells):
            return False
        return any(kind is not Look.CODE and _of_numbers(looks) for kind, looks in seen)


def _are_names(cells: Sequence[str]) -> bool:
    """Whether the row holds at least two words, all of them different."""
    held = [cell.strip() for cell in cells if cell.strip()]
    return 2 <= len(set(held)) == len(held) and all(look(cell) in _NAMES for cell in held)


def _of_numbers(looks: Counter[Look]) -> bool:
    held = looks.total() - looks[Look.EMPTY]
    return held >= FEWEST and sum(looks[kind] for kind in _NUMBERS) >= NUMBERS * held


def _lines(lines: Sequence[int]) -> list[str]:
    return [f"line {line}" for line in lines[:EXAMPLES]]
