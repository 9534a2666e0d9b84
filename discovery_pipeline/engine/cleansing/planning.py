"""The plan: which rules will mend which columns, in their order, and what is left to a person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Literal

import duckdb

from discovery_pipeline.engine.cleansing import (
    abbreviations,
    coded,
    dates,
    decimals,
    dependencies,
    domains,
    durations,
    flags,
    formats,
    marks,
    masks,
    multiples,
    over_rows,
    quantities,
    references,
    reports,
    spills,
    swaps,
    temperatures,
    text,
    tokens,
    truncations,
    typos,
    verbatim,
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
from discovery_pipeline.engine.tables import Column, Tables

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
            planned, noticed = _deterministic(draft)
            if tier == "suggest":
                draft.apply(planned)
                planned += _statistical(draft, tables, known, analysis)
        rules += planned
        findings += noticed
    return CleansingPlan(rules=tuple(rules), findings=tuple(findings))


def _deterministic(draft: Draft) -> tuple[list[PlannedRule], list[Finding]]:
    with _mendable(draft) as values:
        evidence = _to_rest(values)
        return values.planned, reviewed(values, evidence)


@contextmanager
def _mendable(draft: Draft, columns: Iterable[Column] | None = None) -> Iterator[Values]:
    """The distinct values of these columns (default: all), but for those that are written for a program to read."""
    with distinct(draft, columns) as values:
        values.leave(verbatim.columns(values))
        yield values


def _to_rest(values: Values) -> Evidence:
    """Plan the automatic rules in their order, again for each column that changed, until none does."""
    seen: dict[int, Seen] = {}
    for values.rounds in range(1, ROUNDS + 1):
        before = len(values.planned)
        text.plan(values)
        evidence = gather(values, tokens.TELL_NOTHING)
        seen |= evidence.seen
        tokens.plan(values, evidence)
        formats.plan(values, evidence)
        quantities.plan(values, evidence)
        vocabulary.plan(values, evidence)
        domains.plan(values, evidence)
        changed = {rule.column for rule in values.planned[before:]}
        if not changed:
            break
        values.keep(changed)
    values.keep_all()
    return Evidence(seen)


def _statistical(
    draft: Draft, tables: Tables, profile: TableProfile | None, analysis: SchemaAnalysis
) -> list[PlannedRule]:
    """Plan and apply statistical rules in rounds; after the first, only for columns that the last one changed."""
    planned: list[PlannedRule] = []
    tried: dependencies.Strengths = {}
    changed = {column.name for column in draft.table.columns}
    for number in range(ROUNDS):
        found = _at_rest_again(draft, changed) if number else []
        found += _by_values(draft, tables, profile, analysis, changed)
        _forget(tried, _written(found))
        found += (by_rows := _by_rows(draft, tried, changed | _written(found)))
        _forget(tried, _written(by_rows))
        planned += found
        changed = _written(found)
        if not changed:
            break
    return planned


def _written(rules: list[PlannedRule]) -> set[str]:
    """The columns that these rules write."""
    return {name for rule in rules for name in over_rows.written(rule)}


def _forget(tried: dependencies.Strengths, changed: set[str]) -> None:
    """What is known of columns that changed is known no longer."""
    for pair in [p for p in tried if changed & set(p)]:
        del tried[pair]


def _at_rest_again(draft: Draft, changed: set[str]) -> list[PlannedRule]:
    """What guesses opened for sure rules: those are guesses still."""
    with _mendable(draft, [draft.table.column(name) for name in sorted(changed)]) as values:
        _to_rest(values)
    found = [rule.model_copy(update={"tier": "suggest"}) for rule in values.planned]
    draft.apply(found)
    return found


def _by_values(
    draft: Draft, tables: Tables, profile: TableProfile | None, analysis: SchemaAnalysis, changed: set[str]
) -> list[PlannedRule]:
    with _mendable(draft, [draft.table.column(name) for name in sorted(changed)]) as values:
        evidence = gather(values, tokens.TELL_NOTHING)
        if evidence.positions:
            text.plan_lookalikes(values)
            tokens.plan_words(values, evidence, profile)
            tokens.plan_nines(values, evidence)
            tokens.plan_minus_one(values, evidence)
            dates.plan_zones(values, evidence.of("date"))
            quantities.plan_notes(values, evidence)
            durations.plan(values, evidence)
            temperatures.plan(values, evidence)
            marks.plan(values, evidence)
            multiples.plan(values, evidence)
            decimals.plan(values, evidence)
            masks.plan(values, evidence)
            coded.plan(values, evidence)
            vocabulary.plan_variants(values, evidence)
            vocabulary.plan_initials(values, evidence)
            abbreviations.plan(values, evidence)
            truncations.plan(values, evidence)
            typos.plan(values, evidence)
            references.plan(values, tables, analysis)
    draft.apply(values.planned)
    return values.planned


def _by_rows(draft: Draft, tried: dependencies.Strengths, changed: set[str]) -> list[PlannedRule]:
    """Rules over rows that change something, and not too much; each is applied, or taken back."""
    kept: list[PlannedRule] = []
    plans = (
        lambda: spills.plan(draft, changed),
        lambda: swaps.plan(draft, changed),
        lambda: flags.plan(draft, changed),
        lambda: reports.plan(draft),
        lambda: dependencies.plan(draft, tried),
    )
    for planned in plans:
        draft.settle()
        for rule in planned():
            before = draft.count()
            draft.apply([rule])
            cells = draft.count() - before
            if not cells:
                continue
            if over_rows.doubtful(draft, rule, cells):
                draft.withdraw()
            else:
                kept.append(rule.model_copy(update={"cells": cells}))
    return kept
