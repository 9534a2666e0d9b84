"""The contract of rejected rows: one row a source row that a target does not take."""

from __future__ import annotations

import pandera.pandas as pa


class RejectedRows(pa.DataFrameModel):
    """One row a source row that a target does not take."""

    target: str
    table: str
    file: str = pa.Field(description="as uploaded")
    line: int = pa.Field(ge=0, description="1-based line in the source file")
    row: int = pa.Field(ge=0, description="0-based in its table")
    reasons: str = pa.Field(str_length={"min_value": 1}, description="every reason, joined by '; '")
    record: str = pa.Field(description="the source row as JSON")

    class Config(pa.DataFrameModel.Config):
        """Nothing else stands in it, and a row is rejected once a target."""

        strict = True
        unique = ["target", "table", "row"]  # noqa: RUF012
