"""Rules over rows: the cells that each of them changes, and when it changes more than it may."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from discovery_pipeline.engine.cleansing import dependencies, flags, reports, spills, swaps

if TYPE_CHECKING:
    from discovery_pipeline.engine.cleansing.draft import Draft
    from discovery_pipeline.engine.cleansing.model import PlannedRule
    from discovery_pipeline.engine.tables import Column

_TWO_COLUMNS = (spills.RULE, swaps.RULE)
"""Rules that write the column they are given, too."""


def written(rule: PlannedRule) -> tuple[str, ...]:
    """The names of the columns that a rule writes."""
    return (rule.column, *rule.given) if rule.rule in _TWO_COLUMNS else (rule.column,)


def changes(draft: Draft, rule: PlannedRule) -> Iterator[tuple[Column, str]]:
    """Each column that a rule writes, with a query of the cells it changes: `__row`, `before`, `after`."""
    column = draft.table.column(rule.column)
    given = [draft.table.column(name) for name in rule.given]
    match rule.rule:
        case dependencies.RULE:
            yield column, dependencies.changes(draft, column, given)
        case reports.RULE:
            yield column, reports.changes(draft, column, given)
        case flags.RULE:
            yield column, flags.changes(draft, column, given[0])
        case spills.RULE:
            yield column, spills.changes(draft, column, given[0], "start")
            yield given[0], spills.changes(draft, column, given[0], "end")
        case swaps.RULE:
            yield column, swaps.changes(draft, column, given[0])
            yield given[0], swaps.changes(draft, given[0], column)


def doubtful(draft: Draft, rule: PlannedRule, cells: int) -> bool:
    """Whether a rule that was just applied, and changed so many cells, mended no errors but exceptions."""
    share = reports.TOUCHED if rule.rule == reports.RULE else dependencies.TOUCHED
    if cells > share * draft.table.row_count * len(written(rule)):
        return True
    return rule.rule == dependencies.RULE and dependencies.systematic(draft, draft.table.column(rule.column))
