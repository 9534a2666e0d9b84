"""Laws: cleansing twice is cleansing once; a log takes back what it tells; nothing is lost or moved."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from discovery_pipeline.engine import cleansing, duck
from discovery_pipeline.engine.cleansing.draft import drafted
from discovery_pipeline.engine.cleansing.model import PATCH_COLUMNS
from discovery_pipeline.engine.cleansing.vocabulary import COARSER

DIRT = [
    None, " Prod", "prod", "Production", "PRODUCTION ", "N/A", "-", "unknown", "nan", "0", "1", "1,000", "2.5", "3,5",
    "12 GB", "2048 MB", "2 gb", "yes", "No", "TRUE", "2024-01-31", "31/01/2024", "01/02/2024", "Mar 5, 2024",
    "10.0.0.1", "010.0.0.2", "10.0.0.3/24", "aa:bb:cc:dd:ee:ff", "AABB.CCDD.EEFF", "Host.Example.com", "a@B.ch",
    "MÃ¼nchen", "München", "&amp;amp;", "O''Neil", "=1+1", "'=x", "-5", "a\nb", '"quoted"', "x\u00a0y", "\ufffdbc",
]  # fmt: skip
CELL = st.sampled_from(DIRT) | st.text(max_size=6).map(lambda s: s or None)
TABLES = st.integers(1, 12).flatmap(
    lambda rows: st.fixed_dictionaries(
        {name: st.lists(CELL, min_size=rows, max_size=rows) for name in ("a", "ram_gb", "ip")}
    )
)
CITIES = ("Oslo", "Bern", "Rome", "Graz", "Lyon", "Turin", "Basel", "Bergen", "Nice")
LANDS = ("Norway", "Switzerland", "Italy", "Austria", "France", "Italy", "Switzerland", "Norway", "France")
LAW = settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@LAW
@given(cells=TABLES, tier=st.sampled_from(["auto", "suggest"]))
def test_cleansing_twice_is_cleansing_once(shared_bench, cells, tier):
    bench = shared_bench()
    once = bench.cleanse(bench.table(cells), tier=tier)
    again = bench.cleanse(*once.tables, tier=tier)
    assert bench.cells(again.tables[0]) == bench.cells(once.tables[0])
    assert again.patches.count == 0


@settings(LAW, max_examples=1)
@given(cells=TABLES, wide=st.integers(2, 3), together=st.integers(1, 2), block=st.integers(2, 3))
def test_however_many_columns_are_read_at_once_the_plan_the_patches_and_the_cells_are_the_same(
    shared_bench, cells, wide, together, block
):
    bench = shared_bench()
    table = bench.table(entangled(cells))
    plan = bench.plan(table)
    done = cleansing.cleanse(bench.con, [table], plan, bench.fresh(), "suggest")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("discovery_pipeline.engine.cleansing.draft.WIDE", wide)
        patch.setattr("discovery_pipeline.engine.cleansing.draft.TOGETHER", together)
        patch.setattr("discovery_pipeline.engine.cleansing.draft.BLOCK", block)
        parted = bench.plan(table)
        parted_done = cleansing.cleanse(bench.con, [table], parted, bench.fresh(), "suggest")
    assert {"dependency.majority", "cells.swapped", "dependency.flag"} <= {rule.rule for rule in plan.rules}
    assert parted == plan
    assert patches(bench, parted_done) == patches(bench, done)
    assert content(bench, parted_done.tables[0]) == content(bench, done.tables[0])


@LAW
@given(cells=TABLES, tier=st.sampled_from(["auto", "suggest"]), ending=st.sampled_from(["csv", "parquet"]))
def test_a_log_takes_everything_back(shared_bench, cells, tier, ending):
    bench = shared_bench()
    table = bench.table(cells)
    done = bench.cleanse(table, tier=tier)
    log = bench.fresh().with_suffix(f".{ending}")
    cleansing.export(bench.con, done.patches.path, log)
    back = cleansing.revert(bench.con, done.tables, log, bench.fresh())
    assert content(bench, back[0]) == content(bench, table)


@LAW
@given(cells=TABLES)
def test_undoing_every_rule_in_any_order_of_the_log_is_undoing_all(shared_bench, cells):
    bench = shared_bench()
    table = bench.table(cells)
    done = bench.cleanse(table)
    tables = done.tables
    for rule in reversed(in_order_of_application(bench, done.patches.path)):
        tables = cleansing.revert(bench.con, tables, done.patches.path, bench.fresh(), rule=rule)
    assert content(bench, tables[0]) == content(bench, table)


def test_rows_keep_their_order_and_their_lines(bench):
    rows = 400_000
    bench.con.execute("SET threads = 2")
    table = bench.table({"n": [str(n) for n in range(rows)], "word": [f" w{n % 7} " for n in range(rows)]})
    done = bench.cleanse(table)
    lines = bench.con.execute(f"SELECT __line, n FROM {duck.scan(done.tables[0])} ORDER BY file_row_number").fetchall()
    assert [n for _, n in lines] == [str(n) for n in range(rows)]
    assert [line for line, _ in lines] == [n + 3 for n in range(rows)]


def test_the_log_has_its_columns_and_chains_the_rules_of_a_cell(bench):
    done = bench.cleanse(bench.table({"env": [*["Production"] * 30, "\u00a0production  "]}))
    rows = bench.con.execute(f"FROM read_parquet('{done.patches.path}')")
    assert tuple(d[0] for d in rows.description) == PATCH_COLUMNS
    chain = [(before, after, rule) for _, row, _, before, after, rule, *_ in rows.fetchall() if row == 30]
    assert [rule for *_, rule in chain] == ["text.spaces", "text.trim", "vocabulary.spelling"]
    assert [before for before, *_ in chain[1:]] == [after for _, after, _ in chain[:-1]]


def test_one_rule_is_undone_and_what_came_after_stays(bench):
    done = bench.cleanse(bench.table({"env": [*["Production"] * 30, " production", " Production"]}))
    back = cleansing.revert(bench.con, done.tables, done.patches.path, bench.fresh(), rule="text.trim")
    assert bench.cells(back[0])["env"][-2:] == ["Production", " Production"]


def test_one_cell_is_undone(bench):
    done = bench.cleanse(bench.table({"env": [" a", " b"], "os": [" c", " d"]}))
    back = cleansing.revert(bench.con, done.tables, done.patches.path, bench.fresh(), cell=(1, "os"))
    assert bench.cells(back[0]) == {"env": ["a", "b"], "os": ["c", " d"]}


def test_a_cell_edited_since_stays(bench):
    done = bench.cleanse(bench.table({"env": [" a", " b"]}))
    edited = bench.table({"env": ["a", "mine"]})
    back = cleansing.revert(bench.con, (edited,), done.patches.path, bench.fresh())
    assert bench.cells(back[0])["env"] == [" a", "mine"]


def test_only_the_named_table_is_undone(bench):
    done = bench.cleanse(bench.table({"x": [" a"]}, "one"), bench.table({"x": [" a"]}, "two"))
    back = cleansing.revert(bench.con, done.tables, done.patches.path, bench.fresh(), table="two")
    assert [bench.cells(t)["x"] for t in back] == [["a"], [" a"]]


@pytest.mark.parametrize("cell", ["=1+1", "@sum", "+cmd|' /C calc'!A0", "-2+3", "'=x", "''=y", "-5", "-", "'", "it's"])
def test_a_csv_log_runs_nothing_and_reads_back_exactly(bench, cell):
    done = bench.cleanse(bench.table({"x": [f" {cell}", "b"]}))
    log = bench.fresh().with_suffix(".csv")
    cleansing.export(bench.con, done.patches.path, log)
    if cell[0] in "=@":
        assert f",'{cell}," in log.read_text()
    back = cleansing.revert(bench.con, done.tables, log, bench.fresh())
    assert bench.cells(back[0])["x"][0] == f" {cell}"


def entangled(cells):
    """These columns, over and over, beside others that decide, mistake and flag each other."""
    rows = range(90)
    beside = {
        "city": [CITIES[n % len(CITIES)] for n in rows],
        "land": [LANDS[8 if n == 3 else n % len(LANDS)] for n in rows],
        "stage": ["high" if n in {4, 40} else ("prod", "test")[n // 2 % 2] for n in rows],
        "weight": ["prod" if n in {4, 40} else ("high", "low")[n // 5 % 2] for n in rows],
        "has_disk": ["no" if n == 50 or n < 20 else "yes" for n in rows],
        "disk_gb": ["0" if n < 20 else str(n) for n in rows],
    }
    return {**{name: [column[n % len(column)] for n in rows] for name, column in cells.items()}, **beside}


def patches(bench, done):
    """Every patch, in the log's order."""
    return bench.con.execute(f"FROM {duck.parquet(done.patches.path)}").fetchall()


def content(bench, table):
    """Every cell and line in order, to the byte."""
    return bench.con.execute(f"SELECT * FROM {duck.scan(table)} ORDER BY file_row_number").fetchall()


def in_order_of_application(bench, log):
    placed = f"SELECT rule, row_number() OVER (PARTITION BY row, \"column\") AS place FROM read_parquet('{log}')"
    found = bench.con.execute(f"SELECT rule FROM ({placed}) GROUP BY rule ORDER BY max(place)").fetchall()
    return [rule for (rule,) in found]


@settings(LAW, max_examples=5)
@given(cells=TABLES)
def test_a_settled_draft_stands_as_it_stood_and_goes_on_as_any_other(shared_bench, cells):
    bench = shared_bench()
    table = bench.table(cells)
    rules = bench.plan(table).rules
    now = []
    for settles in (False, True):
        with drafted(bench.con, table) as draft:
            for rule in rules:
                if settles:
                    draft.settle()
                draft.apply([rule])
            now.append(sorted(bench.con.execute(f"FROM {draft.rows(table.columns)}").fetchall(), key=repr))
    assert now[0] == now[1]


@pytest.mark.parametrize("key", COARSER, ids=["spelling", "transcribed", "variant"])
def test_values_of_one_fingerprint_have_one_coarser_one(bench, key):
    written = "aAöÖéßoeСс12®€+\t _.,;:\"'’`*/\\|()[]–—-"
    values = ["".join(letters) for length in (1, 2, 3) for letters in product(written, repeat=length)]
    exact, coarse = (expression.replace("$v", "value") for expression in (key, COARSER[key]))
    apart = (
        f"SELECT 1 FROM (SELECT unnest($1::VARCHAR[]) AS value) GROUP BY {exact} HAVING count(DISTINCT {coarse}) > 1"
    )
    assert not bench.con.execute(apart, [values]).fetchall()
