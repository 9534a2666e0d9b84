"""Findings of a validation: every rule that something broke, counted by column, with examples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.findings import Dimension, Finding, Severity
from discovery_pipeline.engine.mapping.transformations.nearness import Nearness
from discovery_pipeline.engine.targets import TargetField
from discovery_pipeline.engine.targets.forms import SAID, item_type
from discovery_pipeline.engine.targets.writing import constraints
from discovery_pipeline.engine.validation.feeds import NOT_MAPPED, Plan, Refusal

_DIMENSIONS = {
    "required": Dimension.COMPLETENESS,
    "at_least_one_of": Dimension.COMPLETENESS,
    "placeholder": Dimension.COMPLETENESS,
    NOT_MAPPED: Dimension.COMPLETENESS,
    "together": Dimension.CONSISTENCY,
    "identifies": Dimension.CONSISTENCY,
    "no_conflict": Dimension.CONSISTENCY,
    "references": Dimension.CONSISTENCY,
    "unique": Dimension.UNIQUENESS,
    "demand.required": Dimension.COMPLETENESS,
    "demand.unique": Dimension.UNIQUENESS,
    "demand.newer_than_days": Dimension.TIMELINESS,
    "demand.not_after": Dimension.CONSISTENCY,
    "duplicate": Dimension.UNIQUENESS,
}

_ACTIONS = {
    "type": "Correct the values at their source, or map the field through a transformation that reads them.",
    "conversion": "Correct the values at their source, or use a transformation that reads them.",
    "item": "Correct the items that were left out, at their source.",
    "placeholder": "Fill in the values at their source if the target shall have them.",
    "allowed": "Add the spellings to the mapping with map_values, or correct them at their source.",
    "pattern": "Correct the values at their source.",
    "range": "Check the unit (convert) and the values at their source.",
    "length": "Shorten the values at their source, or map a shorter column.",
    "required": "Fill in the field at the source, or map another column to it.",
    "at_least_one_of": "Fill in one of the identifying fields at the source, or map another column to one.",
    "together": "Fill in both fields at the source, or none.",
    "identifies": "Fill in the name at the source, or take the description out of the mapping.",
    "no_conflict": "Make the rows agree at their source; the first one was taken.",
    "unique": "Decide which of the rows is right; the first one was taken.",
    "duplicate": "Nothing: the row is there already.",
    "demand": "Correct the values at their source, or make the rule a warning.",
    "references": "Deliver what the rows refer to, or correct the reference.",
    NOT_MAPPED: "Map the column that identifies the thing, if the table belongs to this target.",
}


_WHY = {
    "conversion": "is made by a transformation that can't read the value",
    "placeholder": "would be filled with a word that stands for no value",
    "required": "is needed and is empty",
    "at_least_one_of": "has none of the fields that identify it",
    "together": "has one of two fields that go only together",
    "identifies": "describes something that it doesn't name",
    "no_conflict": "contradicts an earlier row",
    "unique": "is taken by an earlier row with other values",
    "duplicate": "is a duplicate of an earlier one",
    "references": "refers to what isn't delivered",
}


def findings(con: duckdb.DuckDBPyConnection, plan: Plan, rejected: Path) -> Iterator[Finding]:
    """From the `issues` and `rewritten` tables of one validation and its rejected rows, by table, field and rule."""
    found = con.execute("""
        SELECT source, field, source_column, rule, fatal, sum(n), max_by(example, (n, example), 5), min(place) AS place
        FROM (SELECT source, field, source_column, rule, fatal, coalesce(before, reason)[:80] AS example,
                  count(*) AS n, min(place) AS place
              FROM issues GROUP BY ALL)
        GROUP BY source, field, source_column, rule, fatal
        ORDER BY source, place, field, rule, fatal
    """).fetchall()
    for source, field, column, rule, fatal, count, examples, _ in found:
        table = plan.tables[source]
        effect = "rows are rejected" if fatal else "lists are shortened" if rule == "item" else "values are left empty"
        yours = rule.startswith("demand.")
        why = "a rule of yours isn't met" if yours else _why(plan, source, field, rule)
        yield Finding(
            table=table.name,
            column=column or None,
            rule=rule,
            severity=Severity.ERROR if fatal else Severity.WARNING,
            dimension=_DIMENSIONS.get(rule, Dimension.ACCURACY),
            count=int(count),
            examples=tuple(examples),
            evidence=f"{count} of {table.row_count} {effect} for {plan.target.name}: {why}.",
            action=_near(_field(plan, source, field), examples)
            if rule == "allowed"
            else _ACTIONS["demand" if yours else rule],
        )
    yield from _rewritten(con, plan)
    yield from _refused(plan)
    yield from _completing(con, plan, rejected)


def _why(plan: Plan, source: int, field: str | None, rule: str) -> str:
    return f"{field or 'the row'} {_WHY[rule]}" if rule in _WHY else _takes(plan, source, field or "")


def _takes(plan: Plan, source: int, name: str) -> str:
    """What a field takes: "RAM.TotalSizeInMB takes a number (MB; ≥ 0)"."""
    field = _field(plan, source, name)
    more = constraints(field)
    return f"{name} takes {SAID[item_type(field)]}{f' ({more})' if more else ''}"


def _field(plan: Plan, source: int, name: str) -> TargetField:
    feeds = (feed for feed in plan.feeds if feed.place == source)
    return next(fill.field for feed in feeds for fill in feed.fills if fill.field.name == name)


def _near(field: TargetField, examples: Sequence[str]) -> str:
    """What to do about values that aren't listed, with what is listed that comes nearest; it names no value itself."""
    nearness = Nearness(field.allowed)
    near = dict.fromkeys(word for value in examples for word in nearness.nearest(value, 1))
    more = f" Nearest that are listed: {', '.join(near)}." if near else ""
    return f"{_ACTIONS['allowed']}{more}"


def _rewritten(con: duckdb.DuckDBPyConnection, plan: Plan) -> Iterator[Finding]:
    found = con.execute("""
        SELECT source, field, source_column, sum(count), max_by(before[:40] || ' → ' || after, (count, before), 5)
        FROM rewritten GROUP BY source, field, source_column ORDER BY source, field
    """).fetchall()
    for source, field, column, count, examples in found:
        table = plan.tables[source]
        yield Finding(
            table=table.name,
            column=column or None,
            rule="rewritten",
            severity=Severity.INFO,
            dimension=Dimension.CONSISTENCY,
            count=int(count),
            examples=tuple(examples),
            evidence=f"{count:,} of {table.row_count:,} values go to {field} of {plan.target.name} in its own words.",
            action="Look whether the target's words mean the same.",
        )


def _refused(plan: Plan) -> Iterator[Finding]:
    """Tables that go nowhere, and the target's files that a table could have filled had more of it been mapped."""
    fed = {f.source.name for f in plan.feeds}
    lost: dict[str, list[Refusal]] = {}
    for refusal in plan.refusals:
        if refusal.source.name not in fed:
            lost.setdefault(refusal.source.name, []).append(refusal)
            continue
        yield Finding(
            table=refusal.source.name,
            rule="file_not_filled",
            severity=Severity.INFO,
            dimension=Dimension.COMPLETENESS,
            count=refusal.source.row_count,
            examples=refusal.mapped[:5],
            evidence=f"Nothing goes into {refusal.target.file} of {plan.target.name}: {refusal.reason}.",
            action="Map the fields it needs, if its rows are meant to stand there, too.",
        )
    for name, refusals in lost.items():
        yield Finding(
            table=name,
            rule=NOT_MAPPED,
            severity=Severity.ERROR,
            dimension=Dimension.COMPLETENESS,
            count=refusals[0].source.row_count,
            examples=tuple(dict.fromkeys(c for r in refusals for c in r.mapped if c))[:5],
            evidence=f"No row goes to {plan.target.name}: {'; '.join(dict.fromkeys(r.reason for r in refusals))}.",
            action=_ACTIONS[NOT_MAPPED],
        )


def _completing(con: duckdb.DuckDBPyConnection, plan: Plan, rejected: Path) -> Iterator[Finding]:
    """Tables whose rows go into those of another one."""
    log = duck.parquet(rejected)
    for told in plan.told:
        same, prefix = f'"table" = {duck.text(told.source.name)}', duck.text(NOT_MAPPED)
        (count,) = con.execute(
            f"SELECT count(*) FROM {log} WHERE {same} AND starts_with(reasons, {prefix})"
        ).fetchall()[0]
        fields = [f for feed in plan.feeds for f in feed.fills if feed.source is told.main and f.join]
        lent = tuple(f.field.name for f in fields if f.source.startswith(f"{told.source.name}."))
        what = (
            f"complete those of {told.main.name} ({', '.join(lent)})" if lent else f"describe those of {told.main.name}"
        )
        thing = f"{told.target.name} of {plan.target.name}"
        yield Finding(
            table=told.source.name,
            rule=NOT_MAPPED,
            severity=Severity.INFO,
            dimension=Dimension.COMPLETENESS,
            count=count,
            examples=lent[:5],
            evidence=f"Its rows {what}, by {told.by.in_words}; none is a {thing} by itself.",
            action="Nothing, if it tells of the same things; else take its columns out of the mapping.",
        )
