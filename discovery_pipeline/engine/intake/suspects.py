"""Suspects: rows taken as data that may not be: totals, and the headers of further tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from discovery_pipeline.engine.findings import Finding
from discovery_pipeline.engine.intake.layouts import says_total
from discovery_pipeline.engine.intake.notes import EXAMPLES, counted, note
from discovery_pipeline.engine.intake.values import Look, filled, look

ROWS = 200
"""Rows by which it is known which columns hold numbers."""
FEWEST = 3
"""Rows it takes for that."""
NUMBERS = 0.8
"""Share of a column's values that must be numbers or dates for a word to be odd there."""
COMMON = 0.2
"""Share of rows from which rows that say "total" are what the table is about."""

_NUMBERS = (Look.NUMBER, Look.DATE)
_NAMES = (Look.WORD, Look.TEXT, Look.CODE)


class Suspects:
    """What was seen in the rows of one table, in their order."""

    def __init__(self, rows: int = 0) -> None:
        """`rows`: how many are known already."""
        self._rows = rows
        self._apart = False  # whether the last row stood alone below a blank one, as a title does
        self._looks: list[Counter[Look]] = []
        self._totals: list[int] = []
        self._headers: list[int] = []

    def see(self, line: int, cells: Sequence[str], *, after_blank: bool) -> None:
        """Look at the next row of the table."""
        if says_total(cells):
            self._totals.append(line)
        apart = after_blank or self._apart
        if apart and self._is_header(cells):
            self._headers.append(line)
        self._apart = apart and filled(cells) == 1
        self._rows += 1
        if self._rows <= ROWS:
            self._looks += [Counter() for _ in cells[len(self._looks) :]]
            for looks, cell in zip(self._looks, cells, strict=False):
                looks[look(cell)] += 1

    def findings(self, table: str) -> Iterator[Finding]:
        """The rows that may be no data, with their lines."""
        if self._totals and len(self._totals) <= max(1, COMMON * self._rows):
            what = f"{counted(len(self._totals), 'row')} among the data say that they are a total."
            yield note(table, "totals", len(self._totals), what, _lines(self._totals))
        if self._headers:
            what = f"{counted(len(self._headers), 'row')} below a blank one look like the header of another table."
            yield note(table, "tables_below", len(self._headers), what, _lines(self._headers))

    def _is_header(self, cells: Sequence[str]) -> bool:
        """Whether the row is of names where the rows above hold numbers."""
        seen = [(look(cell), looks) for cell, looks in zip(cells, self._looks, strict=False) if cell.strip()]
        names = {cell.strip() for cell in cells if cell.strip()}
        if self._rows < FEWEST or not 2 <= len(names) == len(seen) or any(kind not in _NAMES for kind, _ in seen):
            return False
        return any(kind is not Look.CODE and _of_numbers(looks) for kind, looks in seen)


def _of_numbers(looks: Counter[Look]) -> bool:
    held = looks.total() - looks[Look.EMPTY]
    return held >= FEWEST and sum(looks[kind] for kind in _NUMBERS) >= NUMBERS * held


def _lines(lines: Sequence[int]) -> list[str]:
    return [f"line {line}" for line in lines[:EXAMPLES]]
