"""The contract of a risk assessment: one row a risk."""

from __future__ import annotations

from typing import get_args

import pandas as pd
import pandera.pandas as pa

from discovery_pipeline.engine.risk.model import LEVELS, Category, RiskAssessment


class Risks(pa.DataFrameModel):
    """One row a thing that may go wrong in the move."""

    category: str = pa.Field(isin=list(get_args(Category)), description="what it would harm")
    title: str = pa.Field(str_length={"min_value": 1}, description="what may go wrong")
    likelihood: str = pa.Field(isin=list(LEVELS), description="how likely it is")
    impact: str = pa.Field(isin=list(LEVELS), description="how much it would harm")
    evidence: int = pa.Field(ge=1, description="counted facts that it rests on")
    mitigation: str = pa.Field(str_length={"min_value": 1}, description="what to do about it")

    class Config(pa.DataFrameModel.Config):
        """Nothing else stands in it."""

        strict = True


def frame(assessment: RiskAssessment) -> pd.DataFrame:
    """The risks of an assessment, one row each."""
    columns = Risks.to_schema().columns
    rows = [risk.model_dump(include=set(columns)) | {"evidence": len(risk.evidence)} for risk in assessment.risks]
    return pd.DataFrame(rows, columns=list(columns)).astype(
        {name: int if name == "evidence" else "str" for name in columns}
    )
