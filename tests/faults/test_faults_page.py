"""The table of a soak adds up what its runs counted."""

from __future__ import annotations

from pathlib import Path

from benchmarks.soak.cycles import Result
from benchmarks.soak.page import Count, Run, page
from benchmarks.soak.plan import draw


def test_runs_are_kept_and_merged_into_one_table(tmp_path: Path):
    plan = draw(7, 3)
    first = Run.of(7, 60, [Result(plan, (), told=5, events=9), Result(plan, ("lost: a flow",), told=1, events=2)])
    second = Run.of(8, 120, [Result(plan, (), told=1, events=1)])
    first.keep(tmp_path / "7")
    assert Run.kept(tmp_path / "7") == first
    told = page([Run.kept(tmp_path / "7"), second])
    assert "3 kills in 2 runs, some side by side, seeds 7–8, 3 minutes in all" in told
    assert f"| {'all':42} | 3 | 7 | 12 | 1 |" in told
    assert f"- seed 7, cycle 3 ({plan.name}): lost: a flow" in told
    assert first.counts == {plan.name: Count(kills=2, told=6, events=11, faults=1)}


def test_one_run_says_its_seed():
    assert "in one run, seed 7," in page([Run.of(7, 60, [])])
