"""One Spark for all tests of it; where PySpark isn't installed, `make test-spark` is how they run."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.util import find_spec

import pytest

from discovery_pipeline.settings import Settings

collect_ignore_glob = [] if find_spec("pyspark") else ["test_*.py"]


@pytest.fixture(scope="session")
def chosen() -> Settings:
    """Settings that name a Spark of two cores on this machine."""
    return Settings(engine="spark", spark_master="local[2]", memory_limit="300MB", threads=1)


@pytest.fixture(scope="session", autouse=True)
def _small_parts() -> Iterator[None]:
    """A Spark that cuts small files in parts, and runs this Python in its executors."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        conf = {
            "spark.sql.files.maxPartitionBytes": "200k",
            "spark.sql.files.openCostInBytes": "0",
            "spark.sql.shuffle.partitions": "2",
            "spark.ui.enabled": "false",
        }
        told = " ".join(f"--conf {name}={value}" for name, value in conf.items())
        patch.setenv("PYSPARK_SUBMIT_ARGS", f"{told} pyspark-shell")
        yield
