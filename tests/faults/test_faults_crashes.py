"""Processes that work on flows are killed at named points and at any moment; what they leave is whole."""

from __future__ import annotations

import pytest

from benchmarks.soak.cycles import Soak

CYCLES = 50
SEED = 20


@pytest.fixture(scope="module")
def soak(server, tmp_path_factory: pytest.TempPathFactory) -> Soak:
    return Soak(tmp_path_factory.mktemp("soak"), server, SEED)


@pytest.mark.parametrize("cycle", range(CYCLES))
def test_a_killed_process_loses_doubles_and_blocks_nothing(soak: Soak, cycle: int):
    assert soak.cycle(cycle).faults == ()
