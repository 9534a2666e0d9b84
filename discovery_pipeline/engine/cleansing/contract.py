"""The contracts of cleansing: a plan has a row a rule that applies to a column, a patch log a row a changed cell."""

from __future__ import annotations

import pandas as pd
import pandera.pandas as pa

from discovery_pipeline.engine.cleansing.model import CleansingPlan

TIERS = ["auto", "suggest", "review"]


class PlannedRules(pa.DataFrameModel):
    """One row a rule that applies to a column."""

    table: str = pa.Field(description="of the source")
    column: str = pa.Field(description="as in the file's header")
    rule: str = pa.Field(description="stable id, e.g. mac.canonical")
    tier: str = pa.Field(isin=TIERS, description="auto runs by itself; the others wait for a person")
    confidence: float = pa.Field(ge=0, le=1, description="how surely it mends and doesn't harm")
    cells: int = pa.Field(ge=0, description="it would change, where that is known before it runs")

    class Config(pa.DataFrameModel.Config):
        """Nothing else stands in it."""

        strict = True


def frame(plan: CleansingPlan) -> pd.DataFrame:
    """The rules of a plan, one row each."""
    columns = PlannedRules.to_schema().columns
    rows = [rule.model_dump(include=set(columns)) for rule in plan.rules]
    kinds = {"confidence": float, "cells": int}
    return pd.DataFrame(rows, columns=list(columns)).astype({name: kinds.get(name, "str") for name in columns})


class Patches(pa.DataFrameModel):
    """One row a change of a cell."""

    table: str = pa.Field(description="of the source")
    row: int = pa.Field(ge=0, description="0-based in the source table")
    column: str = pa.Field(description="as in the file's header")
    before: str = pa.Field(nullable=True, description="null is an empty cell")
    after: str = pa.Field(nullable=True, description="null is an empty cell")
    rule: str = pa.Field(description="which changed it, e.g. mac.canonical")
    tier: str = pa.Field(isin=TIERS, description="auto runs by itself; the others are what a person decided")
    confidence: float = pa.Field(ge=0, le=1, description="how surely the rule mends and doesn't harm")
    reason: str = pa.Field(description="why, in words")

    class Config(pa.DataFrameModel.Config):
        """Nothing else stands in it."""

        strict = True
