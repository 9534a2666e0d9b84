"""Computing: what a stage command works with, within the limits that the settings name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb


@contextmanager
def workbench() -> Iterator[tuple[duckdb.DuckDBPyConnection, Path]]:
    """A DuckDB of so many threads and so much memory, and a folder that goes when it does; it spills there beyond.

    Ctrl-C ends its query at once.
    """
    from tempfile import TemporaryDirectory

    from discovery_pipeline import settings
    from discovery_pipeline.engine import duck

    chosen = settings.read()
    with TemporaryDirectory(prefix="discovery-") as name:
        folder = Path(name)
        limits = {"threads": chosen.threads, "memory_limit": chosen.memory_limit}
        with duck.connect(**limits, scratch=folder / "spill") as con, duck.stoppable(con):
            yield con, folder
