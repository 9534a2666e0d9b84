"""Statistics: right where the table is small, and close where it is sketched."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pytest
from scipy import stats

from discovery_pipeline.engine import duck, profiling
from discovery_pipeline.engine.profiling import ColumnProfile, TableProfile, plan
from discovery_pipeline.engine.tables import Source, Table, columns_named

TODAY = date(2026, 3, 1)
ROWS = 30_000


@pytest.fixture(scope="module")
def large(con: duckdb.DuckDBPyConnection, tmp_path_factory: pytest.TempPathFactory) -> Table:
    """Sorted by its first column, so that no part of it looks like the whole."""
    path = tmp_path_factory.mktemp("large") / "large.parquet"
    headers = ["id", "size", "label", "made", "code", "rare"]
    sql = f"""
        select i::varchar as id, round(exp(3 + 2 * sin(i * 12.9898)), 3)::varchar as size,
               'v' || (i % 700)::varchar as label, (date '2020-01-01' + (i % 1500)::int)::varchar as made,
               case when i % 100 = 0 then null else 'item-' || hash(i)::varchar end as code,
               case when i = 17001 then 'N/A' when i = 23000 then 'odd' else (i % 3000)::varchar end as rare
        from range({ROWS}) r(i) order by i"""
    duck.write(con, sql, path)
    return Table(
        name="large", path=path, columns=columns_named(headers), row_count=ROWS, source=Source(file="large.csv")
    )


@pytest.fixture(params=["exact", "sketched"], scope="module")
def told(request: pytest.FixtureRequest, con: duckdb.DuckDBPyConnection, large: Table) -> TableProfile:
    """The same table profiled as a small one is, and as a large one is."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "sketched":
            patch.setattr(plan, "EXACT_CELLS", 10_000)
        return profiling.profile(con, (large,), today=TODAY).tables[0]


def test_moments_and_quantiles_are_those_of_numpy(told: TableProfile) -> None:
    values = np.round(np.exp(3 + 2 * np.sin(np.arange(ROWS) * 12.9898)), 3)
    size = told.column("size")
    assert size.mean == pytest.approx(values.mean())
    assert size.std == pytest.approx(values.std(ddof=1))
    assert size.skew == pytest.approx(stats.skew(values, bias=False), rel=1e-6)
    assert size.kurtosis == pytest.approx(stats.kurtosis(values, bias=False), rel=1e-6)
    assert (size.min, size.max) == (values.min(), values.max())
    for share, quantile in ((0.05, size.p05), (0.25, size.q1), (0.5, size.median), (0.75, size.q3), (0.95, size.p95)):
        assert quantile is not None
        assert np.mean(values <= quantile) == pytest.approx(share, abs=0.005)


def test_histograms_count_every_value_once_and_from_their_lower_edge(told: TableProfile) -> None:
    values = np.arange(ROWS)
    bars = told.column("id").histogram
    assert sum(bar.count for bar in bars) == ROWS
    for bar in bars[:-1]:
        assert bar.count == ((values >= bar.low) & (values < bar.high)).sum()


def test_distinct_values_are_counted_or_close(told: TableProfile) -> None:
    assert told.column("label").distinct_count == 700
    assert told.column("label").distinct_is_exact
    assert told.column("code").distinct_count == pytest.approx(29_700, rel=0.1)
    assert told.column("id").distinct_count == pytest.approx(ROWS, rel=0.1)


def test_values_that_all_differ_are_shown_with_their_counts_however_many_there_are(told: TableProfile) -> None:
    shown = {column.name: column.top_values for column in told.columns}
    assert {name for name, values in shown.items() if len(values) < 5} == set()
    assert {value.count for value in (*shown["id"], *shown["code"])} == {1}


def test_what_the_sample_did_not_show_is_found_all_the_same(told: TableProfile) -> None:
    rare = told.column("rare")
    assert rare.inferred_type == "integer"
    assert [(t.value, t.count) for t in rare.null_tokens] == [("N/A", 1)]
    assert [(e.value, e.count, e.row) for e in rare.exceptions] == [("odd", 1, 23_000)]


def test_dates_run_from_the_first_to_the_last(told: TableProfile) -> None:
    made = told.column("made")
    assert (made.min, made.max) == ("2020-01-01", "2024-02-08")
    assert made.time_series is not None
    assert (made.time_series.granularity, made.time_series.gaps) == ("day", 0)
    assert sum(bar.count for bar in made.histogram) == ROWS


def test_nulls_are_counted(told: TableProfile) -> None:
    assert told.column("code").null_count == 300
    assert [(p.columns, p.count) for p in told.null_patterns] == [(("code",), 300)]


def test_numbers_that_move_together_correlate(profiled: Callable[..., TableProfile]) -> None:
    rng = np.random.default_rng(7)
    x = rng.normal(size=400)
    y = np.exp(x)
    cells = {"x": [f"{v:.6f}" for v in x], "y": [f"{v:.6f}" for v in y]}
    cells["y"][3] = None  # type: ignore[call-overload]
    found = profiled(**cells).correlations
    keep = np.arange(400) != 3
    assert found[0].spearman == pytest.approx(1, abs=1e-4)
    assert found[0].pearson == pytest.approx(np.corrcoef(x[keep], y[keep])[0, 1], abs=1e-4)


def test_rows_that_stand_twice_are_duplicates(profiled: Callable[..., TableProfile]) -> None:
    assert profiled(a=["1", "1", "2", None, None], b=["x", "x", "x", None, None]).duplicate_row_count == 2


def test_nulls_in_the_same_rows_are_a_pattern(profiled: Callable[..., TableProfile]) -> None:
    found = profiled(a=["1", None, None, "4"], b=["x", None, None, "y"], c=["p", "q", None, "r"])
    assert [(p.columns, p.count) for p in found.null_patterns] == [(("a", "b", "c"), 1), (("a", "b"), 1)]


def test_spellings_white_space_and_sameness_are_noticed(column: Callable[..., ColumnProfile]) -> None:
    said = " ".join(column("env", ["Prod", "PROD", "prod ", "Dev", "Dev", "Dev", "Prod"]).anomalies)
    assert "spelt in several ways" in said
    assert "White space stands around 1 value." in said
    assert column("env", ["x", "x"]).anomalies == ("Every value is the same.",)


@pytest.mark.parametrize(
    ("cells", "several"),
    [
        (["0284-186X", "0284186X"], True),
        (["555.123.4567", "555-123-4567"], True),
        (["web 01", "web-01"], True),
        (["p. 22-35", "p. 223-5"], False),
        (["v1.5", "v15"], False),
        (["at 1:30", "at 13:0", "at 130"], False),
    ],
)
def test_digits_parted_elsewhere_are_no_other_spelling(
    column: Callable[..., ColumnProfile], cells: list[str], several: bool
) -> None:
    assert ("spelt in several ways" in " ".join(column("part", cells).anomalies)) == several


def test_outliers_are_counted_with_examples(column: Callable[..., ColumnProfile]) -> None:
    found = column("size", [str(n) for n in range(100)] + ["100000"]).outliers
    assert found is not None
    assert (found.iqr, found.zscore, found.examples) == (1, 1, ("100000",))


def test_of_outliers_only_those_far_away_are_named_as_such(column: Callable[..., ColumnProfile]) -> None:
    cells = [str(n % 10) for n in range(300)] + ["40", "9999999"]
    assert column("size", cells).anomalies == ("1 value lies beyond three standard deviations: 9999999.",)


def test_a_column_that_says_when_it_was_seen_ages(column: Callable[..., ColumnProfile]) -> None:
    assert column("last_seen", ["2026-02-27", "2020-01-01"]).quality.timeliness == 0.5
    assert column("installed", ["2020-01-01", "2031-01-01"]).quality.timeliness == 0.5
    assert column("expiry_date", ["2020-01-01", "2031-01-01"]).quality.timeliness is None


def test_an_empty_table_has_a_profile(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "none.parquet"
    duck.write(con, "select 'x' as a, 'y' as b limit 0", path)
    table = Table(name="n", path=path, columns=columns_named(["a", "b"]), row_count=0, source=Source(file="n.csv"))
    found = profiling.profile(con, (table,), today=TODAY).tables[0]
    assert (found.row_count, found.column("a").null_ratio, found.column("a").quality.score) == (0, 0, 1)


def test_names_with_quotes_and_commands_are_only_names(profiled: Callable[..., TableProfile]) -> None:
    hostile = "a\"; drop table made; -- '"
    found = profiled(**{hostile: ["1", "it's", "x'); --"]})
    assert found.column(hostile).distinct_count == 3


def test_what_concerns_whole_rows_of_a_wide_table_takes_no_memory_beside_its_columns(
    make_table, tmp_path: Path
) -> None:
    """Read together with what is counted of columns, 120 of them took more than twice this."""
    wide = make_table(**{f"c{k}": [f"{n * (k + 3) % 977}{'x' * (k % 2)}" for n in range(39)] * 2 for k in range(120)})
    little = duck.connect(threads=2, memory_limit="28MB", scratch=tmp_path / "spill")
    found = profiling.profile(little, (wide,), today=TODAY).tables[0]
    assert (found.row_count, found.duplicate_row_count, len(found.columns)) == (78, 39, 120)


def test_columns_of_a_wide_table_are_counted_as_those_of_a_narrow_one(
    con: duckdb.DuckDBPyConnection, make_table: Callable[..., Table]
) -> None:
    """120 columns are beyond what one query counts value by value, and larger than their sample."""
    cells = {f"c{k}": [f"v{n * (k + 3) % 1_201 if n % 4 else k}" for n in range(1_300)] for k in range(120)}
    wide = profiling.profile(con, (make_table(**cells),), today=TODAY).tables[0]
    few = ("c0", "c61", "c119")
    narrow = profiling.profile(con, (make_table(**{name: cells[name] for name in few}),), today=TODAY).tables[0]
    for name in few:
        found, known = wide.column(name), narrow.column(name)
        assert found.top_values[0] == known.top_values[0]
        assert [value.count for value in found.top_values] == [value.count for value in known.top_values]
        assert found.distinct_count == known.distinct_count == len({*cells[name]})
