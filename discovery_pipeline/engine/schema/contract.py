"""The contract of found references: one row a column pair."""

from __future__ import annotations

import pandas as pd
import pandera.pandas as pa

from discovery_pipeline.engine.schema.model import SchemaAnalysis


class References(pa.DataFrameModel):
    """One row a foreign key."""

    table: str = pa.Field(description="that refers")
    columns: str = pa.Field(description="that refer, joined by a comma")
    ref_table: str = pa.Field(description="that is referred to")
    ref_columns: str = pa.Field(description="its key, joined by a comma")
    coverage: float = pa.Field(ge=0, le=1, description="share of non-null rows that have a match")
    orphans: int = pa.Field(ge=0, description="non-null rows without a match")
    confidence: float = pa.Field(ge=0, le=1, description="how surely it is a reference and no chance")

    class Config(pa.DataFrameModel.Config):
        """Nothing else stands in it."""

        strict = True


def frame(analysis: SchemaAnalysis) -> pd.DataFrame:
    """The references of an analysis, one row each."""
    rows = [
        {
            "table": key.table,
            "columns": ", ".join(key.columns),
            "ref_table": key.ref_table,
            "ref_columns": ", ".join(key.ref_columns),
            "coverage": key.coverage,
            "orphans": key.orphans,
            "confidence": key.confidence,
        }
        for key in analysis.foreign_keys
    ]
    schema = References.to_schema()
    return pd.DataFrame(rows, columns=list(schema.columns)).astype(
        {"coverage": float, "confidence": float, "orphans": int, "table": "str", "columns": "str",
         "ref_table": "str", "ref_columns": "str"}
    )  # fmt: skip
