"""The contract of a patch log: one row a change of a cell."""

from __future__ import annotations

import pandera.pandas as pa


class Patches(pa.DataFrameModel):
    """One row a change of a cell."""

    table: str
    row: int = pa.Field(ge=0, description="0-based in the source table")
    column: str = pa.Field(description="as in the file's header")
    before: str = pa.Field(nullable=True, description="null is an empty cell")
    after: str = pa.Field(nullable=True)
    rule: str
    tier: str = pa.Field(isin=["auto", "suggest", "review"])
    confidence: float = pa.Field(ge=0, le=1)
    reason: str

    class Config(pa.DataFrameModel.Config):
        """Nothing else stands in it."""

        strict = True
