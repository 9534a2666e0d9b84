"""Small tables, cleansed in memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from cleansing_bench import Bench

from discovery_pipeline.engine import duck


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(duck.connect(threads=1), tmp_path)


@pytest.fixture(scope="module")
def shared_bench(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Bench]:
    """One connection for many generated examples."""
    made = Bench(duck.connect(threads=1), tmp_path_factory.mktemp("bench"))
    return lambda: made
