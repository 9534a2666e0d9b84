"""Rejected rows of all targets, in one log."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.validation.model import REJECTED_COLUMNS, RejectedLog, Verdict


def together(con: duckdb.DuckDBPyConnection, verdicts: Sequence[Verdict], into: Path) -> RejectedLog:
    """The rejected rows of these verdicts, in their order, as one Parquet file below `into`."""
    columns = ", ".join(duck.name(column) for column in (*REJECTED_COLUMNS, "record"))
    each = (f"(SELECT {columns} FROM {duck.parquet(v.rejected)})" for v in verdicts)
    log = into / "rejected_rows.parquet"
    return RejectedLog(path=log, count=duck.write(con, " UNION ALL ".join(each), log))
