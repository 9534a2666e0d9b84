"""The process that reads what users send: a line of JSON in, a line of JSON out, until standard input ends.

One that finds no room to work in ends with that error's number.

It stands outside `services`, whose libraries it doesn't need.
"""

from __future__ import annotations

import errno
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import duckdb
from pydantic import BaseModel, Field, RootModel

from discovery_pipeline.engine import disk, duck, intake
from discovery_pipeline.engine.cleansing.decisions import CellDecision
from discovery_pipeline.engine.intake.model import Choice, FileRead
from discovery_pipeline.engine.tables import Table
from discovery_pipeline.engine.validation import corrections
from discovery_pipeline.errors import DiskFullError, InputRefused

MOST_CORRECTED = 50_000
"""Cells that one file may correct: each becomes a decision with a name, a moment and a reason."""


class _Asked(BaseModel):
    path: Path
    scratch: Path = Field(description="folder to work in; it is gone afterwards")
    memory_limit: str
    threads: int | None


class Reading(_Asked):
    """What is in the file?"""

    kind: Literal["reading"] = "reading"
    chosen: tuple[Choice, ...] = Field(default=(), description="how parts of it are to be read")


class Correcting(_Asked):
    """Which cells of a table does the file correct?"""

    kind: Literal["correcting"] = "correcting"
    source: Table = Field(description="as it came")


class Found(BaseModel):
    """What is in one upload: a file, or those of an archive; and the first row that can't be read."""

    files: tuple[FileRead, ...]
    line: int | None = None
    reason: str | None = None


class Corrected(BaseModel):
    """What a file corrects, or why it isn't taken."""

    cells: tuple[CellDecision, ...] = ()
    refused: str | None = None


class _Question(RootModel[Reading | Correcting]):
    root: Reading | Correcting = Field(discriminator="kind")


def _read(asked: Reading) -> Found:
    with _connected(asked) as con:
        found = intake.read(con, [asked.path], asked.scratch / "tables", chosen=asked.chosen)
        rejected = "SELECT line, reason FROM read_parquet(?) ORDER BY line LIMIT 1"
        line, reason = con.execute(rejected, [str(found.rejected)]).fetchone() or (None, None)
    return Found(files=found.files, line=line, reason=reason)


def _corrected(asked: Correcting) -> Corrected:
    with _connected(asked) as con:
        came = intake.read(con, [asked.path], asked.scratch / "tables")
        if not came.tables:
            return Corrected(refused=f"{asked.path.name}: {came.files[0].reason or 'it holds no table.'}")
        try:
            returned = corrections.about(con, came.tables, asked.source)
            cells = corrections.corrected(con, returned, asked.source)
        except InputRefused as refusal:
            return Corrected(refused=str(refusal))
    return limited(asked.path.name, cells)


def limited(name: str, cells: Sequence[CellDecision]) -> Corrected:
    """The cells that the file of that name corrects, if they aren't too many."""
    if len(cells) > MOST_CORRECTED:
        many = f"it changes {len(cells):,} cells; at most {MOST_CORRECTED:,} are taken at once."
        return Corrected(refused=f"{name}: {many} Send the rows in several files, or mend the source and upload it.")
    return Corrected(cells=tuple(cells))


def _connected(asked: _Asked) -> duckdb.DuckDBPyConnection:
    return duck.connect(memory_limit=asked.memory_limit, threads=asked.threads, scratch=asked.scratch / "duckdb")


def serve() -> None:
    """Answer what standard input asks."""
    for line in sys.stdin:
        asked = _Question.model_validate_json(line).root
        try:
            with disk.room(asked.scratch):
                answer = _read(asked) if isinstance(asked, Reading) else _corrected(asked)
        except DiskFullError:
            sys.exit(errno.ENOSPC)
        finally:
            shutil.rmtree(asked.scratch, ignore_errors=True)
        print(answer.model_dump_json(), flush=True)


if __name__ == "__main__":
    serve()
