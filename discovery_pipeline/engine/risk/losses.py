"""Losses: what the approved mappings would lose of the real values, counted in one query a table.

Each mapped field is followed step by step through its transformation: where a value becomes empty, is rounded, loses
a part, or falls together with another. What the file on its own way loses (a spreadsheet, another encoding) is counted,
too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import duckdb

from discovery_pipeline.engine import duck, units
from discovery_pipeline.engine.mapping import transformations
from discovery_pipeline.engine.mapping.model import MappedField, Mapping
from discovery_pipeline.engine.mapping.transformations.operations import OPERATIONS
from discovery_pipeline.engine.risk.model import Facts
from discovery_pipeline.engine.tables import Table
from discovery_pipeline.engine.targets.contract import Target, TargetField

# UTF-8 read as Latin text leaves these pairs behind; U+FFFD stands where a reader gave up.
_MOJIBAKE = r"[ÃÂ][\x{80}-\x{BF}ŒœŠšŸŽžƒˆ˜–—‘’‚“”„†‡•…‰‹›€™]|â€|\x{FFFD}"
_NOISE = 1e-12  # of a number: what working with doubles costs by itself
_TOO_LONG_FOR_DOUBLES = 16
"""Digits from which a spreadsheet, and every reader that takes numbers for IEEE doubles, changes the last ones."""


@dataclass(frozen=True, slots=True)
class FieldLoss:
    """What one mapped field loses; counts of source values, except where a name says otherwise."""

    field: MappedField
    target: str
    identity: bool
    filled: int
    emptied: int
    examples: list[str]  # of values that become empty: first and last; never personal
    unitless: int  # bare numbers read in a unit that only other values, or nobody, state
    rounded: int
    furthest: float | None  # most that rounding takes from a value, as a share of it
    cut: int  # values of which a part is left out
    merged: int  # distinct values of an identity that fall together with another
    reworded: int  # distinct values that become the same word as another
    too_long: int
    longest: int
    max_length: int | None
    not_ascii: int
    garbled: int
    leading_zeros: int
    long_numbers: int

    @property
    def place(self) -> str:
        """From where to where, as people read it."""
        return f"{self.field.source_table}.{self.field.source_field} → {self.target} {self.field.target_field}"


def field_losses(con: duckdb.DuckDBPyConnection, facts: Facts) -> tuple[FieldLoss, ...]:
    """What each mapped field of each target loses, in the mappings' order."""
    personal = {(t.name, c.name) for t in facts.profile.tables for c in t.columns if c.pii}
    return tuple(
        replace(loss, examples=[]) if (table.name, loss.field.source_field) in personal else loss
        for mapping in facts.mappings
        for table in facts.tables
        for loss in _of_table(con, table, mapping, facts.targets.get(mapping.target))
    )


def _of_table(
    con: duckdb.DuckDBPyConnection, table: Table, mapping: Mapping, target: Target | None
) -> Iterable[FieldLoss]:
    fields = [f for f in mapping.fields if f.source_table == table.name and f.source_field]
    if not fields:
        return
    contracts = [_contract(field, target) for field in fields]
    rows, values = _steps(table, fields)
    counted = [_struct(_counts(*each)) for each in zip(fields, values, contracts, strict=True)]
    counts = con.execute(f"SELECT {', '.join(counted)} FROM {rows}").fetchone() or ()
    for field, contract, found in zip(fields, contracts, counts, strict=True):
        yield FieldLoss(
            field=field,
            target=mapping.target,
            identity=_identifies(contract),
            max_length=contract.max_length if contract else None,
            **found,
        )


def _steps(table: Table, fields: Sequence[MappedField]) -> tuple[str, list[list[str]]]:
    """A FROM item with every field's value after every step, and the names of these values.

    Each step is a column over the one before: written into each other, steps would be computed anew for each count.
    """
    rows, names = duck.scan(table), [[duck.col(table.column(field.source_field))] for field in fields]
    for level in range(max(len(_parsed(field)) for field in fields)):
        added = []
        for i, field in enumerate(fields):
            steps = _parsed(field)
            if level < len(steps):
                step = transformations.Transformation((steps[level],))
                made = duck.name(f"__step_{i}_{level}")
                added.append(
                    f"{transformations.compile(step, _so_far(table, field, i, level), field.source_field)} AS {made}"
                )
                names[i].append(made)
        rows = f"(SELECT *, {', '.join(added)} FROM {rows})"
    return rows, names


def _so_far(table: Table, field: MappedField, place: int, level: int) -> Table:
    """The table as one step sees it: where the source field stood, stands what the steps before made of it."""
    if level == 0:
        return table
    made = {"key": f"__step_{place}_{level - 1}"}
    columns = (c.model_copy(update=made) if c.name == field.source_field else c for c in table.columns)
    return table.model_copy(update={"columns": tuple(columns)})


def _parsed(field: MappedField) -> tuple[transformations.Step, ...]:
    return transformations.parse(field.transformation).steps if field.transformation else ()


def _struct(expressions: dict[str, str]) -> str:
    return "{" + ", ".join(f"{duck.text(name)}: {sql}" for name, sql in expressions.items()) + "}"


def _contract(field: MappedField, target: Target | None) -> TargetField | None:
    if target is None:
        return None
    fields = (f for t in target.tables if t.name == field.target_table for f in t.fields)
    return next((f for f in fields if f.name == field.target_field), None)


def _identifies(contract: TargetField | None) -> bool:
    return contract is not None and (contract.identity or contract.unique)


def _counts(field: MappedField, made: Sequence[str], contract: TargetField | None) -> dict[str, str]:
    """Aggregates over one field, by the name of the count; `made` are its values from the source to the result."""
    source, result = made[0], made[-1]
    emptied = f"{source} IS NOT NULL AND {result} IS NULL"
    steps = list(zip(_parsed(field), pairwise(made), strict=True))
    off = ", ".join(filter(None, (_off(step, *values) for step, values in steps)))
    cut = " OR ".join(_cut(*values) for step, values in steps if OPERATIONS[step.operation].cuts)
    merges = _identifies(contract) and source != result
    rewords = not merges and any(step.operation in {"map_values", "lookup"} for step, _ in steps)
    limit = contract.max_length if contract else None
    beyond_ascii = f"length({result}) <> strlen({result})"
    return {
        "filled": f"count({source})",
        "emptied": f"count(*) FILTER ({emptied})",
        "examples": f"list_distinct([min({source}) FILTER ({emptied}), max({source}) FILTER ({emptied})])",
        "unitless": f"count(*) FILTER ({_bare(source)})" if _assumes_a_unit(field) else "0",
        "rounded": f"count(*) FILTER (greatest({off}) > {_NOISE})" if off else "0",
        "furthest": f"max(greatest({off}))" if off else "NULL",
        "cut": f"count(*) FILTER ({cut})" if cut else "0",
        "merged": f"greatest(0, count(DISTINCT {source}) FILTER ({result} IS NOT NULL) - count(DISTINCT {result}) "
        f"FILTER ({source} IS NOT NULL))"  # what other columns add tells more apart, and fills what is empty
        if merges
        else "0",
        "reworded": f"count(DISTINCT lower(trim({source}))) FILTER ({result} IS NOT NULL) - count(DISTINCT {result})"
        if rewords
        else "0",
        "too_long": f"count(*) FILTER (length({result}) > {limit})" if limit else "0",
        "longest": f"coalesce(max(length({result})), 0)",
        "not_ascii": f"count(*) FILTER ({beyond_ascii})",
        "garbled": f"count(*) FILTER ({beyond_ascii} AND regexp_matches({result}, {duck.text(_MOJIBAKE)}))",
        "leading_zeros": f"count(*) FILTER ({result} LIKE '0%' AND regexp_full_match({result}, '0[0-9]+'))",
        "long_numbers": f"count(*) FILTER (regexp_full_match({result}, '[0-9]{{{_TOO_LONG_FOR_DOUBLES},}}'))",
    }


def _off(step: transformations.Step, before: str, after: str) -> str:
    """What a step's rounding takes from a number, as a share of it; empty where it rounds nothing."""
    exact = OPERATIONS[step.operation].exact
    if exact is None:
        return ""
    share = f"abs(__exact - TRY_CAST({after} AS DOUBLE)) / greatest(abs(__exact), 1e-300)"
    return f"list_transform([{exact(before, step.arguments)}], lambda __exact: {share})[1]"


def _cut(before: str, after: str) -> str:
    """Whether a step leaves out something that says anything: midnight is only how a day is written."""
    return f"(trim({before}) <> {after} AND NOT ends_with({before}, ' 00:00:00'))"


def _assumes_a_unit(field: MappedField) -> bool:
    """Whether values are converted from a unit that the header doesn't state."""
    return units.in_header(field.source_field) is None and any(step.operation == "convert" for step in _parsed(field))


def _bare(value: str) -> str:
    return f"regexp_full_match({value}, '\\s*[0-9][0-9.,]*\\s*')"
