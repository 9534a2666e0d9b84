"""Rules as they come with a submitted mapping: a list of checks for each field.

    {"owner": [{"check": "not_null", "severity": "error"}],
     "ram": [{"check": "range", "min": 1, "max": 4096}]}

A field is a column of the source, or a field of the target, which stands for the columns mapped to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from discovery_pipeline.engine.mapping.model import Mapping as FieldMapping
from discovery_pipeline.engine.tables import Tables
from discovery_pipeline.engine.validation.demands import Demand, wrong_with
from discovery_pipeline.errors import InputRefused

_NAMES: dict[str, dict[str, str]] = {
    "not_null": {},
    "unique": {},
    "in": {"values": "allowed", "allowed": "allowed"},
    "pattern": {"pattern": "pattern", "regex": "pattern"},
    "range": {"min": "minimum", "max": "maximum", "minimum": "minimum", "maximum": "maximum"},
    "length": {"min": "min_length", "max": "max_length", "min_length": "min_length", "max_length": "max_length"},
    "date_order": {"not_after": "not_after", "before": "not_after"},
}
"""Arguments of each check, and what they are called in a demand."""
_SAID = {"allowed": "values", "minimum": "min", "maximum": "max", "min_length": "min", "max_length": "max"}
_FLAGS = {"not_null": "required", "unique": "unique"}
_COMMON = ("severity", "where", "action", "table")


def read(rules: Mapping[str, Sequence[Mapping[str, Any]]]) -> tuple[Demand, ...]:
    """What the rules ask, by field.

    Raises
    ------
    InputRefused
        Names every rule that can't be, and why.
    """
    asked, wrong = [], []
    for field, checks in rules.items():
        for check in checks:
            try:
                asked.append(_demand(field, check))
            except ValueError as fault:  # pydantic's errors are ValueErrors, too
                wrong.append(f"{field}: {_message(fault)}")
    if wrong:
        raise InputRefused("validation_rules", f"{'; '.join(wrong)}.", f"Checks are {', '.join(_NAMES)}.")
    return tuple(asked)


def resolved(demands: Iterable[Demand], tables: Tables, mapping: FieldMapping) -> tuple[Demand, ...]:
    """The demands on columns of the tables: one on a field of the target is one on each column mapped to it."""
    columns = {column.name for table in tables for column in table.columns}
    found: list[Demand] = []
    for demand in demands:
        fed = [f for f in mapping.fields if f.target_field == demand.column and f.source_field]
        if demand.column in columns or not fed:
            found.append(demand)
            continue
        found += [demand.model_copy(update={"column": f.source_field, "table": f.source_table}) for f in fed]
    return tuple(found)


def _demand(field: str, check: Mapping[str, Any]) -> Demand:
    kind = check.get("check")
    names = _NAMES.get(str(kind))
    if names is None:
        raise ValueError(f"there is no check {kind!r}")
    asked: dict[str, Any] = {_FLAGS[kind]: True} if kind in _FLAGS else {}
    for name, value in check.items():
        if name in _COMMON:
            asked[name] = value
        elif name != "check":
            if name not in names:
                allowed = f"takes {', '.join(names)}" if names else "takes nothing"
                raise ValueError(f"{kind} {allowed}, not {name!r}")
            asked[names[name]] = value
    given = [name for name in names.values() if asked.get(name) not in (None, [], ())]
    if names and not given:
        raise ValueError(f"{kind} needs {' or '.join(dict.fromkeys(_SAID.get(name, name) for name in names.values()))}")
    return Demand.model_validate({"column": field, **asked})


def _message(fault: ValueError) -> str:
    return wrong_with(fault) if isinstance(fault, ValidationError) else str(fault)
