"""Continuity: what may stop while it moves, and what can't be taken back or kept in step."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from discovery_pipeline.engine.mapping import transformations
from discovery_pipeline.engine.phrases import counted, percent
from discovery_pipeline.engine.profiling.model import ColumnProfile, TableProfile
from discovery_pipeline.engine.risk.losses import FieldLoss
from discovery_pipeline.engine.risk.model import Assumptions, Facts, Risk
from discovery_pipeline.engine.risk.outcomes import Outcome
from discovery_pipeline.engine.risk.scale import level

_OWNERS = re.compile(r"(?i)(^|[^a-z])(owner|owned|managed|responsible|contact|custodian|steward)")
_CONCENTRATED = 20
"""Rows that lean on one other row, from which its loss is felt widely."""


def risks(
    facts: Facts, losses: Sequence[FieldLoss], ends: Sequence[Outcome], assumptions: Assumptions
) -> Iterable[Risk]:
    """What would keep the business from going on."""
    yield from _orphans(facts)
    yield from _circles(facts)
    yield from _single_points(facts)
    yield from _unowned(facts)
    yield from _keyless(facts)
    yield from _rollback(facts, losses)
    yield from _downtime(ends, assumptions)


def _orphans(facts: Facts) -> Iterable[Risk]:
    broken = [key for key in facts.analysis.foreign_keys if key.orphans]
    if not broken:
        return
    rows = {table.name: table.row_count for table in facts.profile.tables}
    worst = max(broken, key=lambda key: key.orphans / max(rows.get(key.table, 0), 1))
    yield Risk(
        category="continuity",
        title="Relations lead nowhere",
        likelihood="high",
        impact=level(worst.orphans, rows.get(worst.table, 0)),
        evidence=tuple(
            f"{key.table}.{', '.join(key.columns)} → {key.ref_table}.{', '.join(key.ref_columns)}: "
            f"{counted(key.orphans, 'row')} without a match ({percent(key.orphans, rows.get(key.table, 0))})"
            for key in broken
        ),
        mitigation="Look for the missing rows in the source; plan no wave on these relations until they are found.",
    )


def _circles(facts: Facts) -> Iterable[Risk]:
    for tree in facts.analysis.hierarchies:
        if tree.cycles:
            yield Risk(
                category="continuity",
                title=f"{tree.table} depends on itself in circles",
                likelihood="high",
                impact="medium",
                evidence=(f"{counted(tree.cycles, 'circle')} along {tree.child_column} → {tree.parent_column}",),
                mitigation="Move each circle in one wave, or cut it where the reference is wrong.",
            )


def _single_points(facts: Facts) -> Iterable[Risk]:
    """Rows on which many others lean: the most frequent value of a reference."""
    leaning = []
    for key in facts.analysis.foreign_keys:
        if len(key.columns) != 1 or key.cardinality == "1:1":
            continue
        column = _column(facts, key.table, key.columns[0])
        if column and column.top_values and column.top_values[0].count >= _CONCENTRATED:
            leaning.append((column.top_values[0].count, key))
    if not leaning:
        return
    leaning.sort(key=lambda pair: -pair[0])
    rows = {table.name: table.row_count for table in facts.profile.tables}
    most, first = leaning[0]
    yield Risk(
        category="continuity",
        title="Much leans on single rows",
        likelihood="low",
        impact=level(most, rows.get(first.table, 0)),
        evidence=tuple(
            f"one row of {key.ref_table} carries {counted(count, 'row')} of {key.table} (by {key.columns[0]})"
            for count, key in leaning[:5]
        ),
        mitigation="Move what carries much first, or last, and never in the middle of a wave; rehearse its way back.",
    )


def unowned(facts: Facts) -> list[tuple[TableProfile, ColumnProfile, int]]:
    """Columns that name who is responsible, and in how many rows they name nobody."""
    return [
        (table, column, _empty(column))
        for table in facts.profile.tables
        for column in table.columns
        if _OWNERS.search(column.name) and 0 < _empty(column) < table.row_count
    ]


def _unowned(facts: Facts) -> Iterable[Risk]:
    missing = unowned(facts)
    if not missing:
        return
    worst = max(missing, key=lambda entry: entry[2] / max(entry[0].row_count, 1))
    yield Risk(
        category="continuity",
        title="Nobody is named to decide",
        likelihood=level(worst[2], worst[0].row_count),
        impact="medium",
        evidence=tuple(
            f"{table.name}.{column.name}: empty in {counted(empty, 'row')} of {table.row_count:,} "
            f"({percent(empty, table.row_count)})"
            for table, column, empty in missing
        ),
        mitigation="Name an owner for each before its wave is planned; an unowned server has nobody to test it after.",
    )


def _keyless(facts: Facts) -> Iterable[Risk]:
    if not facts.analysis.primary_keys:
        return  # not analysed, or nothing but a lone column of values
    keyless = [t for t in facts.profile.tables if t.row_count and facts.analysis.primary_key(t.name) is None]
    if keyless:
        yield Risk(
            category="continuity",
            title="Tables without a key can't be kept in step",
            likelihood="medium",
            impact="medium",
            evidence=tuple(
                f"{table.name}: no column or columns tell its {table.row_count:,} rows apart" for table in keyless
            ),
            mitigation="A later export can't be delivered as changes then: add a key, or deliver the table whole.",
        )


def _rollback(facts: Facts, losses: Sequence[FieldLoss]) -> Iterable[Risk]:
    one_way = [
        f"{loss.place}: {counted(loss.filled, 'value')} by {what}"
        for loss in losses
        if loss.filled and loss.field.transformation
        for what in transformations.parse(loss.field.transformation).losses
        if what.endswith("for ever")
    ]
    if one_way:
        yield Risk(
            category="continuity",
            title="Some values can't be taken back from the target",
            likelihood="medium",
            impact="medium",
            evidence=tuple(one_way[:5]),
            mitigation="Keep the source files with the delivery: they are the only way back for these fields.",
        )
    if facts.patches and facts.patches.count:
        rules = sorted(facts.patches.by_rule.items(), key=lambda rule: -rule[1])
        yield Risk(
            category="continuity",
            title="The delivery differs from the source where it was cleansed",
            likelihood="high",
            impact="low",
            evidence=(
                f"{counted(facts.patches.count, 'cell')} changed, each with its value before, its rule and its reason",
                *(f"{rule}: {counted(count, 'cell')}" for rule, count in rules[:5]),
            ),
            mitigation="Keep patches.csv: a cell, a rule or all of it can be undone from it.",
        )


def _downtime(ends: Sequence[Outcome], assumptions: Assumptions) -> Iterable[Risk]:
    rejected = sum(end.to_correct for end in ends)
    if rejected and assumptions.window_hours is not None:
        yield Risk(
            category="continuity",
            title="Rejected rows would be mended inside the window",
            likelihood="medium",
            impact=level(rejected, sum(end.meant for end in ends)),
            evidence=(f"{counted(rejected, 'row')} open, and a window of {assumptions.window_hours:g} hours",),
            mitigation="Finish the rejected rows before the window opens; freeze changes at the source from then on.",
        )


def _column(facts: Facts, table: str, name: str) -> ColumnProfile | None:
    tables: Iterable[TableProfile] = (t for t in facts.profile.tables if t.name == table)
    return next((c for t in tables for c in t.columns if c.name == name), None)


def _empty(column: ColumnProfile) -> int:
    return column.null_count + sum(token.count for token in column.null_tokens)
