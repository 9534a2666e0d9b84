"""Computing: what a stage command works with, within the limits that the settings name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

    from discovery_pipeline.engine.intake.model import Intake
    from discovery_pipeline.engine.mapping.known import Known
    from discovery_pipeline.engine.mapping.matcher.fields import Stated


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


def known(con: duckdb.DuckDBPyConnection, found: Intake, described: Sequence[Stated] = ()) -> Known:
    """What the pipeline knows of files before it matches them: so a command offers for them what `run` does."""
    from discovery_pipeline.engine import profiling, schema
    from discovery_pipeline.engine.mapping.known import Known

    profile = profiling.profile(con, found.tables, today=datetime.now(UTC).date())
    analysis = schema.analyse(con, found.tables, profile)
    return Known(profile=profile, analysis=analysis, stated=found.stated, described=tuple(described))
