"""The contract of offered mappings: one row a target field that something is offered for."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd
import pandera.pandas as pa

from discovery_pipeline.engine.mapping.model import MappedField


class MappedFields(pa.DataFrameModel):
    """One row a mapped target field."""

    target: str = pa.Field(description="the system, e.g. aws-mgn")
    source_table: str = pa.Field(description="whose rows fill the field")
    source_field: str = pa.Field(description="empty for a constant")
    target_table: str = pa.Field(description="what a row of it is, e.g. server")
    target_field: str = pa.Field(description="as in the target's contract")
    transformation: str = pa.Field(nullable=True, description="how the value becomes the target's")
    data_type: str = pa.Field(
        isin=["string", "integer", "float", "boolean", "datetime", "json"], description="of the value that comes out"
    )
    confidence: float = pa.Field(ge=0, le=1, description="calibrated: how likely a reviewer agrees")

    class Config(pa.DataFrameModel.Config):
        """Nothing else stands in it, and one target field is filled once from a table."""

        strict = True
        unique = ["target", "source_table", "target_table", "target_field"]  # noqa: RUF012


def frame(fields: Iterable[tuple[str, MappedField]]) -> pd.DataFrame:
    """Mapped fields with their target's name, one row each."""
    columns = list(MappedFields.to_schema().columns)
    rows = [{"target": target} | field.model_dump(include=set(columns)) for target, field in fields]
    texts = [c for c in columns if c != "confidence"]
    return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(texts, "str") | {"confidence": float})
