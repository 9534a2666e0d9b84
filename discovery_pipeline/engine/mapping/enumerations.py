"""Enumerations: all values of a column that fills a field with a fixed list, and words for each of them.

A profile tells the ten most frequent values. A rare one needs a word as much: the target refuses its rows otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.mapping.model import MappedField
from discovery_pipeline.engine.mapping.transformations import vocabularies
from discovery_pipeline.engine.profiling.model import ColumnProfile
from discovery_pipeline.engine.tables import Table
from discovery_pipeline.engine.targets import Target

if TYPE_CHECKING:
    from discovery_pipeline.engine.mapping.known import Known

MOST = 2_000
"""Values of one column that get words, the most frequent first: about a second's work on a busy core."""


@dataclass(frozen=True, slots=True)
class Counted:
    """A value, the rows that hold it, and how it is written: white space around it and case make no other value."""

    value: str  # as it is written most often
    rows: int
    spellings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tally:
    """The values of a column, the most frequent first, and what is beyond the most that are told."""

    values: tuple[Counted, ...] = ()
    others: int = 0
    other_rows: int = 0

    @property
    def pairs(self) -> tuple[tuple[str, int], ...]:
        """Each value with its rows."""
        return tuple((one.value, one.rows) for one in self.values)


def tally(con: duckdb.DuckDBPyConnection, table: Table, column: ColumnProfile | str, most: int = MOST) -> Tally:
    """The values of a column; with its profile, without those that stand for none."""
    name, tokens = (column, ()) if isinstance(column, str) else (column.name, column.null_tokens)
    cell = duck.stripped(duck.col(table.column(name)))
    found = con.execute(
        f"""WITH written AS (SELECT {cell} AS value, count(*) AS cells FROM {duck.scan(table)} GROUP BY 1),
        told AS (
            SELECT list(value ORDER BY cells DESC, value) AS spellings, sum(cells)::BIGINT AS cells FROM written
            WHERE value <> '' AND NOT list_contains(?::VARCHAR[], lower(value)) GROUP BY lower(value)
        )
        SELECT spellings, cells, count(*) OVER (), (sum(cells) OVER ())::BIGINT FROM told
        ORDER BY cells DESC, spellings[1] LIMIT {most}""",
        [[token.value.strip().lower() for token in tokens]],
    ).fetchall()
    values = tuple(Counted(spellings[0], cells, tuple(spellings)) for spellings, cells, *_ in found)
    distinct, rows = found[0][2:] if found else (0, 0)
    return Tally(values, distinct - len(values), rows - sum(one.rows for one in values))


def completed(
    con: duckdb.DuckDBPyConnection, field: MappedField, tables: Iterable[Table], target: Target, known: Known
) -> MappedField:
    """The field with words for every value of its column for which anything speaks; what it says already stays.

    Fields that list no values are as they were, and so are transformations that do more than replacing values.
    """
    wanted = vocabularies.listing(target.table(field.target_table).field(field.target_field))
    table = next((each for each in tables if each.name == field.source_table), None)
    if table is None or not (field.source_field and wanted.allowed):
        return field
    held = tally(con, table, known.column(table.name, field.source_field) or field.source_field)
    words = known.memory.words(field.target_table, field.target_field)
    transformation, new = vocabularies.completed(field.transformation, vocabularies.matched(wanted, held.pairs, words))
    if transformation == field.transformation:
        return field
    told = vocabularies.news(new) if field.origin == "memory" else vocabularies.reasons(new)[: not field.transformation]
    added = tuple(reason for reason in told if reason not in field.evidence)
    return field.model_copy(update={"transformation": transformation, "evidence": (*field.evidence, *added)})


__all__ = ["MOST", "Counted", "Tally", "completed", "tally"]
