"""Spark: tables that lie where Spark reads them are profiled there, part by part, by the engine itself.

Every executor counts its parts in a DuckDB of its own; what comes back is a few kilobytes a part. So Spark's Python
must have this package, and nothing of the data is copied to this machine but a sample.
"""

# pyright: reportMissingImports=false

from __future__ import annotations

import pickle
import re
import tempfile
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from discovery_pipeline.engine import duck, profiling
from discovery_pipeline.engine.intake import FileRead
from discovery_pipeline.engine.intake.columnar import as_text
from discovery_pipeline.engine.profiling.partial import TablePartial
from discovery_pipeline.engine.profiling.plan import TablePlan
from discovery_pipeline.engine.tables import Column
from discovery_pipeline.errors import InputRefused, SettingsError
from discovery_pipeline.settings import Settings
from discovery_pipeline.store.files.spark_places import ELSEWHERE, quoted, read

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

SEED = 7


@contextmanager
def opened(settings: Settings) -> Iterator[SparkSession]:
    """This program's session with Spark; where it has none, one with the Spark that the settings name, while it lasts.

    Raises
    ------
    SettingsError
        PySpark isn't installed.
    """
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        raise SettingsError("DISCOVERY_ENGINE=spark needs PySpark: pip install 'discovery-pipeline[spark]'.") from None
    # PySpark 4.3 says at each call that it doesn't know pandas 3 yet; Arrow batches go past pandas.
    warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
    if (running := SparkSession.getActiveSession()) is not None:
        yield running
        return
    builder = SparkSession.builder.appName("discovery").config(
        map={"spark.sql.session.timeZone": "UTC", "spark.ui.showConsoleProgress": "false"}
    )
    master = settings.spark_master
    if master:
        builder = builder.remote(master) if master.startswith("sc://") else builder.master(master)
    session = builder.getOrCreate()
    try:
        yield session
    finally:
        session.stop()


@dataclass(frozen=True, slots=True)
class SparkParts:
    """A table as Spark's partitions."""

    name: str
    columns: tuple[Column, ...]
    rows: int
    frame: DataFrame  # its columns under the columns' keys
    memory_limit: str

    @contextmanager
    def sampled(self, rows: int) -> Iterator[tuple[str, bool]]:
        """A FROM item over a sample, which Spark draws from all partitions."""
        whole = self.rows <= rows
        drawn = self.frame if whole else self.frame.sample(fraction=rows / self.rows, seed=SEED)
        table = drawn.toArrow()
        with tempfile.TemporaryDirectory(prefix="discovery-") as folder:
            place = Path(folder) / "sample.parquet"
            _Spool(table.schema, self.columns, self.memory_limit).write(table.to_batches(), place)
            yield duck.parquet(place), whole

    def counted(self, plan: TablePlan, today: date, *, together: bool) -> Iterator[TablePartial]:
        """What the executors count, partition by partition."""
        frame = self.frame.coalesce(1) if together else self.frame
        spool = _Spool(self.frame.limit(0).toArrow().schema, self.columns, self.memory_limit)

        def count(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            import pyarrow as pa

            yield pa.RecordBatch.from_pydict({"partial": [pickle.dumps(_counted(spool, batches, plan, today))]})

        for row in frame.mapInArrow(count, "partial binary").toLocalIterator(prefetchPartitions=True):
            yield pickle.loads(row.partial)  # noqa: S301  made by our own code on Spark's executors

    def different(self, columns: Sequence[Column]) -> int:
        """How many rows differ in these columns, by 64 bits of hash."""
        from pyspark.sql import functions as f

        cells = [f.col(quoted(c.key)) for c in columns]
        # Spark's hash leaves nulls out: where they stand is hashed with the values.
        hashed = f.xxhash64(*(cell.cast("string") for cell in cells), *(cell.isNull() for cell in cells))
        return self.frame.select(hashed.alias("hash")).distinct().count()


@dataclass(frozen=True, slots=True)
class _Spool:
    """How rows from Spark become a Parquet file of text, as intake would have written it."""

    schema: pa.Schema
    columns: tuple[Column, ...]
    memory_limit: str

    def write(self, batches: Iterable[pa.RecordBatch], place: Path) -> None:
        import pyarrow as pa

        with duck.connect(threads=1, memory_limit=self.memory_limit) as con:
            con.register("none", self.schema.empty_table())
            con.register("arrived", pa.RecordBatchReader.from_batches(self.schema, batches))
            types = {name: kind for name, kind, *_ in con.execute("DESCRIBE none").fetchall()}
            cells = ", ".join(f"{as_text(duck.col(c), types[c.key])} AS {duck.col(c)}" for c in self.columns)
            duck.write(con, f"SELECT {cells} FROM arrived", place)


def _counted(spool: _Spool, batches: Iterable[pa.RecordBatch], plan: TablePlan, today: date) -> TablePartial:
    """What an executor counts of one partition."""
    with tempfile.TemporaryDirectory(prefix="discovery-") as folder:
        part = Path(folder) / "part.parquet"
        spool.write(batches, part)
        with duck.connect(threads=1, memory_limit=spool.memory_limit, scratch=Path(folder) / "spill") as con:
            return profiling.counted_here(con, plan, part, today)


def of_places(
    settings: Settings, places: Sequence[str], *, today: date
) -> tuple[profiling.Profile, tuple[FileRead, ...]]:
    """What the columns of tables look like that Spark reads, and the places that were refused."""
    tables: list[profiling.TableProfile] = []
    refused: list[FileRead] = []
    con = duck.connect(threads=settings.threads, memory_limit=settings.memory_limit)
    with opened(settings) as session:
        from py4j.protocol import Py4JError
        from pyspark.errors import PySparkException

        for place in places:
            try:
                found = read(session, place)
                rows = found.frame.count()
                parts = SparkParts(found.name, found.columns, rows, found.frame, settings.memory_limit)
                tables.append(profiling.of_parts(con, parts, today=today))
            except InputRefused as refusal:
                refused.append(_refused(place, f"{refusal.reason} {refusal.action}"))
            except (PySparkException, Py4JError) as error:
                refused.append(_refused(place, f"Spark can't read it: {_condition(error)}. {ELSEWHERE}"))
    return profiling.Profile(tables=tuple(tables)), tuple(refused)


def _refused(place: str, reason: str) -> FileRead:
    return FileRead(file=place, status="refused", reason=reason)


def _condition(error: Exception) -> str:
    """What kind of error it is, in Spark's words; its sentences may quote a row."""
    conditions = re.findall(r"\[([A-Z][A-Z_]+)[.\]]", str(error))
    return conditions[-1].replace("_", " ").lower() if conditions else type(error).__name__
