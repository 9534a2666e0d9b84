"""Footers: notes below a table, told from its last rows.

Rows that may be notes are held back until a row of the table follows them, or none does. Which rows may be notes is
for the reader of each form to say.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

from discovery_pipeline.engine.intake.layouts import is_footer

MOST = 40
"""Rows held back at once; what more of them follows is a table."""

T = TypeVar("T")


class HeldBack(Generic[T]):
    """Rows that may be notes below a table of that width, in their order."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._held: list[tuple[T, Sequence[str], bool]] = []

    def __bool__(self) -> bool:
        return bool(self._held)

    @property
    def room(self) -> bool:
        """Whether one more can be held."""
        return len(self._held) < MOST

    def add(self, row: T, cells: Sequence[str], *, after_blank: bool) -> None:
        """Hold a row back."""
        self._held.append((row, cells, after_blank))

    def released(self) -> list[tuple[T, bool]]:
        """What was held, and whether a blank row stood above: the table goes on, so these are rows of it."""
        rows = [(row, after_blank) for row, _, after_blank in self._held]
        self._held.clear()
        return rows

    def parted(self, first_cells: Sequence[str]) -> tuple[list[tuple[T, bool]], list[T]]:
        """What was held when nothing follows: rows of the table, and from the first note on the notes below it."""
        notes = (
            at
            for at, (_, cells, blank) in enumerate(self._held)
            if is_footer(cells, self._width, after_blank=blank, first_cells=first_cells)
        )
        at = next(notes, len(self._held))
        rows = self.released()
        return rows[:at], [row for row, _ in rows[at:]]
