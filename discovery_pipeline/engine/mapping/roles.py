"""Roles: which source table gives rows of a target's table, and which complete these.

Decided from the mapping and from what describes what, before a row is looked at.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from discovery_pipeline.engine.mapping.model import Completion, Feed, MappedField
from discovery_pipeline.engine.schema.model import Description
from discovery_pipeline.engine.targets import Target, TargetField, TargetTable
from discovery_pipeline.engine.targets.forms import is_list

_ADDRESSES = ("ip", "ipv4", "mac", "fqdn")


def helpers(
    fields: Iterable[MappedField], target: Target, found: Iterable[Completion]
) -> dict[Feed, tuple[Description, ...]]:
    """For each feed whose rows are completed, what completes them.

    Rows about a thing are completed by tables that describe it; rows that belong to a thing (its disks) by the
    table that knows under which key the target has it.
    """
    by_feed: dict[Feed, list[str]] = defaultdict(list)
    for field in fields:
        by_feed[field.feed].append(field.target_field)
    completed: dict[Feed, tuple[Description, ...]] = {}
    for completion in found:
        by, about = completion.by, completion.target_table
        if (by.main, about) in by_feed and (by.table, about) in by_feed:
            completed[by.main, about] = (*completed.get((by.main, about), ()), by)
        for table in target.tables:
            keys = {f.name for f in table.fields if (f.references or "").partition(".")[0] == about}
            its = by_feed.get((by.main, table.name))
            if its and set(its) <= keys and (by.table, table.name) in by_feed:
                completed[by.table, table.name] = (by,)
    return completed


def referred(table: TargetTable) -> set[str]:
    """Other tables of the target whose rows this one's must belong to."""
    named = {f.references.partition(".")[0] for f in table.fields if f.references}
    return named - {table.name}


def gathers(field: TargetField) -> str:
    """How several values become the one of a field: added up, listed, or taken where they agree."""
    if field.adds_up:
        return "added up"
    return "listed" if is_list(field) else "the first" if field.type in _ADDRESSES else "where they agree"
