"""Schemas: a contract as pandera judges it, over text as it stands in a target's file.

`schema` is the whole of it, for a file read back. A large table is judged by parts: `column` over the distinct
values of a field, and `presence` over which fields of a row hold anything, which is all that its row rules ask.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from discovery_pipeline.engine import patterns
from discovery_pipeline.engine.targets.contract import TargetField, TargetRule, TargetTable
from discovery_pipeline.engine.targets.forms import SAID, form, is_list, item_type

if TYPE_CHECKING:
    import pandas as pd
    import pandera.pandas as pa

KNOWS_NONE = "holds none of the names that the target knows"
NOT_LISTED = "is not one of"


@dataclass(frozen=True, slots=True)
class ValueRule:
    """What every value of a field must be."""

    rule: str  # its stable id: type, allowed, pattern, range or length
    says: str  # what is wrong with a value that breaks it: "'x' …"
    holds: Callable[[pd.Series], pd.Series]


@dataclass(frozen=True, slots=True)
class RowRule:
    """What every row must be, over which of its fields hold a value."""

    rule: str
    says: str
    fields: tuple[str, ...]
    holds: Callable[[pd.DataFrame], pd.Series]


def value_rules(field: TargetField) -> tuple[ValueRule, ...]:
    """The rules of one field's values, the most telling first."""
    return tuple(_value_rules(field))


def _value_rules(field: TargetField) -> Iterable[ValueRule]:
    if shape := form(field):
        whole, kind = re.compile(shape), SAID[item_type(field)]
        says = f"is not {kind}" if not is_list(field) else f"holds what is not {kind}"
        yield ValueRule("type", says, lambda values: values.str.fullmatch(whole))
    if field.type == "boolean":
        return
    if field.allowed and field.match == "contains":
        known = re.compile("|".join(re.escape(a) for a in field.allowed))
        says = f"{KNOWS_NONE}{_some(field.allowed)}"
        yield ValueRule("allowed", says, lambda values: values.str.contains(known))
    elif field.allowed:
        says = f"{NOT_LISTED} {', '.join(field.allowed[:12])}{' …' if len(field.allowed) > 12 else ''}"
        yield ValueRule("allowed", says, lambda values: values.isin(field.allowed))
    if field.pattern:
        yield ValueRule("pattern", f"doesn't fit {field.pattern}", _fitting(field.pattern))
    if field.minimum is not None:
        least = field.minimum
        yield ValueRule("range", f"is below {least:.15g}", lambda values: _numbers(values) >= least)
    if field.maximum is not None:
        most = field.maximum
        yield ValueRule("range", f"is above {most:.15g}", lambda values: _numbers(values) <= most)
    if field.max_length is not None:
        longest = field.max_length
        says = f"is longer than {longest} characters"
        yield ValueRule("length", says, lambda values: values.str.len() <= longest)


def _fitting(pattern: str) -> Callable[[pd.Series], pd.Series]:
    """What looks for a pattern; not by str.contains, which takes Python's."""

    def holds(values: pd.Series) -> pd.Series:
        import pandas as pd

        return pd.Series(patterns.fitting(pattern, values.astype(str)), index=values.index, dtype=bool)

    return holds


def _numbers(values: pd.Series) -> pd.Series:
    """As numbers; what is none compares as false."""
    import pandas as pd

    return pd.to_numeric(values, errors="coerce")


def row_rules(table: TargetTable, columns: Sequence[str]) -> tuple[RowRule, ...]:
    """The rules across the fields of one row; those of a keyed name go for every column under it."""
    return tuple(_row_rules(table, columns))


def _row_rules(table: TargetTable, columns: Sequence[str]) -> Iterable[RowRule]:
    for rule in table.rules:
        if rule.kind == "at_least_one_of":
            wanted = ", ".join(" with ".join(g) for g in rule.groups)
            fields = tuple(f for g in rule.groups for f in g)
            yield RowRule(rule.kind, f"identifies no {table.name}: one of {wanted} is needed", fields, _any_group(rule))
        if rule.kind == "together":
            says = f"{' and '.join(rule.fields)} go only together"
            yield RowRule(rule.kind, says, rule.fields, _all_or_none(rule.fields))
        if rule.kind == "identifies":
            for name, *about in rule.groups:
                others = under(table, about, columns)
                if others:
                    says = f"{', '.join(others)} describes what {name} doesn't name"
                    yield RowRule(rule.kind, says, (name, *others), _named(name, others))


def under(table: TargetTable, names: Iterable[str], columns: Sequence[str]) -> tuple[str, ...]:
    """The columns that go by these names, under whatever key."""
    known = {f.name: f for f in table.fields}
    return tuple(c for n in names for c in columns if c == n or (n in known and known[n].stands_for(c)))


def column(field: TargetField) -> pa.Column:
    """A field as pandera judges its values: the check of number n is rule n of `value_rules`."""
    import pandera.pandas as pa

    checks = [pa.Check(r.holds, name=r.rule, error=r.says) for r in value_rules(field)]
    if field.unique:
        # Not pandera's own `unique`, for which two empty cells are one value twice.
        checks.append(pa.Check(lambda values: ~values.duplicated(), name="unique", error="stands twice"))
    return pa.Column(str, checks=checks, nullable=not field.required, title=field.name, description=field.description)


def presence(table: TargetTable, columns: Sequence[str]) -> tuple[pa.DataFrameSchema, tuple[RowRule, ...]]:
    """Row rules over a frame that holds any text where a field holds a value: check n is rule n."""
    import pandera.pandas as pa

    rules = (*_required(table), *row_rules(table, columns))
    checks = [pa.Check(r.holds, name=r.rule, error=r.says, ignore_na=False) for r in rules]
    return pa.DataFrameSchema(checks=checks), rules


def schema(table: TargetTable, columns: Sequence[str] | None = None) -> pa.DataFrameSchema:
    """The whole contract of one file, over these columns in this order (default: all that don't need a key)."""
    import pandera.pandas as pa

    named = tuple(columns) if columns is not None else tuple(f.name for f in table.fields if not f.template)
    checks = [pa.Check(r.holds, name=r.rule, error=r.says, ignore_na=False) for r in row_rules(table, named)]
    checks += [
        pa.Check(_agrees(key, other), name=rule.kind, error=f"{other} differs for one {key}", ignore_na=False)
        for rule in table.rules
        if rule.kind == "no_conflict"
        for key, *about in rule.groups
        for other in under(table, about, named)
        if key in named
    ]
    return pa.DataFrameSchema(
        {name: column(table.field(name)) for name in named}, checks=checks, strict=True, ordered=True, name=table.file
    )


def _required(table: TargetTable) -> Iterable[RowRule]:
    for field in table.fields:
        if field.required:
            yield RowRule("required", f"{field.name} is needed and is empty", (field.name,), _any_of((field.name,)))


def _filled(frame: pd.DataFrame, name: str) -> pd.Series:
    """Whether a row holds that field; a column that isn't there holds nothing."""
    import pandas as pd

    return frame[name].notna() if name in frame else pd.Series(data=False, index=frame.index)


def _all_of(frame: pd.DataFrame, names: Iterable[str]) -> pd.Series:
    import pandas as pd

    held = pd.Series(data=True, index=frame.index)
    for name in names:
        held &= _filled(frame, name)
    return held


def _any_of(names: Sequence[str]) -> Callable[[pd.DataFrame], pd.Series]:
    def holds(frame: pd.DataFrame) -> pd.Series:
        held = ~_all_of(frame, ())
        for name in names:
            held |= _filled(frame, name)
        return held

    return holds


def _any_group(rule: TargetRule) -> Callable[[pd.DataFrame], pd.Series]:
    def holds(frame: pd.DataFrame) -> pd.Series:
        held = ~_all_of(frame, ())
        for group in rule.groups:
            held |= _all_of(frame, group)
        return held

    return holds


def _all_or_none(names: Sequence[str]) -> Callable[[pd.DataFrame], pd.Series]:
    return lambda frame: _all_of(frame, names) | ~_any_of(names)(frame)


def _named(name: str, others: Sequence[str]) -> Callable[[pd.DataFrame], pd.Series]:
    return lambda frame: _filled(frame, name) | ~_any_of(others)(frame)


def _agrees(key: str, other: str) -> Callable[[pd.DataFrame], pd.Series]:
    return lambda frame: frame.groupby(key, dropna=True)[other].transform("nunique").fillna(0) <= 1


def _some(names: Sequence[str]) -> str:
    return f" ({', '.join(names[:3])}, …)" if names else ""
