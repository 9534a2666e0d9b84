"""Scratch: what a run writes before it publishes. A run has a folder of its own, which goes with it."""

from __future__ import annotations

import shutil
from pathlib import Path
from uuid import UUID

from discovery_pipeline.assets.runner import locks

FOLDER = "scratch"


def of_run(home: Path, run_id: str) -> Path:
    """The folder of a run, which need not be there."""
    return home / FOLDER / run_id


def remove(home: Path, run_id: str) -> None:
    """Remove what a run has written, as far as it is there."""
    shutil.rmtree(of_run(home, run_id), ignore_errors=True)


def sweep(home: Path) -> list[str]:
    """Remove what killed runs left; their ids."""
    folder = home / FOLDER
    left = [place.name for place in folder.iterdir() if _is_run(place.name)] if folder.is_dir() else []
    dead = [run_id for run_id in left if not locks.lives(home, run_id)]
    for run_id in dead:
        remove(home, run_id)
    return dead


def _is_run(name: str) -> bool:
    try:
        return str(UUID(name)) == name
    except ValueError:
        return False
