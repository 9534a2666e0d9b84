"""Drafts from a sample: types from the forms of its values, and what stands in every row or in few forms."""

from __future__ import annotations

import re

import duckdb

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.tables import Column, Table, Tables
from discovery_pipeline.engine.targets.contract import FieldType, TargetField, TargetTable
from discovery_pipeline.engine.targets.drafting.parts import free, plain, unit_of
from discovery_pipeline.engine.targets.forms import form

SAMPLE = 20_000
"""Rows of a sample that are looked at."""

_MOST_ALLOWED = 12
_ENOUGH = 20  # rows from which what holds for all of them is no chance
_TRIED: tuple[FieldType, ...] = (
    "boolean", "integer", "number", "ipv4", "ip", "mac", "uuid", "date", "datetime", "fqdn",
)  # fmt: skip
_ZONE = "Z|[+-][0-9]{2}(?::?[0-9]{2})?"
_WRITTEN: dict[FieldType, str] = {  # in exports; a target's own form is narrower
    "boolean": "true|false|TRUE|FALSE|True|False|yes|no|Yes|No",
    "number": r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?",
    "datetime": rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[ T][0-9]{{2}}:[0-9]{{2}}(?::[0-9]{{2}}(?:\.[0-9]+)?)?(?:{_ZONE})?",
}
_NESTED = "[{"  # how lists and objects begin, as text
_PIECES = {"9": "[0-9]", "A": "[A-Z]", "a": "[a-z]"}


def tables(con: duckdb.DuckDBPyConnection, rows: Tables, name: str) -> tuple[TargetTable, ...]:
    """A table of a target for each that was read: of that name, or of its sheet's or file's where there are several."""
    if len(rows) == 1:
        return (_table(con, rows[0], name),)
    called: dict[str, Table] = {}
    for each in rows:
        called[free(plain(each.source.sheet or each.name), called)] = each
    return tuple(_table(con, each, own) for own, each in called.items())


def _table(con: duckdb.DuckDBPyConnection, rows: Table, name: str) -> TargetTable:
    """Types from the values' forms; required where no cell of enough is empty; identifying where each is another."""
    con.execute(f"CREATE OR REPLACE TEMP TABLE sample AS FROM {duck.scan(rows)} LIMIT {SAMPLE}")
    fields = [_field(con, column) for column in rows.columns]
    first = next((i for i, f in enumerate(fields) if f.unique), None)
    # One identifier is enough for a draft: that others are unique, too, may be chance.
    only = tuple(
        f.model_copy(update={"unique": True, "identity": True, "required": True} if i == first else {"unique": False})
        for i, f in enumerate(fields)
    )
    return TargetTable(name=name, file=f"{name}.csv", fields=only)


def _field(con: duckdb.DuckDBPyConnection, column: Column) -> TargetField:
    own = f"nullif(trim({duck.col(column)}), '')"
    shapes = ", ".join(f"count(*) FILTER (NOT regexp_full_match(v, {duck.text(_shape(t))}))" for t in _TRIED)
    counted = con.execute(
        f"SELECT count(*), count(v), count(DISTINCT v), {shapes} FROM (SELECT {own} AS v FROM sample)"
    ).fetchone()
    rows, filled, distinct, *misfits = counted or (0, 0, 0)
    fitting: list[FieldType] = [t for t, n in zip(_TRIED, misfits, strict=False) if filled and not n]
    kind = fitting[0] if fitting else "string"
    allowed: tuple[str, ...] = ()
    if kind == "string" and distinct <= _MOST_ALLOWED and filled >= 10 * max(distinct, 1):
        found = con.execute(f"SELECT DISTINCT v FROM (SELECT {own} AS v FROM sample) WHERE v IS NOT NULL ORDER BY v")
        allowed = tuple(v for (v,) in found.fetchall() if v[0] not in _NESTED)
    return TargetField(
        name=column.name,
        type=kind,
        required=rows >= _ENOUGH and filled == rows,
        unit=unit_of(column.name, kind),
        allowed=allowed,
        pattern=_pattern(con, own) if kind == "string" and not allowed and distinct >= _ENOUGH else None,
        unique=rows > 1 and distinct == rows and kind not in ("number", "boolean", "date", "datetime"),
    )


def _shape(kind: FieldType) -> str:
    return _WRITTEN.get(kind) or form(TargetField(name="", type=kind)) or ""


def _pattern(con: duckdb.DuckDBPyConnection, own: str) -> str | None:
    """The form that all values have, as "AB-1234" and "XYZ-7" do; None where there is none, or it is mere words."""
    masked = own
    for mark, characters in _PIECES.items():
        masked = f"regexp_replace({masked}, '{characters}+', '{mark}', 'g')"
    masks = con.execute(f"SELECT DISTINCT {masked} AS m FROM sample WHERE {own} IS NOT NULL LIMIT 2").fetchall()
    if len(masks) != 1 or "9" not in (mask := masks[0][0]) or " " in mask:
        return None
    return f"^{''.join(f'{_PIECES[c]}+' if c in _PIECES else re.escape(c) for c in mask)}$"
