"""The contract of profiles: one row a column."""

from __future__ import annotations

import pandas as pd
import pandera.pandas as pa

from discovery_pipeline.engine.profiling.model import Profile


class ColumnProfiles(pa.DataFrameModel):
    """One row a column of the upload."""

    table: str = pa.Field(description="the file's stem, with the sheet where a file holds several")
    column: str = pa.Field(description="as in the file's header")
    rows: int = pa.Field(ge=0, description="of the table")
    inferred_type: str = pa.Field(
        isin=["string", "integer", "float", "boolean", "date", "datetime", "json"], description="what most values are"
    )
    type_fit: float = pa.Field(ge=0, le=1, description="share of values that fit the type")
    semantic_type: str = pa.Field(nullable=True, description="what the values are: ip, mac, hostname, …")
    null_ratio: float = pa.Field(ge=0, le=1, description="nulls / rows")
    distinct_count: int = pa.Field(ge=0, description="different values, nulls not counted")
    quality: float = pa.Field(ge=0, le=1, description="weighted score of the quality dimensions")

    class Config(pa.DataFrameModel.Config):
        """Nothing else stands in it, and a column stands once."""

        strict = True
        unique = ["table", "column"]  # noqa: RUF012


def frame(profile: Profile) -> pd.DataFrame:
    """The columns of a profile, one row each."""
    rows = [
        {
            "table": table.name,
            "column": column.name,
            "rows": table.row_count,
            "inferred_type": column.inferred_type,
            "type_fit": column.type_fit,
            "semantic_type": column.semantic_type,
            "null_ratio": column.null_ratio,
            "distinct_count": column.distinct_count,
            "quality": column.quality.score,
        }
        for table in profile.tables
        for column in table.columns
    ]
    return pd.DataFrame(rows, columns=list(ColumnProfiles.to_schema().columns)).astype({"semantic_type": "str"})
