"""A run's scratch goes with it; of one that was killed, somebody else removes it."""

from __future__ import annotations

import multiprocessing
from pathlib import Path
from uuid import uuid4

from discovery_pipeline.assets import scratch
from discovery_pipeline.assets.runner import locks


def written(home: Path, run_id: str) -> Path:
    """A file in the run's scratch."""
    place = scratch.of_run(home, run_id) / "source_tables"
    place.mkdir(parents=True)
    (place / "servers.parquet").write_bytes(b"much")
    return place


def killed(home: Path, run_id: str) -> None:
    """A run whose process ended without a word."""
    process = multiprocessing.get_context("fork").Process(target=locks.acquire, args=(home, run_id))
    process.start()
    process.join()


def test_what_killed_runs_left_goes_and_what_living_ones_write_stays(tmp_path: Path):
    dead, living = str(uuid4()), str(uuid4())
    killed(tmp_path, dead)
    left, held = written(tmp_path, dead), written(tmp_path, living)
    with locks.working(tmp_path, living):
        assert scratch.sweep(tmp_path) == [dead]
    assert held.is_dir()
    assert not left.exists()


def test_what_is_no_runs_stays(tmp_path: Path):
    others = ["arriving", "landing-7", "7"]
    for name in others:
        written(tmp_path, name)
    assert scratch.sweep(tmp_path) == []
    assert sorted(place.name for place in (tmp_path / scratch.FOLDER).iterdir()) == sorted(others)


def test_a_home_on_which_nothing_ran_has_nothing_to_sweep(tmp_path: Path):
    assert scratch.sweep(tmp_path) == []
