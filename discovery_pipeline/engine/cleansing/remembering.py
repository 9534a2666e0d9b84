"""Remembering: what people made of values in earlier exports, held against the tables of this one.

Nothing is applied: an offer that is taken becomes a decision on this flow like any other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb

from discovery_pipeline.engine.cleansing.clusters import counts
from discovery_pipeline.engine.cleansing.decisions import ValueDecision
from discovery_pipeline.engine.tables import Table, Tables

Place = tuple[str, str]
"""A table and its column."""


@dataclass(frozen=True, slots=True)
class Before:
    """A decision on a value, and where and when it was made."""

    decision: ValueDecision
    flow: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Offer:
    """Values of a column that people made one elsewhere, or kept as they are."""

    table: str
    column: str
    after: str | None
    cells: dict[str | None, int]  # by value, the cells of this export that hold it
    before: Before  # the newest of the decisions

    @property
    def changes(self) -> dict[str | None, int]:
        """Values that would change, with their cells."""
        return {value: count for value, count in self.cells.items() if value != self.after}


def offers(
    con: duckdb.DuckDBPyConnection,
    tables: Tables,
    before: Sequence[Before],
    decided: Collection[tuple[str | int | None, ...]] = (),
) -> tuple[Offer, ...]:
    """What was decided before, the oldest first, and speaks of values that these tables hold; most cells first.

    Files change their names, columns hardly: a decision counts for the column of that name in any table, unless its
    own table is there. Values that are `decided` by now, by table and column, are left out.
    """
    found: list[Offer] = []
    for table in tables:
        for column, said in _by_column(table, _about(table, tables, before)).items():
            open_ones = {value: one for value, one in said.items() if (table.name, column, value) not in decided}
            found += _joined((table.name, column), open_ones, counts(con, table, column, list(open_ones)))
    return tuple(sorted(found, key=lambda offer: -sum(offer.changes.values())))


def _about(table: Table, tables: Tables, before: Iterable[Before]) -> Iterable[Before]:
    others = {other.name for other in tables} - {table.name}
    return (one for one in before if one.decision.table not in others)


def _by_column(table: Table, before: Iterable[Before]) -> dict[str, dict[str | None, Before]]:
    """The newest decision on each value of each column; one on a table of this name goes over all others."""
    names = {column.name.casefold(): column.name for column in table.columns}
    found: dict[str, dict[str | None, Before]] = {}
    for one in sorted(before, key=lambda one: one.decision.table == table.name):
        if column := names.get(one.decision.column.casefold()):
            found.setdefault(column, {})[one.decision.value] = one
    return found


def _joined(place: Place, said: dict[str | None, Before], cells: dict[str | None, int]) -> Iterable[Offer]:
    """One offer for all values that become the same; none where only the one is there that the others became."""
    groups: dict[str | None, list[str | None]] = {}
    for value, one in said.items():
        groups.setdefault(one.decision.after, []).append(value)
    for after, values in groups.items():
        held = {value: cells[value] for value in values if value in cells}
        if held.keys() - {after} or (held and values == [after]):
            newest = max((said[value] for value in held), key=lambda one: one.at)
            yield Offer(*place, after, held, newest)
