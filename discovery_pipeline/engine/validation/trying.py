"""Trials: whether a target takes what a person is about to put into some cells, before anything is decided.

By the same reading as in a validation: a trial's rows are read as rows of the table would be. What rows must be to each
other isn't asked.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.mapping.model import Mapping as FieldMapping
from discovery_pipeline.engine.tables import LINE, Table
from discovery_pipeline.engine.targets.contract import Target
from discovery_pipeline.engine.validation.feeds import plan
from discovery_pipeline.engine.validation.values import ISSUES, REWRITTEN, read


@dataclass(frozen=True, slots=True)
class Trial:
    """A row as it would be with other values in some of its columns."""

    row: int
    values: Mapping[str, str | None]


def refused(
    con: duckdb.DuckDBPyConnection, table: Table, trials: Sequence[Trial], mapping: FieldMapping, target: Target
) -> list[dict[str, str]]:
    """Why the target doesn't take the values that are tried, by their columns; one answer a trial, empty where it does.

    An empty cell is never refused here: whether a row may do without it is the row's matter.
    """
    columns = sorted({name for trial in trials for name, value in trial.values.items() if value is not None})
    fields = tuple(field for field in mapping.fields if field.source_table == table.name)
    answers: list[dict[str, str]] = [{} for _ in trials]
    if not any(field.source_field in columns for field in fields):
        return answers
    with tempfile.TemporaryDirectory(prefix="trial-") as folder, con.cursor() as own:
        tried = _tried(own, table, trials, Path(folder))
        own.execute(ISSUES)
        own.execute(REWRITTEN)
        for feed in plan(own, (tried,), mapping.model_copy(update={"fields": fields}), target).feeds:
            fills = tuple(fill for fill in feed.fills if fill.source in columns)
            if fills:
                read(own, replace(feed, fills=fills), Path(folder))
        found = own.execute("SELECT row, source_column, min(reason) FROM issues GROUP BY ALL").fetchall()
    for number, column, reason in found:
        if trials[number].values.get(column) is not None:
            answers[number][column] = reason
    return answers


def _tried(con: duckdb.DuckDBPyConnection, table: Table, trials: Sequence[Trial], folder: Path) -> Table:
    """A table of the trials' rows, in their order."""
    changed: dict[str, list[tuple[int, str | None]]] = defaultdict(list)
    for number, trial in enumerate(trials):
        for column, value in trial.values.items():
            changed[column].append((number, value))
    joins, cells, given = [], [], [[trial.row for trial in trials]]
    for place, column in enumerate(table.columns):
        key = duck.col(column)
        if column.name not in changed:
            cells.append(f"s.{key}")
            continue
        numbers, values = zip(*changed[column.name], strict=True)
        given += [list(numbers), list(values)]
        joins.append(
            f"LEFT JOIN (SELECT unnest(?::BIGINT[]) AS number, unnest(?::VARCHAR[]) AS value) c{place} USING (number)"
        )
        cells.append(f"CASE WHEN c{place}.number IS NULL THEN s.{key} ELSE c{place}.value END AS {key}")
    rows = "(SELECT generate_subscripts(list, 1) - 1 AS number, unnest(list) AS row FROM (SELECT ?::BIGINT[] AS list))"
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE tried AS SELECT {', '.join(cells)}, s.{duck.name(LINE)} FROM {rows} t"
        f" JOIN {duck.scan(table)} s ON s.file_row_number = t.row {' '.join(joins)} ORDER BY t.number",
        given,
    )
    path = folder / "tried.parquet"
    return table.model_copy(update={"path": path, "row_count": duck.write(con, "FROM tried", path)})
