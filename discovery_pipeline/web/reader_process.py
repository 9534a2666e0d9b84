"""The process that reads uploads: a line of JSON in, a line of JSON out, until standard input ends.

It stands outside `services`, whose libraries it doesn't need.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from pydantic import BaseModel

from discovery_pipeline.engine import duck, intake
from discovery_pipeline.engine.intake.model import Choice, FileRead


class Found(BaseModel):
    """What is in one upload: a file, or those of an archive; and the first row that can't be read."""

    files: tuple[FileRead, ...]
    line: int | None = None
    reason: str | None = None


def _read(path: Path, scratch: Path, chosen: list[Choice], memory_limit: str, threads: int | None) -> Found:
    try:
        with duck.connect(memory_limit=memory_limit, threads=threads, scratch=scratch / "duckdb") as con:
            found = intake.read(con, [path], scratch / "tables", chosen=chosen)
            rejected = "SELECT line, reason FROM read_parquet(?) ORDER BY line LIMIT 1"
            line, reason = con.execute(rejected, [str(found.rejected)]).fetchone() or (None, None)
        return Found(files=found.files, line=line, reason=reason)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def serve() -> None:
    """Answer what standard input asks."""
    for question in sys.stdin:
        asked = json.loads(question)
        path, scratch = Path(asked.pop("path")), Path(asked.pop("scratch"))
        chosen = [Choice.model_validate(said) for said in asked.pop("chosen")]
        print(_read(path, scratch, chosen, **asked).model_dump_json(), flush=True)


if __name__ == "__main__":
    serve()
