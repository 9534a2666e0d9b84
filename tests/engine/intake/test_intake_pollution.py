"""Polluted texts are read as the tables they are."""

from __future__ import annotations

from pathlib import Path
from statistics import mean

import pytest
from pollution import Polluted, pollutions, score

from discovery_pipeline.engine import duck, intake

CORPUS = list(pollutions())
POINTS = {"success": 1, "header": 3, "records": 3, "cells": 3}


def points(polluted: Polluted, folder: Path) -> float:
    """Points of 10 for reading one text and writing it out again."""
    source = folder / "polluted.csv"
    source.write_bytes(polluted.data)
    con = duck.connect()
    read = intake.read(con, [source], folder / "tables", intake.Options(keep_rowless=True))
    written = intake.to_csv(con, read.files, folder / "out")
    found = written[0].read_bytes().decode() if written else None
    return sum(POINTS[part] * share for part, share in score(polluted, found).items())


@pytest.mark.parametrize("polluted", CORPUS, ids=[polluted.name for polluted in CORPUS])
def test_a_polluted_text_is_read_nearly_whole(polluted: Polluted, tmp_path: Path):
    assert points(polluted, tmp_path) >= 9.85


def test_on_average_hardly_a_cell_is_lost(tmp_path: Path):
    every_fifth = CORPUS[::5]
    for at in range(len(every_fifth)):
        (tmp_path / str(at)).mkdir()
    assert mean(points(polluted, tmp_path / str(at)) for at, polluted in enumerate(every_fifth)) >= 9.95
