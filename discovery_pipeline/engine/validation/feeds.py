"""Feeds: which source table fills which table of a target, which complete its rows, and why another does not.

Decided before a row is judged.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import duckdb

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.findings import Dimension, Finding, Severity
from discovery_pipeline.engine.mapping import transformations
from discovery_pipeline.engine.mapping.model import Completion, MappedField, Mapping
from discovery_pipeline.engine.mapping.roles import helpers
from discovery_pipeline.engine.schema.model import Description
from discovery_pipeline.engine.tables import Table, Tables
from discovery_pipeline.engine.targets.contract import Target, TargetField, TargetTable
from discovery_pipeline.engine.validation.joining import described, lent
from discovery_pipeline.errors import MappingError

NOT_MAPPED = "table_not_mapped"
"""Rule by which rows of a table are rejected when its mapping doesn't say what they are about."""


@dataclass(frozen=True, slots=True)
class Fill:
    """One target field, and the expression over the source table that fills it."""

    field: TargetField
    source: str  # name of the source column; empty for a constant
    source_sql: str
    value_sql: str
    transformation: str | None
    reads: str = ""  # what a value has to be for anything to come of it, in words; empty where it may be anything
    join: str = ""  # SQL after the source's FROM item, where another table lends the value


@dataclass(frozen=True, slots=True)
class Feed:
    """A source table that fills a table of the target."""

    number: int
    source: Table
    place: int  # of the source among the tables
    target: TargetTable
    fills: tuple[Fill, ...]
    unless: str = "false"  # SQL over the source as s: rows that are none of the feed's


@dataclass(frozen=True, slots=True)
class Refusal:
    """A source table that can't fill a table of the target, with the reason in a sentence."""

    source: Table
    target: TargetTable
    reason: str
    mapped: tuple[str, ...]  # source columns whose values are left behind


@dataclass(frozen=True, slots=True)
class Told:
    """A source table whose rows complete those of another one."""

    source: Table
    main: Table
    by: Description
    target: TargetTable
    mapped: bool  # whether the mapping takes anything from it

    @property
    def reason(self) -> str:
        """Why its rows are none of the target's."""
        return f"{NOT_MAPPED}: it describes rows of {self.main.name}, by {self.by.in_words}"


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that a mapping makes of the tables."""

    tables: Tables
    target: Target
    feeds: tuple[Feed, ...]
    refusals: tuple[Refusal, ...]
    told: tuple[Told, ...]
    findings: tuple[Finding, ...]

    def of(self, table: TargetTable) -> tuple[Feed, ...]:
        """The feeds of one target table, in the order of their source tables."""
        return tuple(f for f in self.feeds if f.target.name == table.name)


def plan(con: duckdb.DuckDBPyConnection, tables: Tables, mapping: Mapping, target: Target) -> Plan:
    """What each source table fills.

    Raises
    ------
    MappingError
        The mapping names a table, column, target table or field that isn't there, or fills a field twice.
    """
    if not tables:
        raise MappingError("There is no table to judge. See what `discovery inspect` says about the files.")
    _check_names(tables, mapping, target)
    return _Planning(con, tables, mapping, target).plan()


class _Planning:
    """A plan in the making."""

    def __init__(self, con: duckdb.DuckDBPyConnection, tables: Tables, mapping: Mapping, target: Target) -> None:
        self.tables, self.mapping, self.target = tables, mapping, target
        self.by_name = {t.name: t for t in tables}
        here = [f for f in mapping.fields if f.source_table in self.by_name]
        self.described = _completions(con, tables, here, target)
        self.completed = helpers(here, target, self.described)
        self.helping = {
            (_other(by, source), table): (source, by) for (source, table), its in self.completed.items() for by in its
        }
        self.feeds: list[Feed] = []
        self.refusals: list[Refusal] = []
        self.told: list[Told] = []
        self.findings: list[Finding] = list(_absent(tables, mapping))

    def plan(self) -> Plan:
        for place, source in enumerate(self.tables):
            for table in self.target.tables:
                self._place(place, source, table)
            if not any(each.source is source for each in (*self.feeds, *self.refusals, *self.told)):
                self._nowhere(source)
        parts = tuple(self.feeds), tuple(self.refusals), tuple(self.told), tuple(self.findings)
        return Plan(self.tables, self.target, *parts)

    def _place(self, place: int, source: Table, table: TargetTable) -> None:
        """What one source makes of one table of the target."""
        mapped = self.mapping.of(source.name, table.name)
        if not mapped:
            return
        main, by = self.helping.get((source.name, table.name), (None, None))
        unless = "false"
        if main and by:
            if by.main != main:  # it only lends the keys by which rows of others name what they belong to
                return
            self.told.append(Told(source, self.by_name[main], by, table, mapped=True))
            if by.several or not by.orphans or _why_not(source, table, _fills(source, table, mapped)):
                return
            unless = described(source, self.by_name[main], by)  # rows about nothing there are things of their own
        fills, parted = _without_parted(source, table, self._fills(source, table, mapped))
        self.findings += parted
        reason = _why_not(source, table, fills)
        if reason:
            self.refusals.append(Refusal(source, table, reason, tuple(f.source for f in fills)))
        else:
            self.feeds.append(Feed(len(self.feeds), source, place, table, fills, unless))

    def _nowhere(self, source: Table) -> None:
        """A source that the mapping takes nothing from: it describes another one, or is about something else."""
        by = next((c.by for c in self.described if c.by.table == source.name and self._feeds(c)), None)
        first = self.target.tables[0]
        if by is None:
            self.refusals.append(Refusal(source, first, _why_not(source, first, ()), ()))
            return
        self.told.append(Told(source, self.by_name[by.main], by, first, mapped=False))

    def _feeds(self, completion: Completion) -> bool:
        """Whether what is described gives rows."""
        return bool(self.mapping.of(completion.by.main, completion.target_table))

    def _fills(self, source: Table, table: TargetTable, mapped: Sequence[MappedField]) -> tuple[Fill, ...]:
        """What the source fills itself, and what others lend for what it doesn't."""
        own = _fills(source, table, mapped)
        filled = {f.field.name.casefold() for f in own}
        more: list[Fill] = []
        for by in self.completed.get((source.name, table.name), ()):
            other = self.by_name[_other(by, source.name)]
            for fill in _fills(other, table, self.mapping.of(other.name, table.name)):
                if fill.field.name.casefold() not in filled and fill.source:
                    filled.add(fill.field.name.casefold())
                    more.append(_lent(fill, source, other, by, len(more)))
        return tuple(sorted((*own, *more), key=lambda f: table.position(f.field.name)))


def _completions(
    con: duckdb.DuckDBPyConnection, tables: Tables, fields: Sequence[MappedField], target: Target
) -> tuple[Completion, ...]:
    """What describes what, where several sources fill the target at all."""
    if not fields or len(tables) < 2:
        return ()
    from discovery_pipeline.engine.mapping.suggestions.completing import (
        completions,  # knows words, which takes a while to load
    )

    return completions(con, tables, fields, target)


def _other(by: Description, source: str) -> str:
    """Of two tables that belong together, the other one."""
    return by.main if source == by.table else by.table


def _lent(fill: Fill, host: Table, other: Table, by: Description, number: int) -> Fill:
    source, value, join = lent(fill.field, fill.source_sql, fill.value_sql, host, other, by, number)
    named = f"{other.name}.{fill.source}"
    return replace(fill, source=named, source_sql=source, value_sql=value, reads="one value", join=join)


def _check_names(tables: Tables, mapping: Mapping, target: Target) -> None:
    sources = {t.name: t for t in tables}
    if mapping.fields and not any(m.source_table in sources for m in mapping.fields):
        raise MappingError(
            f"The mapping speaks of {', '.join(sorted({m.source_table for m in mapping.fields}))}; "
            f"the tables are {', '.join(sources) or 'none'}. Was it made for other files?"
        )
    for mapped in mapping.fields:
        where = f"Mapping of '{mapped.source_table}.{mapped.source_field}' to '{mapped.target_field}'"
        try:
            target.table(mapped.target_table).field(mapped.target_field)
        except KeyError:
            raise MappingError(
                f"{where}: target '{target.name}' has no field '{mapped.target_table}.{mapped.target_field}'. "
                f"`discovery target show {target.name}` lists its fields."
            ) from None
        source = sources.get(mapped.source_table)
        if source and mapped.source_field and mapped.source_field not in {c.name for c in source.columns}:
            raise MappingError(f"{where}: table '{source.name}' has no column '{mapped.source_field}'.")


def _absent(tables: Tables, mapping: Mapping) -> Iterable[Finding]:
    here = {t.name for t in tables}
    for name in dict.fromkeys(m.source_table for m in mapping.fields if m.source_table not in here):
        yield Finding(
            table=name,
            rule="table_absent",
            severity=Severity.INFO,
            dimension=Dimension.COMPLETENESS,
            count=0,
            evidence=f"The mapping fills fields from '{name}', which isn't among the files.",
            action="Nothing, if it was left out on purpose; else add its file.",
        )


def _fills(source: Table, table: TargetTable, mapped: Iterable[MappedField]) -> tuple[Fill, ...]:
    """In the contract's order; a field under a key that nobody chose goes by the source column's name."""
    fills = _completed([_fill(source, table, m) for m in mapped])
    taken: dict[str, Fill] = {}
    for fill in fills:
        # Names that differ in case only can't stand side by side in a Parquet file, nor in most importers.
        other = taken.setdefault(fill.field.name.casefold(), fill)
        if other is not fill:
            raise MappingError(
                f"'{fill.field.name}' is filled twice from '{source.name}', by '{other.source}' and '{fill.source}'. "
                "Take one of them out of the mapping, or join them with concat or coalesce."
            )
    return tuple(sorted(fills, key=lambda f: table.position(f.field.name)))


def _completed(fills: list[Fill]) -> list[Fill]:
    """Fills whose values take in another field: "Windows Server" and "2019" are one name for some targets."""
    by_name = {f.field.name: f for f in fills}
    return [_with(fill, by_name.get(fill.field.completed_by or "")) for fill in fills]


def _with(fill: Fill, more: Fill | None) -> Fill:
    if more is None:
        return fill
    known = duck.text("|".join(re.escape(a) for a in fill.field.allowed))
    alone, added = fill.value_sql, more.value_sql
    value = (
        f"CASE WHEN {added} IS NULL OR contains({alone}, {added}) OR regexp_matches({alone}, {known}, 'i') THEN {alone}"
        f" ELSE {alone} || ' ' || {added} END"
    )
    return replace(fill, value_sql=value)


def _fill(source: Table, table: TargetTable, mapped: MappedField) -> Fill:
    field = table.field(mapped.target_field)
    if field.template:
        field = field.keyed_by(mapped.source_field or "Value")
    own = duck.col(source.column(mapped.source_field)) if mapped.source_field else "CAST(NULL AS VARCHAR)"
    if not mapped.transformation:
        return Fill(field, mapped.source_field, own, own, None)
    parsed = transformations.parse(mapped.transformation)
    return Fill(
        field,
        mapped.source_field,
        own,
        transformations.compile(parsed, source, mapped.source_field),
        mapped.transformation,
        reads=next((f"{step.reads}, which {step.operation} needs" for step in parsed.steps if step.reads), ""),
    )


def _without_parted(
    source: Table, table: TargetTable, fills: tuple[Fill, ...]
) -> tuple[tuple[Fill, ...], tuple[Finding, ...]]:
    """Fills without fields whose companions aren't mapped: no row could satisfy the rule, so none shall break it."""
    findings: list[Finding] = []
    for rule in (r for r in table.rules if r.kind == "together"):
        named = {f.field.name for f in fills}
        lone, absent = [n for n in rule.fields if n in named], [n for n in rule.fields if n not in named]
        if not lone or not absent:
            continue
        findings += [
            Finding(
                table=source.name,
                column=fill.source or None,
                rule="together",
                severity=Severity.WARNING,
                dimension=Dimension.COMPLETENESS,
                count=source.row_count,
                evidence=f"{fill.field.name} goes only with {', '.join(absent)}, to which nothing is mapped.",
                action=f"Map a column to {', '.join(absent)}, or take {fill.field.name} out of the mapping.",
            )
            for fill in fills
            if fill.field.name in lone
        ]
        fills = tuple(f for f in fills if f.field.name not in lone)
    return fills, tuple(findings)


def _why_not(source: Table, table: TargetTable, fills: tuple[Fill, ...]) -> str:
    """Why these fills can't make rows of that table; empty where they can."""
    filled = {f.field.name for f in fills}
    groups = [g for r in table.rules if r.kind == "at_least_one_of" for g in r.groups]
    groups = groups or [(f.name,) for f in table.fields if f.identity or (f.unique and f.required)]
    if groups and not any(filled.issuperset(g) for g in groups):
        wanted = ", ".join(" with ".join(g) for g in groups)
        return f"no column of '{source.name}' identifies a {table.name} ({wanted})"
    missing = [f.name for f in table.fields if f.required and f.name not in filled]
    if missing:
        return f"no column of '{source.name}' is mapped to {', '.join(missing)}, which a {table.name} needs"
    return "" if fills else f"no column of '{source.name}' is mapped to a {table.name}"
