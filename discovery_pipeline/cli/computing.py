"""Computing: the DuckDB of a stage command, within the limits that the settings name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb


def connected(folder: Path) -> duckdb.DuckDBPyConnection:
    """A DuckDB of so many threads and so much memory, which spills into the folder beyond."""
    from discovery_pipeline import settings
    from discovery_pipeline.engine import duck

    chosen = settings.read()
    return duck.connect(threads=chosen.threads, memory_limit=chosen.memory_limit, scratch=folder / "spill")
