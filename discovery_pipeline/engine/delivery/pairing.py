"""Pairing: which rows of two deliveries are about one thing.

Rows are paired by the first identifying field of the contract where its value is unique in both deliveries; then by the
next such field, unless an earlier one differs; then by all of them together. What is left is compared as a whole row:
it is there again, or it is new or gone.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.targets.contract import TargetTable


def fields_that_tell(table: TargetTable, columns: Sequence[str]) -> tuple[str, ...]:
    """The fields that say which thing a row is about, the surest first."""
    fields = {c: table.field(c) for c in columns}
    unique = [c for c, f in fields.items() if f.unique]
    return (*unique, *(c for c, f in fields.items() if f.identity and not f.unique))


def label(telling: Sequence[str], columns: Sequence[str]) -> str:
    """What people call a row: the first field that is its alone, as "HostName=web01"; else all that is filled."""
    alone = (
        f"WHEN {cell} IS NOT NULL AND count(*) OVER (PARTITION BY {cell}) = 1 THEN {_labelled(field)}"
        for field in telling
        if (cell := duck.name(field))
    )
    every = f"concat_ws(', ', {', '.join(map(_labelled, columns))})"
    return f"CASE {' '.join(alone)} ELSE {every} END" if telling else every


def _labelled(field: str) -> str:
    return f"{duck.text(f'{field}=')} || {duck.name(field)}"


def pair(con: duckdb.DuckDBPyConnection, telling: tuple[str, ...], columns: Sequence[str]) -> tuple[str, ...]:
    """Fill `delta_pairs` with the rows that are about one thing; by which fields any were known again."""
    con.execute("CREATE OR REPLACE TEMP TABLE delta_pairs (after BIGINT, before BIGINT)")
    keys: list[tuple[str, ...]] = [(field,) for field in telling]
    if len(telling) > 1:
        keys.append(telling)
    used: dict[str, None] = {}
    for place, key in enumerate(keys):
        against = "".join(f" AND NOT coalesce(a.{c} <> b.{c}, false)" for c in map(duck.name, telling[:place]))
        if _paired(con, f"({_lone('after', key)})", f"({_lone('before', key)})", f"{_equal(key)}{against}"):
            used.update(dict.fromkeys(key))
    _paired(con, _numbered("after", columns), _numbered("before", columns), _equal((*columns, "__nth")))
    return tuple(used)


def _paired(con: duckdb.DuckDBPyConnection, after: str, before: str, same: str) -> int:
    """Add the pairs of rows that are the same by a condition; how many they are."""
    sql = f"INSERT INTO delta_pairs SELECT a.__n, b.__n FROM {after} AS a JOIN {before} AS b ON {same}"
    return con.execute(sql).fetchall()[0][0]


def _equal(fields: Sequence[str]) -> str:
    return " AND ".join(f"a.{c} IS NOT DISTINCT FROM b.{c}" for c in map(duck.name, fields))


def _lone(side: str, key: Sequence[str]) -> str:
    """Rows without a partner whose key is filled, and no other row's."""
    cells = ", ".join(map(duck.name, key))
    filled = f"SELECT * FROM delta_{side} WHERE coalesce({cells}) IS NOT NULL"
    alone = f"{filled} QUALIFY count(*) OVER (PARTITION BY {cells}) = 1"
    return f"SELECT r.* FROM ({alone}) AS r ANTI JOIN delta_pairs AS p ON r.__n = p.{side}"


def _numbered(side: str, columns: Sequence[str]) -> str:
    """Rows without a partner; equal ones are numbered, so that one that stands once more is new once."""
    every = ", ".join(map(duck.name, columns))
    return (
        f"(SELECT r.*, row_number() OVER (PARTITION BY {every} ORDER BY __n) AS __nth FROM delta_{side} AS r "
        f"ANTI JOIN delta_pairs AS p ON r.__n = p.{side})"
    )
