"""The values of artifacts: what stages hand to each other, and how it is written.

A value is one of the engines' models, or a list of one kind of them. Tables stay in Parquet files;
the value holds their places, relative to the flow's folder.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from discovery_pipeline.engine.cleansing.model import Cleansed, CleansingPlan, PatchLog
from discovery_pipeline.engine.delivery.model import Delivery
from discovery_pipeline.engine.intake.model import Intake
from discovery_pipeline.engine.mapping.model import Mapping, Suggestions
from discovery_pipeline.engine.profiling.model import Profile
from discovery_pipeline.engine.risk.model import RiskAssessment
from discovery_pipeline.engine.schema.model import SchemaAnalysis
from discovery_pipeline.engine.validation.model import QualityReport, RejectedLog, Verdict
from discovery_pipeline.flow.advice import Advice, Brief

VALUE = "value.json"
"""The file that holds a value, in the folder of its stage."""

Value = BaseModel | Sequence[BaseModel]

_KINDS: dict[str, type[BaseModel]] = {
    kind.__name__: kind
    for kind in (
        Intake, Profile, SchemaAnalysis, Suggestions, Mapping, CleansingPlan, Cleansed, PatchLog, Verdict,
        RejectedLog, QualityReport, RiskAssessment, Delivery, Brief, Advice,
    )
}  # fmt: skip


def encoded(value: Value, root: Path) -> str:
    """A value as JSON whose paths are relative to `root`."""
    many = not isinstance(value, BaseModel)
    items = (value,) if isinstance(value, BaseModel) else value
    kinds = {type(item).__name__ for item in items}
    if len(kinds) > 1 or not kinds <= _KINDS.keys():
        raise TypeError(f"stages hand on one kind of value, one of {sorted(_KINDS)}; not {sorted(kinds)}")
    dumped = [item.model_dump(mode="json", context={"root": root}) for item in items]
    # Not indented: that would take Python's own encoder, which is twenty times as slow.
    return json.dumps({"kind": next(iter(kinds), None), "many": many, "items": dumped}, ensure_ascii=False)


def decoded(text: str, root: Path) -> Value:
    """The value that `encoded` wrote, its paths below `root`."""
    held: dict[str, Any] = json.loads(text)
    items = [_KINDS[held["kind"]].model_validate(item, context={"root": root}) for item in held["items"]]
    return items if held["many"] else items[0]


def read(folder: Path) -> Value:
    """The value that a stage published in that folder."""
    return decoded((folder / VALUE).read_text(), folder)
