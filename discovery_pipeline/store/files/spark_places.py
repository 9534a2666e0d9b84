"""Places that Spark reads, and what it may not be asked to.

A place is a Parquet or regular CSV file, a folder of such files, a URL that both Spark and fsspec can open, or
`table:NAME` for a table of Spark's catalog.
"""

# pyright: reportMissingImports=false

from __future__ import annotations

import posixpath
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from discovery_pipeline.engine.intake.kinds import Kind, kind_of
from discovery_pipeline.engine.profiling import in_place
from discovery_pipeline.engine.tables import Column, columns_named
from discovery_pipeline.errors import InputRefused

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

TABLE = "table:"
HEAD = 1 << 20
"""Bytes of a text by which is told how it is written."""
ELSEWHERE = "Profile it with DISCOVERY_ENGINE=duckdb."


@dataclass(frozen=True, slots=True)
class Found:
    """A table in Spark's eyes."""

    name: str
    columns: tuple[Column, ...]
    frame: DataFrame  # its columns under the columns' keys, empty text null


def read(session: SparkSession, place: str) -> Found:
    """The table at a place.

    Raises
    ------
    InputRefused
        There is nothing there, or something that Spark would read otherwise than it is meant.
    """
    if place.startswith(TABLE):
        name = place.removeprefix(TABLE)
        return _typed(name.rpartition(".")[2], session.table(name))
    path, head = _head(place)
    name = PurePosixPath(path).stem
    with tempfile.TemporaryDirectory(prefix="discovery-") as folder:
        start = Path(folder) / PurePosixPath(path).name
        start.write_bytes(head)
        kind = kind_of(start)
        if kind is Kind.PARQUET:
            return _typed(name, session.read.parquet(path))
        if kind is Kind.DELIMITED:
            return _text(session, name, path, start)
    raise InputRefused(place, f"Spark is not asked to read {kind.value}.", ELSEWHERE)


def _head(place: str) -> tuple[str, bytes]:
    """The place as Spark has it, and the first bytes of its first file, cut at a line where that can be done."""
    import fsspec

    files, path = fsspec.core.url_to_fs(place)
    try:
        inside = sorted(files.find(path)) if files.isdir(path) else [path]
        data = [f for f in inside if not posixpath.basename(f).startswith(("_", "."))]
        if not data:
            raise InputRefused(place, "The folder holds no files.", "Check the path.")
        with files.open(data[0], "rb") as stream:
            head: bytes = stream.read(HEAD)
    except FileNotFoundError:
        raise InputRefused(place, "There is no such file.", "Check the path.") from None
    whole = len(head) < HEAD or b"\n" not in head
    named = place if "://" in place else f"file://{Path(place).resolve()}"  # not quoted: Hadoop takes "%20" for itself
    return named, head if whole else head[: head.rfind(b"\n") + 1]


def _typed(name: str, frame: DataFrame) -> Found:
    columns = columns_named(frame.columns)
    return Found(name, columns, _without_empty_texts(frame.toDF(*(c.key for c in columns))))


def _text(session: SparkSession, name: str, path: str, head: Path) -> Found:
    """A CSV file, read as its head is written. A row that doesn't fit fails the reading, and is never made to fit."""
    found = in_place.regular(head)
    if found is None or found.first_line > found.layout.header_rows + 1:
        raise InputRefused(path, "Its first lines are not as regular as Spark wants them.", ELSEWHERE)
    columns = columns_named(found.names)
    options: dict[str, Any] = {
        "header": bool(found.layout.header_rows),
        "sep": found.dialect.delimiter,
        "quote": found.dialect.quote,
        "escape": found.dialect.escape,
        "multiLine": found.multiline,
        "mode": "FAILFAST",
        "enforceSchema": True,
        "maxCharsPerColumn": -1,
    }
    schema = ", ".join(f"{quoted(c.key)} string" for c in columns)
    frame = session.read.csv(path, schema=schema, **options)
    return Found(name, columns, _without_empty_texts(frame).dropna("all"))


def _without_empty_texts(frame: DataFrame) -> DataFrame:
    from pyspark.sql import functions as f

    texts = {name for name, kind in frame.dtypes if kind == "string"}
    cells = ((name, f.col(quoted(name))) for name in frame.columns)
    return frame.select(*(f.nullif(c, f.lit("")).alias(n) if n in texts else c for n, c in cells))


def quoted(name: str) -> str:
    """A column's name, quoted for Spark."""
    return "`" + name.replace("`", "``") + "`"
