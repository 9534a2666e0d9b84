"""Cleansing on the page: what each rule did, cell by cell where one looks closer, and what waits for a person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import duckdb

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.cleansing.model import CleansingPlan, PlannedRule
from discovery_pipeline.engine.findings import Finding
from discovery_pipeline.engine.tables import LINE, Table, Tables
from discovery_pipeline.flow.state import Flow, Phase, PhaseStatus
from discovery_pipeline.store.reviews.decisions import CELL, RULE, VALUE, Decided, What, changed_since, stacks
from discovery_pipeline.web.pages.views.paging import Page, paged
from discovery_pipeline.web.pages.views.standing import said
from discovery_pipeline.web.services.mending import KINDS

PAGE = 50
AT_ONCE = 10
"""Values of one finding that are asked about at a time; the next ones come as these are decided."""
EMPTIED = "∅"
"""How an example of a rule says that a cell becomes empty."""


@dataclass(frozen=True, slots=True)
class ShownRule:
    """One rule on one column."""

    table: str
    column: str
    rule: str
    tier: str
    reason: str
    confidence: float
    cells: int
    examples: tuple[tuple[str, str | None], ...]
    verdict: str  # accept, reject or empty
    by: str
    waits: bool  # whether the next run is the first to follow that
    href: str  # to its changed cells; empty where it changed none yet


@dataclass(frozen=True, slots=True)
class ShownPatch:
    """One changed cell."""

    table: str
    row: int
    line: int  # of the source, counted as people do
    column: str
    before: str | None
    after: str | None
    rule: str
    reason: str
    decided: str  # what a person wants there, in words; empty where nobody said
    waits: str  # what the next run makes of it, in words; empty where nothing changes


@dataclass(frozen=True, slots=True)
class ShownFinding:
    """Something that no rule may decide."""

    table: str
    column: str
    rule: str
    severity: str
    count: int  # cells that nobody decided on
    evidence: str
    action: str
    examples: tuple[str, ...]
    values: tuple[str, ...]  # ones that a person may decide, of those that nobody has
    more: int  # such values that are not shown
    decided: Mapping[str, str]  # value to what it becomes, in words


@dataclass(frozen=True, slots=True)
class Said:
    """What people decided, and what of it (or taken back of it) the next run is the first to follow."""

    decided: Mapping[What, Decided]
    waits: frozenset[What]

    @classmethod
    def of(cls, log: Iterable[Decided], flow: Flow) -> Said:
        """What a log says of the flow."""
        written = tuple(log)
        now = {one.what: one for one in written}
        return cls(
            decided={what: one for what, one in now.items() if one.after is not None},
            waits=changed_since(written, flow.phases[Phase.CLEANSING].started_at),
        )


@dataclass(frozen=True, slots=True)
class StepsBack:
    """Whether the newest step of anybody is one on rows, which can be taken back here or done again."""

    undo: bool
    redo: bool

    @classmethod
    def of(cls, written: Sequence[Decided]) -> StepsBack:
        """What a log allows."""
        done, undone = stacks(written)
        on_rows = {one.batch for one in written if one.kind in KINDS}
        return cls(bool(done) and done[-1] in on_rows, bool(undone) and undone[-1] in on_rows)


@dataclass(frozen=True, slots=True)
class Refused:
    """What was typed for a value and isn't taken."""

    of: tuple[str, str, str]  # table, column, value
    typed: str
    why: str


@dataclass(frozen=True, slots=True)
class Narrowed:
    """Which patches are looked at."""

    table: str = ""
    column: str = ""
    rule: str = ""
    tier: str = ""
    q: str = ""
    page: int = 1

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Narrowed:
        """As an address says it."""
        page = query.get("page", "1")
        number = int(page) if page.isascii() and page.isdigit() and len(page) < 8 else 1
        return cls(*(query.get(name, "") for name in ("table", "column", "rule", "tier", "q")), page=number)

    def query(self, **other: str | int) -> str:
        """The query of an address."""
        mine = {"table": self.table, "column": self.column, "rule": self.rule, "tier": self.tier, "q": self.q}
        said = {**mine, **other}
        return urlencode({name: value for name, value in said.items() if value})


def status(flow: Flow) -> str:
    """How cleansing stands, and the rest where the flow is further."""
    stands = f"Cleansing: {said(flow, Phase.CLEANSING)}"
    further = flow.phases[Phase.VALIDATION].status is not PhaseStatus.PENDING
    if flow.phases[Phase.CLEANSING].status is PhaseStatus.COMPLETED and further:
        return f"{stands}. Validation: {said(flow, Phase.VALIDATION)}"
    return stands


def rules(
    plan: CleansingPlan | None,
    counts: Mapping[tuple[str, str, str], int],
    said: Said,
    address: str,
) -> list[ShownRule]:
    """Every planned rule, the most active first; those that wait for a yes before all."""
    shown = [_rule(rule, counts, said, address) for rule in (plan.rules if plan else ())]
    return sorted(shown, key=lambda r: (r.tier != "suggest", -r.cells, r.table, r.column, r.rule))


def counts(con: duckdb.DuckDBPyConnection, patches: Path | None) -> dict[tuple[str, str, str], int]:
    """Changed cells by table, column and rule."""
    if patches is None:
        return {}
    found = con.execute(f'SELECT "table", "column", rule, count(*) FROM {_log(patches)} GROUP BY ALL').fetchall()
    return {(table, column, rule): int(n) for table, column, rule, n in found}


def cells(  # noqa: PLR0913 - the log, whose cells they are, and what is looked at
    con: duckdb.DuckDBPyConnection,
    patches: Path,
    tables: Tables,
    narrowed: Narrowed,
    said: Said,
    *,
    href: Callable[[int], str],
) -> tuple[list[ShownPatch], Page]:
    """A page of the changed cells, in order of table, row and column."""
    where, values = _where(narrowed)
    row = con.execute(f"SELECT count(*) FROM {_log(patches)} WHERE {where}", values).fetchone()
    page = paged(int(row[0]) if row else 0, PAGE, narrowed.page, href)
    found = con.execute(
        f'SELECT "table", row, "column", before, after, rule, reason FROM {_log(patches)} WHERE {where} '
        f"LIMIT {PAGE} OFFSET {page.offset}",
        values,
    ).fetchall()
    at = lines(con, tables, [(table, row) for table, row, *_ in found])
    shown = [
        ShownPatch(
            table,
            row,
            at[table, row],
            column,
            before,
            after,
            rule,
            reason,
            decided=_on_cell(said.decided, table, column, row),
            waits=_next(said, (table, column, row), rule),
        )
        for table, row, column, before, after, rule, reason in found
    ]
    return shown, page


def lines(
    con: duckdb.DuckDBPyConnection, tables: Tables, wanted: Iterable[tuple[str, int]]
) -> dict[tuple[str, int], int]:
    """The line of the source in which each row stands, by table and row."""
    rows = defaultdict[str, set[int]](set)
    for table, row in wanted:
        rows[table].add(row)
    found: dict[tuple[str, int], int] = {}
    for table in tables:
        if asked := rows.get(table.name):
            at = f"SELECT file_row_number, {duck.name(LINE)} FROM {duck.scan(table)}"
            told = con.execute(f"{at} WHERE list_contains(?, file_row_number)", [sorted(asked)]).fetchall()
            found |= {(table.name, row): line for row, line in told}
    return found


def findings(
    con: duckdb.DuckDBPyConnection,
    found: Iterable[Finding],
    plan: CleansingPlan | None,
    tables: Tables,
    decided: Mapping[What, Decided],
) -> list[ShownFinding]:
    """What waits for a person, and last what they decided whole; suggested rules stand with the rules instead."""
    suggested = {(rule.table, rule.column, rule.rule) for rule in (plan.rules if plan else ())}
    on_values: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for (kind, subject), one in decided.items():
        if kind == VALUE and one.after is not None:
            on_values[str(subject[0]), str(subject[1])][str(subject[2])] = becomes(str(subject[2]), one.after)
    by_name = {table.name: table for table in tables}
    waiting = (one for one in found if (one.table, one.column, one.rule) not in suggested)
    shown = [_finding(con, one, by_name.get(one.table), on_values) for one in waiting]
    return sorted(shown, key=lambda one: not one.count)


def _rule(rule: PlannedRule, counts: Mapping[tuple[str, str, str], int], said: Said, address: str) -> ShownRule:
    place = (rule.table, rule.column, rule.rule)
    one = said.decided.get((RULE, place))
    examples = [example.partition(" → ") for example in rule.examples]
    unasked = rule.tier == "suggest"  # what it would change isn't in the log
    return ShownRule(
        table=rule.table,
        column=rule.column,
        rule=rule.rule,
        tier=rule.tier,
        reason=rule.reason,
        confidence=rule.confidence,
        cells=counts.get(place, rule.cells if unasked or not counts else 0),
        examples=tuple((before, None if after == EMPTIED else after) for before, _, after in examples),
        verdict=str(one.after.get("verdict", "")) if one and one.after else "",
        by=one.by if one else "",
        waits=(RULE, place) in said.waits,
        href=f"{address}?{Narrowed(*place).query()}#cells" if place in counts else "",
    )


def _finding(
    con: duckdb.DuckDBPyConnection,
    one: Finding,
    table: Table | None,
    on_values: Mapping[tuple[str, str], Mapping[str, str]],
) -> ShownFinding:
    said = on_values.get((one.table, one.column or ""), {})
    plain = one.column is not None and not any(" → " in example for example in one.examples)
    decided = {value: said[value] for value in one.examples if plain and value in said}
    left = [value for value in one.examples if value not in decided]
    return ShownFinding(
        table=one.table,
        column=one.column or "",
        rule=one.rule,
        severity=one.severity.value,
        count=max(one.count - _holding(con, table, one.column, decided), len(left)),
        evidence=one.evidence,
        action=one.action,
        examples=one.examples,
        values=tuple(left[:AT_ONCE]) if plain else (),
        more=len(left[AT_ONCE:]) if plain else 0,
        decided=decided,
    )


def _holding(con: duckdb.DuckDBPyConnection, table: Table | None, column: str | None, values: Collection[str]) -> int:
    """Cells of the source that hold one of these values."""
    if table is None or column is None or not values:
        return 0
    query = f"SELECT count(*) FROM {duck.scan(table)} WHERE list_contains(?, {duck.col(table.column(column))})"
    row = con.execute(query, [[*values]]).fetchone()
    return int(row[0]) if row else 0


def becomes(seen: str | None, after: Mapping[str, Any]) -> str:
    """What a decision makes of what the source holds, in words."""
    value = after.get("after")
    return "is left empty" if value is None else "stays as the source has it" if value == seen else f"becomes {value}"


def _on_cell(decided: Mapping[What, Decided], table: str, column: str, row: int) -> str:
    one = decided.get((CELL, (table, column, row)))
    return becomes(one.after.get("seen"), one.after) if one and one.after else ""


def _next(said: Said, cell: tuple[str, str, int], rule: str) -> str:
    """What the next run makes of a changed cell that it hasn't been told before; empty where nothing."""
    one, left_out = said.decided.get((CELL, cell)), said.decided.get((RULE, (*cell[:2], rule)))
    if (CELL, cell) in said.waits:
        if one is None or one.after is None:
            return "the next run follows the rules"
        kept = one.after.get("seen") == one.after.get("after")
        return "the next run gives it back" if kept else "the next run sets it"
    if left_out and left_out.what in said.waits and left_out.after == {"verdict": "reject"}:
        return "the next run leaves the rule out"
    return ""


def _log(patches: Path) -> str:
    return f"read_parquet({duck.text(str(patches))})"


def _where(narrowed: Narrowed) -> tuple[str, Sequence[str]]:
    tests, values = ["true"], []
    for name, value in (("table", narrowed.table), ("column", narrowed.column)):  # typed by a person
        if value.strip():
            tests.append(f"lower(trim({duck.name(name)})) = lower(?)")
            values.append(value.strip())
    for name, value in (("rule", narrowed.rule), ("tier", narrowed.tier)):
        if value:
            tests.append(f"{duck.name(name)} = ?")
            values.append(value)
    if narrowed.q:
        tests.append("(contains(lower(before), lower(?)) OR contains(lower(after), lower(?)))")
        values += [narrowed.q, narrowed.q]
    return " AND ".join(tests), values
