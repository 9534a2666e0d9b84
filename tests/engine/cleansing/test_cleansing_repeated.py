"""A plan is the same to the byte each time, however many threads there are and however the rows lie in the file."""

from __future__ import annotations

import random

from cleansing_bench import Bench

from discovery_pipeline.engine import duck


def estate(rows: int = 3_000, sites: int = 90) -> dict[str, list[str]]:
    """Servers of sites that four columns name alike, which decide a fifth, with slips and dates of equal counts."""
    dice = random.Random(3)
    chosen = [dice.choice(range(sites)) for _ in range(rows)]
    return {
        "site": [f"site {n}" for n in chosen],
        "street": [f"{n} Main Street" for n in chosen],
        "phone": [f"555 {n:04}" for n in chosen],
        "contact": [f"person {n}" for n in chosen],
        "region": [f"region {n % 23 if dice.random() > 0.03 else dice.randrange(23)}" for n in chosen],
        "seen": [f"{dice.randint(1, 12):02}/{dice.randint(1, 12):02}/2024" for _ in chosen[3:]] + ["2024-01-31"] * 3,
    }


def test_a_plan_is_the_same_with_any_number_of_threads_and_row_groups(bench: Bench):
    table = bench.table(estate())
    told = set()
    for threads in (1, 2, 4, 8, 2, 4):
        with duck.connect(threads=threads) as con:
            path = bench.fresh() / "servers.parquet"
            duck.write(con, f"FROM {duck.parquet(table.path)}", path, row_group=2_048 if threads > 1 else None)
            here = Bench(con, bench.fresh())
            told.add(here.plan(table.model_copy(update={"path": path})).model_dump_json())
    assert len(told) == 1
    (plan,) = told
    assert "dependency.majority" in plan
    assert "date.ambiguous" in plan
