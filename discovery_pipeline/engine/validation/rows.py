"""Rows: rules across the fields of a row, and across the rows that go into one file of a target.

What a file would hold twice is told apart from what it would contradict:

- A *duplicate* is a row that would be written exactly as an earlier one. Where rows say which thing they are about
  (a server), the target couldn't tell the two apart, so the second adds nothing. Where they don't (two disks of one
  size on one server), only a row that is equal in every column of its source is one: else a disk would be lost.
- A row with the identifier of an earlier one but other values is a contradiction ("same …"), not a duplicate.

The first row stays, in order of tables and rows. A rejected row never makes another one fail.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.tables import Table, Tables
from discovery_pipeline.engine.targets.contract import TargetTable
from discovery_pipeline.engine.targets.schema import presence, under
from discovery_pipeline.engine.validation.feeds import Feed, Plan
from discovery_pipeline.engine.validation.values import WHOLE_ROW, quoted


@dataclass(frozen=True, slots=True)
class Rows:
    """A feed's rows in the target's fields, as `values.read` wrote them."""

    feed: Feed
    path: Path

    @property
    def sql(self) -> str:
        """A FROM item over them."""
        return duck.parquet(self.path)


@dataclass(frozen=True, slots=True)
class _Clash:
    """Rows of which only the first can stay: those that share a key, and differ in `compared` if that is given."""

    rule: str
    key: str  # SQL, one column or several
    says: str  # SQL; `__first` is what is known of the first row with the key
    field: str | None = None
    compared: str | None = None  # SQL


def judge_each(con: duckdb.DuckDBPyConnection, rows: Rows) -> None:
    """Judge every row by itself: the schema sees each combination of filled fields once."""
    from pandera.errors import SchemaErrors

    feed = rows.feed
    columns = [f.field.name for f in feed.fills]
    schema, rules = presence(feed.target, columns)
    asked = [c for c in columns if any(c in r.fields for r in rules)]
    if not asked:
        return
    filled = ", ".join(f"CASE WHEN {duck.name(c)} IS NOT NULL THEN 'x' END AS {duck.name(c)}" for c in asked)
    patterns = con.sql(f"SELECT DISTINCT {filled} FROM {rows.sql}").to_arrow_table().to_pandas().astype("str")
    try:
        schema.validate(patterns, lazy=True)
    except SchemaErrors as wrong:
        cases = wrong.failure_cases[["index", "check_number"]].drop_duplicates().astype(int)
    else:
        return
    number = cases["check_number"].reset_index(drop=True)
    broken = patterns.loc[cases["index"]].reset_index(drop=True)
    broken = broken.assign(
        __rule=number.map({n: r.rule for n, r in enumerate(rules)}),
        __says=number.map({n: r.says for n, r in enumerate(rules)}),
        __field=number.map({n: r.fields[0] if r.rule == "required" else None for n, r in enumerate(rules)}),
    )
    con.register("broken", broken)
    alike = " AND ".join(f"(p.{duck.name(c)} IS NOT NULL) = (r.{duck.name(c)} IS NOT NULL)" for c in asked)
    # A required field whose value was not valid has its reason already; "is empty" would be no news.
    con.execute(f"""
        INSERT INTO issues
        SELECT {feed.number}, {feed.place}, r.__row, {WHOLE_ROW}, p.__field, NULL, NULL, NULL, p.__rule, p.__says, true
        FROM {rows.sql} AS r JOIN broken AS p ON {alike}
        WHERE NOT (p.__rule = 'required' AND EXISTS (
            FROM issues AS i WHERE i.feed = {feed.number} AND i.row = r.__row AND i.field = p.__field AND i.fatal))
    """)
    con.unregister("broken")


def judge_demand(con: duckdb.DuckDBPyConnection, feed: Feed, rule: str, failing: str) -> None:
    """Reject the feed's rows that a query of `row` and `reason` names."""
    con.execute(f"""
        INSERT INTO issues
        SELECT {feed.number}, {feed.place}, row, {WHOLE_ROW}, NULL, NULL, NULL, NULL, {duck.text(rule)}, reason, true
        FROM ({failing})
    """)


def judge_together(
    con: duckdb.DuckDBPyConnection, plan: Plan, table: TargetTable, gathered: Sequence[Rows], valid: Mapping[str, Path]
) -> None:
    """Judge the rows that are good by themselves against each other, and against the tables before this one.

    Leaves the view `standing` of those that remain: `__feed`, `__source`, `__row`, `__line` and the fields.
    """
    _gather(con, gathered)
    columns = mapped_columns(table, [r.feed for r in gathered])
    for clash in _clashes(plan, table, columns):
        _reject_later(con, clash)
    for field in table.fields:
        if field.references and field.name in columns:
            _reject_unknown(con, plan, field.name, field.references, valid)


def mapped_columns(table: TargetTable, feeds: Sequence[Feed]) -> tuple[str, ...]:
    """The fields that any feed fills, in the contract's order."""
    found: dict[str, str] = {}
    for name in (f.field.name for feed in feeds for f in feed.fills):
        found.setdefault(name.casefold(), name)  # two tables may spell a key differently, and mean one column
    return tuple(sorted(found.values(), key=table.position))


def _gather(con: duckdb.DuckDBPyConnection, gathered: Sequence[Rows]) -> None:
    """What no fatal issue speaks of: a row leaves the view when its issue is written down."""
    parts = " UNION ALL BY NAME ".join(
        f"SELECT {r.feed.number} AS __feed, {r.feed.place} AS __source, * FROM {r.sql}" for r in gathered
    )
    con.execute(f"""
        CREATE OR REPLACE TEMP VIEW standing AS
        SELECT r.* FROM ({parts}) AS r
        ANTI JOIN (SELECT feed, row FROM issues WHERE fatal) AS i ON i.feed = r.__feed AND i.row = r.__row
    """)


def _clashes(plan: Plan, table: TargetTable, columns: Sequence[str]) -> list[_Clash]:
    """What may stand once only, in the order in which it is judged."""
    first = _place(plan.tables)
    fields = ", ".join(duck.name(c) for c in columns)
    recognisable = any(f.identity or f.unique for f in table.fields)
    more = duck.text(f" in everything that {plan.target.name} takes")
    clashes = [
        _Clash(
            "duplicate",
            fields if recognisable else f"__source, __whole, {fields}",
            f"'duplicate of ' || {first} || CASE WHEN __whole = __first.whole THEN '' ELSE {more} END",
        )
    ]
    for field in table.fields:
        if field.unique and field.name in columns:
            same = duck.text(f"same {field.name} as ")
            clashes.append(
                _Clash("unique", duck.name(field.name), f"{same} || {first} || ', with other values'", field.name)
            )
    groups = [g for r in table.rules if r.kind == "no_conflict" for g in r.groups]
    for key, other in ((k, o) for k, *about in groups if k in columns for o in under(table, about, columns)):
        whose, what = duck.name(key), duck.name(other)
        says = (
            f"{duck.text(f'{other} of {key} ')} || {quoted(whose)} || ' is ' || {quoted('__first.value')} || ' on '"
            f" || {first} || ' and ' || {quoted(what)} || ' here'"
        )
        clashes.append(_Clash("no_conflict", whose, says, other, compared=what))
    return clashes


def _reject_later(con: duckdb.DuckDBPyConnection, clash: _Clash) -> None:
    """Take out of `standing` all rows of the clash but the first.

    Only rows whose key's hash repeats are sorted: on an inventory without duplicates that is none.
    """
    where = "true" if clash.rule == "duplicate" else f"{clash.key} IS NOT NULL"
    differs = ""
    if clash.compared:
        where += f" AND {clash.compared} IS NOT NULL"
        differs = f"AND {clash.compared} <> __first.value"
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE later AS
        WITH hashed AS (SELECT __feed, __row, hash(row({clash.key})) AS hash FROM standing WHERE {where}),
        again AS (SELECT hash FROM hashed GROUP BY hash HAVING count(*) > 1),
        suspects AS (SELECT __feed, __row FROM hashed SEMI JOIN again USING (hash)),
        grouped AS (
            SELECT s.*, first_value({{'source': __source, 'line': __line, 'whole': __whole, 'row': __row,
                                      'feed': __feed, 'value': {clash.compared or "NULL::VARCHAR"}}})
                OVER (PARTITION BY {clash.key} ORDER BY __source, __row, __feed) AS __first
            FROM standing AS s SEMI JOIN suspects USING (__feed, __row) WHERE {where}
        )
        SELECT __feed AS feed, __source AS source, __row, {clash.says} AS reason FROM grouped
        WHERE (__first.feed, __first.row) <> (__feed, __row) {differs}
    """)
    _take_out(con, clash.rule, clash.field)


def _reject_unknown(
    con: duckdb.DuckDBPyConnection, plan: Plan, field: str, reference: str, valid: Mapping[str, Path]
) -> None:
    """Take out rows that refer to something that isn't delivered."""
    table, _, key = reference.partition(".")
    known = duck.parquet(valid[table]) if table in valid else f"(SELECT NULL AS {duck.name(key)})"
    own, where = f"standing.{duck.name(field)}", duck.text(f" is not in {plan.target.table(table).file}")
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE later AS
        SELECT __feed AS feed, __source AS source, __row, {duck.text(f"{field} ")} || {quoted(own)} || {where} AS reason
        FROM standing ANTI JOIN (SELECT {duck.name(key)} AS known FROM {known}) AS k ON k.known = {own}
        WHERE {own} IS NOT NULL
    """)
    _take_out(con, "references", field)


def _take_out(con: duckdb.DuckDBPyConnection, rule: str, field: str | None) -> None:
    named = duck.text(field) if field else "NULL"
    con.execute(f"""
        INSERT INTO issues
        SELECT feed, source, __row, {WHOLE_ROW}, {named}, NULL, NULL, NULL, {duck.text(rule)}, reason, true FROM later
    """)


def _place(tables: Tables) -> str:
    """Where the first row stands, as SQL: 'line 12' within one table, 'servers.csv, line 12' across tables."""
    files = " ".join(f"WHEN {i} THEN {duck.text(_file(t))}" for i, t in enumerate(tables))
    elsewhere = f"CASE WHEN __first.source <> __source THEN CASE __first.source {files} END || ', ' ELSE '' END"
    return f"{elsewhere} || 'line ' || __first.line"


def _file(table: Table) -> str:
    return f"{table.source.file} ({table.source.sheet})" if table.source.sheet else table.source.file
