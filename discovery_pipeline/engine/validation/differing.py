"""Differing: what another mapping would change in a target's files, row by row and cell by cell.

Two verdicts on the same tables are held side by side. A row of a file is known by the source row that it is made of.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import duckdb
from pydantic import BaseModel, ConfigDict, Field

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.validation.model import ValidRows, Verdict

_PLACE = ("__table", "__row")
_NTH = "__nth"


class FieldChange(BaseModel):
    """A field that stands differently in some rows of a file."""

    model_config = ConfigDict(frozen=True)

    field: str
    cells: int
    before: str | None = Field(description="of the first row that differs")
    after: str | None


class FileChange(BaseModel):
    """What becomes of one table of a target."""

    model_config = ConfigDict(frozen=True)

    target_table: str
    rows_before: int = 0
    rows_after: int = 0
    added: int = Field(default=0, description="rows that weren't delivered")
    removed: int = Field(default=0, description="rows that aren't delivered any more")
    changed: int = Field(default=0, description="rows that are delivered with other values")
    fields: tuple[FieldChange, ...] = ()

    @property
    def rows(self) -> int:
        """Rows that aren't as they were."""
        return self.added + self.removed + self.changed

    @property
    def cells(self) -> int:
        """Cells that aren't as they were, in rows that stay."""
        return sum(field.cells for field in self.fields)


def differing(con: duckdb.DuckDBPyConnection, before: Verdict, after: Verdict) -> tuple[FileChange, ...]:
    """The tables of a target that would differ, in the target's order."""
    old, new = ({each.target_table: each for each in verdict.valid} for verdict in (before, after))
    found = (_file(con, name, old.get(name), new.get(name)) for name in dict.fromkeys((*old, *new)))
    return tuple(change for change in found if change.rows)


def _file(con: duckdb.DuckDBPyConnection, name: str, before: ValidRows | None, after: ValidRows | None) -> FileChange:
    if before is None or after is None:
        gone, come = before.row_count if before else 0, after.row_count if after else 0
        return FileChange(target_table=name, rows_before=gone, rows_after=come, added=come, removed=gone)
    there, here = _columns(con, before), _columns(con, after)
    names = tuple(dict.fromkeys((*there, *here)))
    differ = {field: f"{_cell('b', field, there)} IS DISTINCT FROM {_cell('a', field, here)}" for field in names}
    joined = f"({_numbered(before)}) AS b FULL JOIN ({_numbered(after)}) AS a USING ({', '.join((*_PLACE, _NTH))})"
    both = "a.__here IS NOT NULL AND b.__here IS NOT NULL"
    counts = ", ".join(f"count(*) FILTER ({both} AND {test})" for test in differ.values())
    added, removed, changed, *cells = con.execute(f"""
        SELECT count(*) FILTER (b.__here IS NULL), count(*) FILTER (a.__here IS NULL),
            count(*) FILTER ({both} AND ({" OR ".join(differ.values()) or "false"})) {", " if counts else ""}{counts}
        FROM {joined}
    """).fetchone() or (0, 0, 0)
    touched = [field for field, count in zip(names, cells, strict=True) if count]
    examples = dict(_examples(con, joined, both, differ, touched, there, here))
    return FileChange(
        target_table=name,
        rows_before=before.row_count,
        rows_after=after.row_count,
        added=added,
        removed=removed,
        changed=changed,
        fields=tuple(
            FieldChange(field=field, cells=count, before=examples[field][0], after=examples[field][1])
            for field, count in zip(names, cells, strict=True)
            if count
        ),
    )


def _examples(  # noqa: PLR0913, PLR0917 - both sides of a join, and what is looked for in it
    con: duckdb.DuckDBPyConnection,
    joined: str,
    both: str,
    differ: dict[str, str],
    touched: Sequence[str],
    there: Sequence[str],
    here: Sequence[str],
) -> Iterator[tuple[str, tuple[str | None, str | None]]]:
    """What the first differing row has for each of these fields, before and after."""
    for field in touched:
        row = con.execute(f"""
            SELECT {_cell("b", field, there)}, {_cell("a", field, here)} FROM {joined}
            WHERE {both} AND {differ[field]} ORDER BY {", ".join((*_PLACE, _NTH))} LIMIT 1
        """).fetchone()
        yield field, (row[0], row[1]) if row else (None, None)


def _columns(con: duckdb.DuckDBPyConnection, rows: ValidRows) -> tuple[str, ...]:
    described = con.execute(f"DESCRIBE SELECT * FROM {_scan(rows)}").fetchall()
    return tuple(name for name, *_ in described if name not in _PLACE)


def _cell(side: str, field: str, there: Sequence[str]) -> str:
    return f"{side}.{duck.name(field)}" if field in there else "CAST(NULL AS VARCHAR)"


def _numbered(rows: ValidRows) -> str:
    """The rows with their number among those of the same source row: one may fill several."""
    place = ", ".join(_PLACE)
    nth = f"row_number() OVER (PARTITION BY {place} ORDER BY file_row_number) AS {_NTH}"
    return f"SELECT * EXCLUDE (file_row_number), {nth}, true AS __here FROM {_scan(rows, 'file_row_number = true')}"


def _scan(rows: ValidRows, more: str = "") -> str:
    return f"read_parquet({duck.text(str(rows.path))}{', ' + more if more else ''})"
