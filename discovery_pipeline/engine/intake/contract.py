"""The contract of what intake hands on: one row a table."""

from __future__ import annotations

import pandas as pd
import pandera.pandas as pa

from discovery_pipeline.engine.intake.model import Intake


class SourceTables(pa.DataFrameModel):
    """One row a table that was read."""

    table: str = pa.Field(unique=True, description="the file's stem, with the sheet where a file holds several")
    file: str = pa.Field(description="as uploaded")
    rows: int = pa.Field(ge=1, description="rows read")
    columns: int = pa.Field(ge=1, description="columns under a header")
    rejected: int = pa.Field(ge=0, description="rows that can't be read, kept with line and reason")

    class Config(pa.DataFrameModel.Config):
        """Nothing else stands in it."""

        strict = True


def frame(intake: Intake) -> pd.DataFrame:
    """The tables of an intake, one row each."""
    return pd.DataFrame(
        [
            {
                "table": read.table.name,
                "file": read.table.source.file,
                "rows": read.table.row_count,
                "columns": len(read.table.columns),
                "rejected": read.rejected_count,
            }
            for file in intake.files
            for read in file.tables
        ],
        columns=["table", "file", "rows", "columns", "rejected"],
    )
