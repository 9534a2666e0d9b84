"""Drafts: a table while it is being mended.

The source is never copied: a draft is the source plus a log of cell patches, and a column as it stands now
is the source read through the log. Rules over values run on distinct values; rules over rows bring their own rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby

import duckdb

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.cleansing import over_rows
from discovery_pipeline.engine.cleansing.model import PlannedRule
from discovery_pipeline.engine.tables import Column, Table

CELLS = 100_000
"""Cells that are counted together: a column by itself takes 2 ms at least, many large ones at once take memory."""
WRITTEN = 20_000_000
"""Cells of a table up to which its rows are written down as they stand: they take memory, or else the disk."""


@dataclass
class Draft:
    """One table and what has been changed in it so far."""

    con: duckdb.DuckDBPyConnection
    table: Table
    log: str  # temporary table: row, position, step, before, after, rule (index into `rules`)
    rules: list[PlannedRule]
    touched: set[str] = field(default_factory=set)  # keys of columns with patches
    _ground: str = ""  # temporary table of the rows as they once stood; none: the source
    _moved: set[str] = field(default_factory=set)  # keys of columns patched since

    def now(self, column: Column) -> str:
        """A FROM item: `__row` and the column under its key, as it stands now."""
        return self.rows([column])

    def last(self, column: Column) -> str:
        """A FROM item: `__row`, `__value` of the column's patched cells; null is a value here and travels wrapped."""
        return (
            f"(SELECT row AS __row, arg_max({{'v': after}}, step).v AS __value FROM {self.log} "
            f"WHERE position = {column.position} GROUP BY row)"
        )

    def rows(self, columns: Sequence[Column]) -> str:
        """A FROM item: `__row` and several columns as they stand now."""
        chosen, joins = [], []
        row = "__row" if self._ground else "file_row_number"
        for n, column in enumerate(dict.fromkeys(columns)):
            key = duck.col(column)
            if column.key in self._moved:
                chosen.append(f"CASE WHEN o{n}.__row IS NULL THEN s.{key} ELSE o{n}.__value END AS {key}")
                joins.append(f" LEFT JOIN {self.last(column)} o{n} ON o{n}.__row = s.{row}")
            else:
                chosen.append(f"s.{key}")
        ground = self._ground or duck.scan(self.table)
        return f"(SELECT s.{row} AS __row, {', '.join(chosen)} FROM {ground} s{''.join(joins)})"

    def cells(self, columns: Sequence[Column]) -> Iterator[str]:
        """FROM items that together are the cells of these columns as they stand now: `position` and `value`."""
        most = CELLS // self.table.row_count
        if most < 2:
            for column in columns:
                yield f"(SELECT {column.position} AS position, {duck.col(column)} AS value FROM {self.now(column)})"
            return
        for at in range(0, len(columns), most):
            some = columns[at : at + most]
            named = ", ".join(f'{duck.col(c)} AS "{c.position}"' for c in some)
            listed = ", ".join(f'"{c.position}"' for c in some)
            yield (
                f"(SELECT position::INTEGER AS position, value FROM (SELECT {named} FROM {self.rows(some)}) "
                f"UNPIVOT INCLUDE NULLS (value FOR position IN ({listed})))"
            )

    def settle(self) -> None:
        """Write the rows down as they stand now, unless they are many: each patched column costs every query a join."""
        if not self._moved or self.table.row_count * len(self.table.columns) > WRITTEN:
            return
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE __next AS FROM {self.rows(self.table.columns)}")
        self._ground = "__ground"
        self.con.execute(f"DROP TABLE IF EXISTS {self._ground}; ALTER TABLE __next RENAME TO {self._ground}")
        self._moved.clear()

    def count(self) -> int:
        """Patches so far."""
        return self.number(f"FROM {self.log}")

    def number(self, query: str) -> int:
        """How many rows a query has."""
        found = self.con.execute(f"SELECT count(*) FROM ({query})").fetchone()
        return found[0] if found else 0

    def apply(self, rules: Iterable[PlannedRule]) -> None:
        """Run rules in their order; neighbours over the values of one column run as one chain."""
        by_values = groupby(rules, key=lambda r: (bool(r.given), r.given and r.rule))
        for (whole_rows, _), run in by_values:
            if whole_rows:
                for rule in run:
                    self._over_rows(rule)
                continue
            chains: dict[str, list[PlannedRule]] = {}
            for rule in run:
                chains.setdefault(rule.column, []).append(rule)
            for column, chain in chains.items():
                self._over_values(self.table.column(column), chain)

    def _over_values(self, column: Column, chain: Sequence[PlannedRule]) -> None:
        key, start = duck.col(column), len(self.rules)
        self.rules.extend(chain)
        with spelled(self.con, chain) as maps:
            # A value that none of the rules would touch first, none will touch later.
            worth = " OR ".join(
                f"{key} IN (SELECT __before FROM {listed})" if listed else f"({rule.where or 'true'})"
                for rule, listed in zip(chain, maps, strict=True)
            )
            present = f"SELECT DISTINCT {key} FROM {self.now(column)} WHERE {key} IS NOT NULL AND ({worth})"
            relation = f"SELECT {key}, {key} AS __s0 FROM ({present})"
            for n, (rule, listed) in enumerate(zip(chain, maps, strict=True), 1):
                relation = _step(relation, key, n, rule, listed)
            steps = ", ".join(
                f"{{'step': {start + n}, 'before': __s{n}, 'after': __s{n + 1}, 'rule': {start + n}}}"
                for n in range(len(chain))
            )
            changed = " OR ".join(f"__s{n} IS DISTINCT FROM __s{n + 1}" for n in range(len(chain)))
            changes = f"""
                SELECT __s0, list_filter([{steps}], lambda __step: __step.before IS DISTINCT FROM __step.after) AS steps
                FROM ({relation}) WHERE {changed}"""
            self._insert(
                f"SELECT __row AS row, {column.position} AS position, unnest(steps, max_depth := 2) "
                f"FROM {self.now(column)} JOIN ({changes}) ON {key} = __s0"
            )
        self.moved(column)

    def _over_rows(self, rule: PlannedRule) -> None:
        step = len(self.rules)
        self.rules.append(rule)
        # One statement, so that every column is read before any is written.
        self._insert(
            " UNION ALL ".join(
                f"SELECT __row AS row, {column.position} AS position, {step} AS step, before, after, {step} AS rule "
                f"FROM ({query}) WHERE before IS DISTINCT FROM after"
                for column, query in over_rows.changes(self, rule)
            )
        )
        self.moved(*map(self.table.column, (rule.column, *rule.given)))

    def moved(self, *columns: Column) -> None:
        """Tell that the log has patches of these columns that it hadn't."""
        keys = {column.key for column in columns}
        self.touched |= keys
        self._moved |= keys

    def withdraw(self) -> None:
        """Take the last rule's patches back."""
        self.con.execute(f"DELETE FROM {self.log} WHERE step = {len(self.rules) - 1}")

    def _insert(self, query: str) -> None:
        self.con.execute(f"INSERT INTO {self.log} BY NAME ({query})")


def _step(relation: str, key: str, n: int, rule: PlannedRule, listed: str | None) -> str:
    """One more rule on top of a relation of values: its result becomes the column, and is kept as `__s<n>`."""
    if listed:
        mended = f"""
            SELECT r.*, CASE WHEN m.__before IS NULL THEN r.{key} ELSE m.__after END AS __s{n}
            FROM ({relation}) r LEFT JOIN {listed} m ON m.__before = r.{key}"""
    else:
        mended = (
            f"SELECT *, CASE WHEN {rule.where or 'true'} THEN nullif(({rule.expression}), '') ELSE {key} END AS __s{n} "
            f"FROM ({relation})"
        )
    return f"SELECT * REPLACE (__s{n} AS {key}) FROM ({mended})"


@contextmanager
def spelled(con: duckdb.DuckDBPyConnection, rules: Sequence[PlannedRule]) -> Iterator[list[str | None]]:
    """For each rule the name of a temporary table `__before`, `__after` of its values; None where it lists none."""
    names: list[str | None] = []
    for n, rule in enumerate(rules):
        if not rule.values:
            names.append(None)
            continue
        name = f"__listed_{n}"
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE {name} AS "
            "SELECT unnest($1::VARCHAR[]) AS __before, unnest($2::VARCHAR[]) AS __after",
            [list(rule.values), list(rule.values.values())],
        )
        names.append(name)
    try:
        yield names
    finally:
        for name in filter(None, names):
            con.execute(f"DROP TABLE {name}")


@contextmanager
def drafted(con: duckdb.DuckDBPyConnection, table: Table) -> Iterator[Draft]:
    """A draft of a table, with its log dropped at the end."""
    log = "__patches"
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {log} "
        "(row BIGINT, position INTEGER, step INTEGER, before VARCHAR, after VARCHAR, rule INTEGER)"
    )
    try:
        yield Draft(con, table, log, [])
    finally:
        con.execute(f"DROP TABLE {log}; DROP TABLE IF EXISTS __ground")
