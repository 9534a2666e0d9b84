"""A profile by Spark is the one that this machine gives, but for what is drawn from a sample."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest
from pyspark.sql import SparkSession
from typer.testing import CliRunner

from discovery_pipeline.cli.app import app
from discovery_pipeline.engine import duck, profiling
from discovery_pipeline.engine.profiling import parts as spreading
from discovery_pipeline.engine.profiling import plan as planning
from discovery_pipeline.settings import Settings
from discovery_pipeline.store.files import spark

TODAY = date(2026, 3, 1)
ROWS = 20_000
COUNTED = (
    "null_count",
    "null_tokens",
    "min",
    "max",
    "histogram",
    "top_values",
    "lengths",
    "inferred_type",
    "exceptions",
)


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duck.connect(threads=2) as own:
        yield own


@pytest.fixture(scope="module")
def session(chosen: Settings) -> Iterator[SparkSession]:
    with spark.opened(chosen) as session:
        yield session


@pytest.fixture(scope="module")
def inventory(con: duckdb.DuckDBPyConnection, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Typed columns, texts with commas and quotes, nulls, empty texts, null tokens and two odd values."""
    place = tmp_path_factory.mktemp("a place") / "inventory.parquet"
    con.execute(
        f"""copy (select i as server_id, 'host-' || lpad((i * 7919 % {ROWS})::varchar, 6, '0') as hostname,
                  case when i in (11003, 16001) then 'many' else (i % 97)::varchar end as cpu_count,
                  (i * 31 % 9973) / 8 as ram, ['Prod', 'Test', '', 'N/A', null][1 + i % 5] as environment,
                  case when i % 3 = 0 then null else 'a "quoted", text' end as notes,
                  i % 2 = 0 as virtual, date '2020-01-01' + (i % 900)::int as installed,
                  timestamp '2026-01-01 10:00:00' + to_seconds(i * 60) as seen
           from range({ROWS}) r(i)) to '{place}' (format parquet, row_group_size 2048)"""
    )
    return place


@pytest.fixture(scope="module")
def text(con: duckdb.DuckDBPyConnection, inventory: Path) -> Path:
    place = inventory.with_suffix(".csv")
    con.execute(f"copy (select * exclude (notes) from '{inventory}') to '{place}' (header)")
    return place


def here(con: duckdb.DuckDBPyConnection, file: Path, folder: Path) -> profiling.TableProfile:
    (table,), _ = profiling.of_files(con, [file], folder, today=TODAY)[0].tables, None
    return table


def there(chosen: Settings, *places: str) -> tuple[profiling.Profile, list[str]]:
    found, refused = spark.of_places(chosen, places, today=TODAY)
    return found, [r.reason or "" for r in refused]


@pytest.mark.parametrize("form", ["parquet", "csv"])
@pytest.mark.usefixtures("session")
def test_a_small_table_is_counted_exactly(
    con: duckdb.DuckDBPyConnection, chosen: Settings, inventory: Path, text: Path, tmp_path: Path, form: str
) -> None:
    file = inventory if form == "parquet" else text
    whole = here(con, file, tmp_path)
    found = there(chosen, str(file))[0].tables[0]
    assert (found.name, found.row_count, found.duplicate_row_count) == ("inventory", ROWS, 0)
    assert found.null_patterns == whole.null_patterns
    for left, right in zip(found.columns, whole.columns, strict=True):
        for same in (*COUNTED, "distinct_count", "distinct_is_exact", "median", "q1"):
            assert getattr(left, same) == getattr(right, same), (left.name, same)


@pytest.mark.usefixtures("session")
def test_parts_add_up_to_the_whole(
    con: duckdb.DuckDBPyConnection, chosen: Settings, inventory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "EXACT_CELLS", 0)
    monkeypatch.setattr(spreading, "EXACT_CELLS", 0)
    whole = here(con, inventory, tmp_path)
    found = there(chosen, str(inventory))[0].tables[0]
    assert (found.row_count, found.duplicate_row_count) == (ROWS, 0)
    for left, right in zip(found.columns, whole.columns, strict=True):
        for same in ("null_count", "null_tokens", "min", "max", "lengths", "inferred_type", "exceptions"):
            assert getattr(left, same) == getattr(right, same), (left.name, same)
        assert left.distinct_count == pytest.approx(right.distinct_count, rel=0.3)
        for close in ("mean", "std"):
            assert getattr(left, close) == pytest.approx(getattr(right, close)), (left.name, close)
        # Edges come from the sample, and Spark draws another one: both medians are exact to 1.2 points of rank.
        if left.median is not None and right.max is not None:
            assert left.median == pytest.approx(right.median, abs=0.03 * (float(right.max) - float(right.min or 0)))
    assert found.column("server_id").distinct_count == ROWS


def test_a_table_of_the_catalog_is_profiled(chosen: Settings, session: SparkSession, inventory: Path) -> None:
    session.read.parquet(str(inventory)).createOrReplaceTempView("servers")
    found, refused = there(chosen, "table:servers", "table:none")
    assert [(t.name, t.row_count) for t in found.tables] == [("servers", ROWS)]
    assert "Spark can't read it: table or view not found." in refused[0]


@pytest.mark.usefixtures("session")
def test_what_spark_would_misread_is_refused(chosen: Settings, text: Path, tmp_path: Path) -> None:
    titled, ragged, sheet = tmp_path / "titled.csv", tmp_path / "ragged.csv", tmp_path / "doc.json"
    lines = text.read_text().splitlines(keepends=True)
    titled.write_text("Servers of 2026\n\n" + "".join(lines))
    ragged.write_text("".join(lines[:15_000]) + "1,2,3\n" + "".join(lines[15_000:]))
    sheet.write_text('{"a": 1}')
    found, refused = there(chosen, str(titled), str(ragged), str(sheet), str(tmp_path / "none.csv"), str(text))
    assert [t.row_count for t in found.tables] == [ROWS]
    for reason, why in zip(refused, ("not as regular", "malformed csv record", "json", "no such file"), strict=True):
        assert why in reason


@pytest.mark.usefixtures("session")
def test_the_command_takes_spark_by_its_setting(
    inventory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISCOVERY_ENGINE", "spark")
    out = tmp_path / "profile.json"
    result = CliRunner().invoke(app, ["profile", str(inventory), "--json", str(out)])
    assert result.exit_code == 0, result.output
    assert json.loads(out.read_text())["tables"][0]["row_count"] == ROWS
