"""Performance: how long the move takes, from its volume and what the user says of line and importer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import duckdb

from discovery_pipeline.engine import duck, units
from discovery_pipeline.engine.phrases import counted, duration, size
from discovery_pipeline.engine.profiling.model import ColumnProfile
from discovery_pipeline.engine.risk.model import Assumptions, Facts, Level, Risk
from discovery_pipeline.engine.tables import Table

MANY, OUTWEIGHS = 20, 0.25
"""Rows from which one that states so large a share of all disks is told: a slip there makes the whole sum wrong."""


@dataclass(frozen=True, slots=True)
class Storage:
    """Bytes that the inventory itself says are to be moved, and which column says so."""

    table: str
    column: str
    stated: int  # rows that state a size with its unit
    unknown: int  # rows that state a number, and nobody says of what
    bytes: float
    largest: float  # of one row


def risks(con: duckdb.DuckDBPyConnection, facts: Facts, assumptions: Assumptions) -> Iterable[Risk]:
    """What would take longer than planned."""
    yield from _transfer(facts, assumptions, storage(con, facts))
    yield from _load(facts, assumptions)
    yield from _limits(facts)


def storage(con: duckdb.DuckDBPyConnection, facts: Facts) -> Storage | None:
    """The largest sum of sizes on disk that one column states; several columns state the same disks again."""
    found = [
        stated
        for profile in facts.profile.tables
        for column in profile.columns
        if _states_disk(column) and (table := facts.table(profile.name)) is not None
        if (stated := _summed(con, table, column)) is not None
    ]
    return max(found, key=lambda one: one.bytes, default=None)


def _states_disk(column: ColumnProfile) -> bool:
    spoken = f"{column.semantic_type or ''} {column.name}".casefold()
    return any(word in spoken for word in ("disk", "storage", "provisioned"))


def _summed(con: duckdb.DuckDBPyConnection, table: Table, column: ColumnProfile) -> Storage | None:
    """The sum in bytes: a unit beside the value, else the header's. A bare number under a bare header says nothing."""
    headed = units.in_header(column.name)
    own = units.factor(headed.name, "B") if headed else None
    value = duck.col(table.column(column.name))
    decimal, grouping = (",", ".") if column.decimal_mark == "," else (".", ",")
    digits = f"replace(regexp_extract({value}, '^\\s*([0-9][0-9.,]*)', 1), {duck.text(grouping)}, '')"
    number = f"TRY_CAST(replace({digits}, {duck.text(decimal)}, '.') AS DOUBLE)"
    written = f"lower(regexp_extract({value}, '([A-Za-z]+)\\s*$', 1))"
    spelt = " ".join(f"WHEN {duck.text(spelling)} THEN {factor!r}" for spelling, factor in units.spellings("B").items())
    in_bytes = (
        f"{number} * (CASE {written} WHEN '' THEN {own!r} {spelt} END)"
        if own
        else (f"{number} * (CASE {written} {spelt} END)")
    )
    query = f"SELECT count({in_bytes}), count({number}), sum({in_bytes}), max({in_bytes}) FROM {duck.scan(table)}"
    stated, numbers, total, largest = con.execute(query).fetchone() or (0, 0, 0, 0)
    return Storage(table.name, column.name, stated, numbers - stated, total, largest) if stated else None


def _transfer(facts: Facts, assumptions: Assumptions, disks: Storage | None) -> Iterable[Risk]:
    inventory = sum(
        {table.source.sha256 or table.source.file: table.source.byte_size for table in facts.tables}.values()
    )
    seconds = _seconds(inventory, assumptions)
    line = f"at an assumed {assumptions.bandwidth_mbit:g} Mbit/s"
    evidence = [f"the inventory itself: {size(inventory)}, {duration(seconds)} {line}"]
    if disks:
        seconds = _seconds(disks.bytes, assumptions)
        evidence.append(
            f"the disks of what it describes: {size(disks.bytes)} stated by {counted(disks.stated, 'row')} in "
            f"{disks.table}.{disks.column}, {duration(seconds)} {line} without compression or deduplication"
        )
        if disks.stated >= MANY and disks.largest >= OUTWEIGHS * disks.bytes:
            evidence.append(f"a single row states {size(disks.largest)} of it: look whether that can be")
        if disks.unknown:
            evidence.append(f"not counted: {counted(disks.unknown, 'row')} with a number that has no unit")
    yield Risk(
        category="performance",
        title="Transfer takes long",
        likelihood=_against_window(seconds, assumptions),
        impact=_length(seconds),
        evidence=tuple(evidence),
        mitigation="Replicate ahead of the cut-over and move in waves; order a faster line or an offline appliance "
        "where a wave doesn't fit its window.",
    )


def _load(facts: Facts, assumptions: Assumptions) -> Iterable[Risk]:
    rows = sum(verdict.rows_delivered for verdict in facts.verdicts)
    if not rows:
        return
    keys, references = len(facts.analysis.primary_keys), len(facts.analysis.foreign_keys)
    evidence = [f"{counted(rows, 'row')} to load for {counted(len(facts.verdicts), 'target')}"]
    if keys or references:
        checked = sum(t.row_count for t in facts.profile.tables)
        evidence.append(
            f"indexes to build: {counted(keys, 'key')} and {counted(references, 'reference')} "
            f"over {counted(checked, 'row')}"
        )
    seconds = 0.0
    if assumptions.rows_per_second:
        seconds = rows / assumptions.rows_per_second
        evidence.append(f"{duration(seconds)} at an assumed {assumptions.rows_per_second:g} rows/s")
    yield Risk(
        category="performance",
        title="Loading takes long",
        likelihood=_against_window(seconds, assumptions),
        impact=_length(seconds),
        evidence=tuple(evidence),
        mitigation="Time the import of one file first; load without indexes and build them once at the end where the "
        "target lets you.",
    )


def _limits(facts: Facts) -> Iterable[Risk]:
    for verdict in facts.verdicts:
        target = facts.targets.get(verdict.target)
        if target is None:
            continue
        over = [
            (valid, table.max_rows)
            for valid in verdict.valid
            for table in target.tables
            if table.name == valid.target_table and table.max_rows and valid.row_count > table.max_rows
        ]
        if over:
            yield Risk(
                category="performance",
                title=f"{target.title} takes only so many rows a file",
                likelihood="high",
                impact="low",
                evidence=tuple(
                    f"{valid.target_table}: {counted(valid.row_count, 'row')}, at most {most:,} a file, so "
                    f"{-(-valid.row_count // most)} files"
                    for valid, most in over
                ),
                mitigation="Upload all parts, one after the other; they are split so that each is whole by itself.",
            )


def _seconds(count: float, assumptions: Assumptions) -> float:
    return count * 8 / (assumptions.bandwidth_mbit * 1e6)


def _length(seconds: float) -> Level:
    """A working day is felt, an hour is noticed."""
    return "high" if seconds > 8 * 3600 else "medium" if seconds > 3600 else "low"


def _against_window(seconds: float, assumptions: Assumptions) -> Level:
    if assumptions.window_hours is None:
        return _length(seconds)
    share = seconds / (assumptions.window_hours * 3600)
    return "high" if share > 1 else "medium" if share > 0.5 else "low"
