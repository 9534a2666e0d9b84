"""Laws: parts add up to the whole."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import reduce
from itertools import pairwise
from operator import add

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from discovery_pipeline.engine.profiling import describe, of_table, sketch
from discovery_pipeline.engine.profiling import plan as planning
from discovery_pipeline.engine.profiling.count import count
from discovery_pipeline.engine.profiling.model import ColumnProfile
from discovery_pipeline.engine.profiling.partial import TablePartial
from discovery_pipeline.engine.tables import Table

TODAY = date(2026, 3, 1)

numbers = st.one_of(st.none(), st.integers(-1000, 1000).map(str), st.sampled_from(["N/A", "1.5", "x", "1e3"]))
words = st.one_of(st.none(), st.sampled_from(["Prod", "prod", "Dev", "-", "unknown"]))
days = st.one_of(st.none(), st.dates(date(2000, 1, 1), date(2030, 1, 1)).map(str), st.just("soon"))
rows = st.lists(st.tuples(numbers, numbers, words, days), min_size=1, max_size=60)

IN_ALL = ("row_count", "null_patterns")
IN_COLUMNS = (
    "inferred_type",
    "type_fit",
    "null_count",
    "null_tokens",
    "date_formats",
    "min",
    "max",
    "histogram",
    "top_values",
    "lengths",
    "time_series",
    "distinct_count",
    "median",
)


def parts(table: Table, cuts: list[int]) -> list[str]:
    """FROM items over consecutive rows of a table."""
    source = of_table(table)
    edges = [0, *sorted(cuts), table.row_count]
    return [
        f"(select * from {source.relation} where file_row_number >= {a} and file_row_number < {b})"
        for a, b in pairwise(edges)
    ]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cells=rows, cuts=st.lists(st.integers(0, 60), max_size=3), dense=st.booleans())
def test_the_sum_of_the_parts_is_the_whole(
    con: duckdb.DuckDBPyConnection,
    make_table: Callable[..., Table],
    cells: list[tuple[str | None, ...]],
    cuts: list[int],
    dense: bool,
) -> None:
    a, b, env, seen = zip(*cells, strict=True)
    table = make_table(a=a, b=b, env=env, seen_date=seen)
    with pytest.MonkeyPatch.context() as patch:
        if not dense:
            patch.setattr(planning, "EXACT_CELLS", 0)
            patch.setattr(planning, "DENSE", -1)
        plan = planning.draw(con, of_table(table))
    whole = count(con, plan, of_table(table).relation, TODAY)
    counted = [count(con, plan, part, TODAY) for part in parts(table, [min(c, len(cells)) for c in cuts])]
    merged: TablePartial = reduce(add, counted)
    one, other = describe.table("t", plan, whole), describe.table("t", plan, merged)
    for name in IN_ALL:
        assert getattr(one, name) == getattr(other, name)
    for left, right in zip(one.columns, other.columns, strict=True):
        for name in IN_COLUMNS:
            assert getattr(left, name) == getattr(right, name), name
        assert_close(left, right)
    assert other.duplicate_row_count <= one.duplicate_row_count


def assert_close(left: ColumnProfile, right: ColumnProfile) -> None:
    for name in ("mean", "std", "skew", "kurtosis"):
        one, other = getattr(left, name), getattr(right, name)
        assert one == other or one == pytest.approx(other, rel=1e-6, abs=1e-9), name


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=200), st.integers(0, 200))
def test_moments_and_buckets_add_up(values: list[float], cut: int) -> None:
    told = [(v, 1) for v in values]
    edges = (-1000.0, 0.0, 1000.0)
    first, second = told[:cut], told[cut:]
    assert sketch.Buckets.of(first, edges) + sketch.Buckets.of(second, edges) == sketch.Buckets.of(told, edges)
    summed, whole = sketch.Moments.of(first, 1.0) + sketch.Moments.of(second, 1.0), sketch.Moments.of(told, 1.0)
    assert (summed.n, summed.low, summed.high) == (whole.n, whole.low, whole.high)
    assert summed.s2 == pytest.approx(whole.s2)


def test_sketches_of_different_making_do_not_add_up() -> None:
    with pytest.raises(ValueError, match="centres"):
        _ = sketch.Moments(0.0) + sketch.Moments(1.0)
    with pytest.raises(ValueError, match="edges"):
        _ = sketch.Buckets((1.0,), (0, 0)) + sketch.Buckets((2.0,), (0, 0))


@pytest.mark.parametrize("seen", [0, 1, 100, 5_000, 100_000])
def test_registers_know_how_many_values_they_saw(con: duckdb.DuckDBPyConnection, seen: int) -> None:
    counted = "approx_count_distinct(i::varchar)"
    sql = f"select {counted} export_state, {counted} from range({seen}) r(i)"
    state, engine = con.execute(sql).fetchall()[0]
    assert sketch.distinct(tuple(state["registers"])) == engine == pytest.approx(seen, rel=0.1)
