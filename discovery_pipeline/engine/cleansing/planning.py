"""The plan: which rules will mend which columns, in their order, and what is left to a person."""

from __future__ import annotations

from typing import Literal

import duckdb

from discovery_pipeline.engine.cleansing import (
    dependencies,
    domains,
    formats,
    quantities,
    references,
    text,
    tokens,
    typos,
    vocabulary,
)
from discovery_pipeline.engine.cleansing.draft import Draft, drafted
from discovery_pipeline.engine.cleansing.evidence import Evidence, Seen, gather
from discovery_pipeline.engine.cleansing.model import CleansingPlan, PlannedRule
from discovery_pipeline.engine.cleansing.review import reviewed
from discovery_pipeline.engine.cleansing.values import Values, distinct
from discovery_pipeline.engine.findings import Finding
from discovery_pipeline.engine.profiling.model import Profile, TableProfile
from discovery_pipeline.engine.schema.model import SchemaAnalysis
from discovery_pipeline.engine.tables import Tables

ROUNDS = 8
"""Times that rules may open the way for others; a table needs two or three."""


def plan(
    con: duckdb.DuckDBPyConnection,
    tables: Tables,
    profile: Profile,
    analysis: SchemaAnalysis,
    *,
    tier: Literal["auto", "suggest"] = "suggest",
) -> CleansingPlan:
    """Decide which rules apply to which columns.

    Deterministic rules come first and until they find nothing more, so that cleansing with them alone is a state of
    rest; statistical rules work on what those leave, in rounds, until they rest, too.

    Parameters
    ----------
    tier
        "auto" plans deterministic rules only, which takes a fraction of the time.
    """
    rules: list[PlannedRule] = []
    findings: list[Finding] = []
    profiles = {t.name: t for t in profile.tables}
    for table in tables:
        if not table.row_count:
            continue
        known = profiles.get(table.name)
        with drafted(con, table) as draft:
            planned, noticed = _deterministic(draft, known)
            if tier == "suggest":
                draft.apply(planned)
                planned += _statistical(draft, tables, known, analysis)
        rules += planned
        findings += noticed
    return CleansingPlan(rules=tuple(rules), findings=tuple(findings))


def _deterministic(draft: Draft, profile: TableProfile | None) -> tuple[list[PlannedRule], list[Finding]]:
    with distinct(draft) as values:
        evidence = _to_rest(values, profile)
        return values.planned, reviewed(values, evidence)


def _to_rest(values: Values, profile: TableProfile | None) -> Evidence:
    """Plan the automatic rules in their order, again for each column that changed, until none does."""
    seen: dict[int, Seen] = {}
    for _ in range(ROUNDS):
        before = len(values.planned)
        text.plan(values)
        evidence = gather(values, tokens.TELL_NOTHING)
        seen |= evidence.seen
        tokens.plan(values, evidence, profile)
        formats.plan(values, evidence)
        quantities.plan(values, evidence)
        vocabulary.plan(values, evidence)
        domains.plan(values, evidence)
        changed = {rule.column for rule in values.planned[before:]}
        if not changed:
            break
        values.keep(changed)
    return Evidence(seen)


def _statistical(
    draft: Draft, tables: Tables, profile: TableProfile | None, analysis: SchemaAnalysis
) -> list[PlannedRule]:
    planned: list[PlannedRule] = []
    tried: dependencies.Strengths = {}
    for _ in range(ROUNDS):
        found = _by_values(draft, tables, profile, analysis)
        draft.apply(found)
        _forget(tried, found)
        found += (by_rows := _by_rows(draft, tried))
        _forget(tried, by_rows)
        if not found:
            break
        planned += found
    return planned


def _forget(tried: dependencies.Strengths, rules: list[PlannedRule]) -> None:
    """What is known of columns that changed is known no longer."""
    changed = {name for rule in rules for name in (rule.column, *(rule.given if rule.rule == "cell.spilled" else ()))}
    for pair in [p for p in tried if changed & set(p)]:
        del tried[pair]


def _by_values(
    draft: Draft, tables: Tables, profile: TableProfile | None, analysis: SchemaAnalysis
) -> list[PlannedRule]:
    with distinct(draft) as values:
        _to_rest(values, profile)
        # What a guess opens for a sure rule is a guess still.
        values.planned[:] = [rule.model_copy(update={"tier": "suggest"}) for rule in values.planned]
    with distinct(draft) as values:
        evidence = gather(values, tokens.TELL_NOTHING)
        if evidence.positions:
            tokens.plan_words(values, evidence, profile)
            quantities.plan_notes(values, evidence)
            vocabulary.plan_variants(values, evidence)
            typos.plan(values, evidence)
            references.plan(values, tables, analysis)
    return values.planned


def _by_rows(draft: Draft, tried: dependencies.Strengths) -> list[PlannedRule]:
    """Rules over rows that change something, and not too much; each is applied, or taken back."""
    kept: list[PlannedRule] = []
    for rules in (dependencies.plan_spills, dependencies.plan_flags, lambda d: dependencies.plan(d, tried)):
        for rule in rules(draft):
            before = draft.count()
            draft.apply([rule])
            cells = draft.count() - before
            if not cells:
                continue
            column = draft.table.column(rule.column)
            if _too_much(draft, rule, cells) or (
                rule.rule == "dependency.majority" and dependencies.systematic(draft, column)
            ):
                draft.withdraw()
            else:
                kept.append(rule.model_copy(update={"cells": cells}))
    return kept


def _too_much(draft: Draft, rule: PlannedRule, cells: int) -> bool:
    columns = 2 if rule.rule == "cell.spilled" else 1
    return cells > dependencies.TOUCHED * draft.table.row_count * columns
