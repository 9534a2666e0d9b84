"""The contracts of validation: rejected rows, and the scores of a quality report."""

from __future__ import annotations

import pandas as pd
import pandera.pandas as pa

from discovery_pipeline.engine.validation.model import QualityReport


class RejectedRows(pa.DataFrameModel):
    """One row a source row that a target does not take."""

    target: str = pa.Field(description="the system, e.g. aws-mgn")
    table: str = pa.Field(description="of the source")
    file: str = pa.Field(description="as uploaded")
    line: int = pa.Field(ge=0, description="1-based line in the source file")
    row: int = pa.Field(ge=0, description="0-based in its table")
    reasons: str = pa.Field(str_length={"min_value": 1}, description="every reason, joined by '; '")
    record: str = pa.Field(description="the source row as JSON")

    class Config(pa.DataFrameModel.Config):
        """Nothing else stands in it, and a row is rejected once a target."""

        strict = True
        unique = ["target", "table", "row"]  # noqa: RUF012


class QualityScores(pa.DataFrameModel):
    """One row a quality dimension that can be measured on the data."""

    dimension: str = pa.Field(unique=True, description="e.g. completeness")
    before: float = pa.Field(ge=0, le=1, description="before cleansing")
    after: float = pa.Field(ge=0, le=1, description="after cleansing")
    weight: float = pa.Field(ge=0, le=1, description="its share of the score")

    class Config(pa.DataFrameModel.Config):
        """Nothing else stands in it."""

        strict = True


def frame(report: QualityReport) -> pd.DataFrame:
    """The dimensions of a report, one row each."""
    columns = QualityScores.to_schema().columns
    rows = [score.model_dump(include=set(columns)) for score in report.dimensions]
    kinds = {name: "str" if name == "dimension" else float for name in columns}
    return pd.DataFrame(rows, columns=list(columns)).astype(kinds)
