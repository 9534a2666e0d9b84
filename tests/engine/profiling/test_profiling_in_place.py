"""In place: a large regular CSV file gets the profile that its table would get; any other goes through intake."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest

from discovery_pipeline.engine import duck, intake, profiling
from discovery_pipeline.engine.profiling import in_place
from discovery_pipeline.engine.profiling import plan as planning
from discovery_pipeline.engine.profiling.source import Source
from discovery_pipeline.engine.tables import columns_named
from discovery_pipeline.errors import DiscoveryError

TODAY = date(2026, 3, 1)
ROWS = 12_000


@pytest.fixture(autouse=True)
def _every_size_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_place, "SMALLEST", 0)


@pytest.fixture
def file(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> Path:
    """Lines with quotes, commas, nulls, a line without any value, and one odd value late in the file."""
    place = tmp_path / "large.csv"
    con.execute(
        f"""copy (select i as id, 'host-' || lpad(i::varchar, 6, '0') as hostname,
                  case when i = 11003 then 'many' else (i % 97)::varchar end as cpu_count,
                  case when i % 3 = 0 then null else 'a "quoted", text' end as notes,
                  (date '2020-01-01' + (i % 900)::int)::varchar as installed
           from range({ROWS}) r(i)) to '{place}' (header)"""
    )
    with place.open("a") as text:
        text.write(",,,,\n")
    return place


def test_a_file_in_place_has_the_profile_of_its_table(
    con: duckdb.DuckDBPyConnection, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert in_place.source(file) is not None
    (here,), refused = _tables(con, file, tmp_path / "a")
    monkeypatch.setattr(in_place, "SMALLEST", 10**12)
    (there,), _ = _tables(con, file, tmp_path / "b")
    assert refused == ()
    assert here.row_count == there.row_count == ROWS
    cpu = here.column("cpu_count")
    assert [(e.value, e.row) for e in cpu.exceptions] == [("many", 11_003)]
    for left, right in zip(here.columns, there.columns, strict=True):
        assert left.semantic_type == right.semantic_type
        for same in ("inferred_type", "null_count", "exceptions", "distinct_count", "min", "max", "median", "lengths"):
            assert getattr(left, same) == getattr(right, same), same


def test_a_large_file_in_place_keeps_to_its_sketches(
    con: duckdb.DuckDBPyConnection, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "EXACT_CELLS", 1_000)
    (here,), _ = _tables(con, file, tmp_path / "a")
    assert here.column("id").distinct_count == ROWS
    assert here.duplicate_row_count == 0
    assert here.column("id").median == pytest.approx(ROWS / 2, rel=0.01)


@pytest.mark.parametrize(
    "spoilt",
    [
        "1,one,two,three,four,five,six\n",
        '"never closed,1,2,3,4\n',
    ],
)
def test_a_file_that_turns_out_irregular_goes_through_intake(
    con: duckdb.DuckDBPyConnection, file: Path, tmp_path: Path, spoilt: str
) -> None:
    text = file.read_text()
    half = text.index("\n", len(text) // 2) + 1
    file.write_text(text[:half] + spoilt + text[half:])
    (here,), refused = _tables(con, file, tmp_path / "a")
    assert refused == ()
    assert here.row_count >= ROWS // 2


def test_a_file_in_another_encoding_is_left_to_intake(tmp_path: Path) -> None:
    place = tmp_path / "latin.csv"
    place.write_bytes("name,city\nJürgen,Köln\n".encode("cp1252") * 50)
    assert in_place.source(place) is None


def test_a_missing_file_is_refused_and_stops_no_other(
    con: duckdb.DuckDBPyConnection, file: Path, tmp_path: Path
) -> None:
    found, refused = profiling.of_files(con, [tmp_path / "none.csv", file], tmp_path / "a", today=TODAY)
    assert [t.name for t in found.tables] == ["large"]
    assert [r.file for r in refused] == ["none.csv"]


def _tables(
    con: duckdb.DuckDBPyConnection, file: Path, into: Path
) -> tuple[tuple[profiling.TableProfile, ...], tuple[intake.FileRead, ...]]:
    found, refused = profiling.of_files(con, [file], into, today=TODAY)
    return found.tables, refused


def test_too_little_memory_is_a_sentence(tmp_path: Path):
    file = tmp_path / "wide.csv"
    header = ",".join(f"c{i}" for i in range(40))
    file.write_text(header + "\n" + "\n".join(",".join(f"{i * j}x" for j in range(40)) for i in range(2_000)))
    con = duck.connect(threads=1, memory_limit="2MB", scratch=tmp_path / "spill")
    relation = f"read_csv('{file}', all_varchar=true)"
    keys = columns_named([f"c{i}" for i in range(40)])
    source = Source("wide", keys, relation, 2_000, "row_number() over () - 1")
    with pytest.raises(DiscoveryError, match="more memory than DuckDB may use"):
        profiling.of_source(con, source, today=TODAY)


def test_a_relation_without_rows_has_a_profile(con: duckdb.DuckDBPyConnection):
    empty = Source(
        "empty", columns_named(["a", "b"]), "(select '1' as a, 'x' as b, 0 as file_row_number limit 0)", 5_000_000, "0"
    )
    found = profiling.of_source(con, empty, today=TODAY)
    assert (found.row_count, [c.distinct_count for c in found.columns]) == (0, [0, 0])
