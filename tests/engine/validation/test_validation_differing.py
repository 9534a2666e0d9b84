"""Differing: another mapping's verdict beside the one that was delivered, counted row by row and cell by cell."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from discovery_pipeline.engine import targets, validation
from discovery_pipeline.engine.targets import Target, TargetField, TargetTable
from discovery_pipeline.engine.validation.differing import FileChange, differing

Make = Callable[..., Any]
Fields = tuple[tuple[str, ...], ...]
NAMES = (("servers", "host", "server", "HostName"), ("servers", "ram", "server", "RAM.TotalSizeInMB"))
ROWS = (("web01", "ana", "4096"), ("web02", "ben", "8192"), ("web03", None, "16384"))


@pytest.fixture
def compared(con: duckdb.DuckDBPyConnection, mapped: Make, table_of: Make, tmp_path: Path) -> Make:
    """What another mapping of the same three rows changes."""
    table = table_of("servers", ("host", "owner", "ram"), *ROWS)

    def of(before: Fields, after: Fields, target: Target | None = None) -> tuple[FileChange, ...]:
        target = target or targets.load("aws")
        verdicts = [
            validation.validate(con, (table,), mapped(target.name, *fields), target, tmp_path / uuid.uuid4().hex)
            for fields in (before, after)
        ]
        return differing(con, *verdicts)

    return of


def test_the_same_mapping_changes_nothing(compared: Make):
    assert compared(NAMES, NAMES) == ()


def test_another_source_changes_the_cells_that_it_has_otherwise(compared: Make):
    (change,) = compared(NAMES, (("servers", "owner", "server", "HostName"), NAMES[1]))
    assert (change.target_table, change.changed, change.added, change.removed) == ("server", 2, 0, 1)
    assert [(f.field, f.cells, f.before, f.after) for f in change.fields] == [("HostName", 2, "web01", "ana")]


def test_a_field_that_is_mapped_besides_is_counted_where_it_has_a_value(compared: Make):
    (change,) = compared(NAMES, (*NAMES, ("servers", "owner", "server", "ExternalId")))
    assert (change.rows, change.cells) == (2, 2)
    assert change.fields[0].before is None


def test_a_file_that_is_no_more_fed_loses_its_rows(compared: Make):
    name, disk = NAMES[0], ("servers", "ram", "disk", "size")
    both = Target(
        name="both", title="Both",
        tables=tuple(
            TargetTable(name=table, file=f"{table}.csv", fields=(TargetField(name=field),))
            for table, field in (("server", "HostName"), ("disk", "size"))
        ),
    )  # fmt: skip
    (change,) = compared((name, disk), (name,), both)
    assert (change.target_table, change.removed, change.rows_after) == ("disk", 3, 0)
    (back,) = compared((name,), (name, disk), both)
    assert (back.added, back.fields) == (3, ())
