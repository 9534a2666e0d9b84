"""Reports: several sources tell of the same things; who is mostly right is believed."""

from __future__ import annotations

import random

import pytest

THINGS, TOOLS = 40, 8


def told(seed: int = 1, *, good: float = 0.9, bad: float = 0.6, missing: float = 0.1) -> tuple[dict, list[str]]:
    """What eight tools say of forty servers' addresses, and what is true, row by row."""
    dice = random.Random(seed)
    truth = {f"srv{n:02d}": f"10.0.{n}.{dice.randint(1, 250)}" for n in range(THINGS)}
    right = {f"tool {n}": good if n % 2 else bad for n in range(TOOLS)}
    rows, true = [], []
    for tool, share in right.items():
        for host, address in truth.items():
            wrong = f"10.9.{dice.randint(0, 250)}.{dice.randint(1, 250)}"
            said = None if dice.random() < missing else address if dice.random() < share else wrong
            rows.append((tool, host, said))
            true.append(address)
    columns = zip(*rows, strict=True)
    return dict(zip(("source", "host", "address"), map(list, columns), strict=True)), true


@pytest.mark.parametrize("seed", range(3))
def test_what_the_better_sources_say_is_taken(bench, seed: int):
    cells, true = told(seed)
    done = bench.cleanse(bench.table(cells), tier="suggest")
    mended = bench.cells(done.tables[0])["address"]
    assert sum(m == t for m, t in zip(mended, true, strict=True)) >= 0.97 * len(true)
    assert done.patches.by_rule["reports.majority"] > 0


def test_a_few_good_sources_outweigh_many_bad_ones(bench):
    dice = random.Random(5)
    truth = {f"srv{n:02d}": f"v{n}" for n in range(60)}
    rows = []
    for tool in range(9):
        for host, value in truth.items():
            # Six tools are wrong more often than not, and often in the same way.
            good = tool < 3 or dice.random() < 0.4
            rows.append((f"t{tool}", host, value if good else f"{value} old"))
    source, host, value = (list(c) for c in zip(*rows, strict=True))
    done = bench.cleanse(bench.table({"reported_by": source, "host": host, "model": value}), tier="suggest")
    mended = bench.cells(done.tables[0])["model"]
    right = sum(m == truth[h] for m, h in zip(mended, host, strict=True))
    plain = sum(v == truth[h] for v, h in zip(value, host, strict=True))
    assert right > plain
    assert right >= 0.97 * len(host)


def test_a_history_is_not_taken_for_reports(bench):
    hosts = [f"srv{n:02d}" for n in range(30)] * 6
    months = [f"2026-{m:02d}-01" for m in range(1, 7) for _ in range(30)]
    version = ["9.1" if month < "2026-05-01" else "9.2" for month in months]
    table = bench.table({"month": months, "host": hosts, "version": version})
    assert bench.cells(bench.cleanse(table, tier="suggest").tables[0])["version"] == version


def test_sources_that_tell_of_different_things_do_not_vote(bench):
    table = bench.table(
        {
            "source": [f"tool {n % 4}" for n in range(200)],
            "host": [f"srv{n}" for n in range(200)],
            "site": [("Leeds", "Bern", "Oslo")[n % 3] for n in range(200)],
        }
    )
    assert bench.cleanse(table, tier="suggest").patches.count == 0


def test_sources_that_never_agree_mend_nothing(bench):
    dice = random.Random(2)
    cells = {
        "source": [f"tool {t}" for t in range(6) for _ in range(30)],
        "host": [f"srv{n:02d}" for _ in range(6) for n in range(30)],
        "load": [str(dice.randint(0, 10_000)) for _ in range(180)],
    }
    assert bench.cleanse(bench.table(cells), tier="suggest").patches.count == 0


def test_undoing_gives_the_reports_back(bench):
    from discovery_pipeline.engine import cleansing

    cells, _ = told()
    done = bench.cleanse(bench.table(cells), tier="suggest")
    back = cleansing.revert(bench.con, done.tables, done.patches.path, bench.fresh())
    assert bench.cells(back[0]) == cells


def test_several_numbers_in_another_order_are_no_variant(bench):
    times = ["10:11 a.m."] * 3 + ["11:10 a.m."] * 9 + ["9:45 p.m."] * 8
    done = bench.cleanse(bench.table({"start": times}), tier="suggest")
    assert bench.cells(done.tables[0])["start"] == times
