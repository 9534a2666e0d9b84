"""Paging: which part of a long list is shown, and the ways to the other parts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Chip:
    """One choice of a filter."""

    title: str
    href: str
    here: bool = False
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list; numbers begin with 1."""

    number: int
    of: int
    first: int
    last: int
    total: int
    before: str
    after: str

    @property
    def offset(self) -> int:
        """How many stand before it."""
        return max(self.first - 1, 0)


def paged(total: int, size: int, wanted: int, href: Callable[[int], str]) -> Page:
    """The wanted page, or the nearest there is."""
    of = max(-(-total // size), 1)
    number = min(max(wanted, 1), of)
    first = (number - 1) * size
    return Page(
        number=number,
        of=of,
        first=first + 1 if total else 0,
        last=min(first + size, total),
        total=total,
        before=href(number - 1) if number > 1 else "",
        after=href(number + 1) if number < of else "",
    )
