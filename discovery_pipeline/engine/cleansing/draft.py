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
TOGETHER = 12
"""Patched columns that are joined at once: DuckDB takes 7 MB for each join, however few its rows are, and 20 MB for
each of fifty."""
WIDE = 200
"""Columns that are read at once: each takes 32 KB in every step of a query, and on every thread."""
BLOCK = 100
"""Columns whose rows are written down together."""


@dataclass
class Draft:
    """One table and what has been changed in it so far."""

    con: duckdb.DuckDBPyConnection
    table: Table
    log: str  # temporary table: row, position, step, before, after, rule (index into `rules`)
    rules: list[PlannedRule]
    touched: set[str] = field(default_factory=set)  # keys of columns with patches
    _grounds: dict[int, str] = field(default_factory=dict)  # by block of columns: its temporary table, as it once stood
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
        return self._rows(columns, self._moved)

    def _rows(self, columns: Sequence[Column], moved: set[str]) -> str:
        chosen, joins = [], []
        source = duck.scan(self.table)
        grounds = {c.key: self._grounds.get(c.position // BLOCK, source) for c in columns}
        places = {ground: f"s{n}" for n, ground in enumerate(dict.fromkeys(grounds.values()))}
        row = "s0.file_row_number" if next(iter(places)) == source else "s0.__row"
        for n, column in enumerate(dict.fromkeys(columns)):
            key, place = duck.col(column), places[grounds[column.key]]
            if column.key in moved:
                chosen.append(f"CASE WHEN o{n}.__row IS NULL THEN {place}.{key} ELSE o{n}.__value END AS {key}")
                joins.append(f" LEFT JOIN {self.last(column)} o{n} ON o{n}.__row = {row}")
            else:
                chosen.append(f"{place}.{key}")
        beside = " POSITIONAL JOIN ".join(f"{ground} {place}" for ground, place in places.items())
        return f"(SELECT {row} AS __row, {', '.join(chosen)} FROM {beside}{''.join(joins)})"

    def cells(self, columns: Sequence[Column]) -> Iterator[str]:
        """FROM items that together are the cells of these columns as they stand now: `position` and `value`."""
        most = CELLS // self.table.row_count
        if most < 2:
            for column in columns:
                yield f"(SELECT {column.position} AS position, {duck.col(column)} AS value FROM {self.now(column)})"
            return
        for some in self.batches(columns, most):
            named = ", ".join(f'{duck.col(c)} AS "{c.position}"' for c in some)
            listed = ", ".join(f'"{c.position}"' for c in some)
            yield (
                f"(SELECT position::INTEGER AS position, value FROM (SELECT {named} FROM {self.rows(some)}) "
                f"UNPIVOT INCLUDE NULLS (value FOR position IN ({listed})))"
            )

    def batches(self, columns: Sequence[Column], most: int = WIDE) -> Iterator[list[Column]]:
        """These columns in parts that one query can read: neither wide, nor with many that are patched."""
        some: list[Column] = []
        patched = 0
        for column in columns:
            moved = column.key in self._moved
            if len(some) == min(most, WIDE) or (moved and patched == TOGETHER):
                yield some
                some, patched = [], 0
            some.append(column)
            patched += moved
        if some:
            yield some

    def settle(self) -> None:
        """Write the rows down as they stand now, unless they are many: each patched column costs every query a join."""
        columns = self.table.columns
        if self.table.row_count * len(columns) > WRITTEN:
            return
        # A join on several threads loses the order of its rows, in which the blocks stand side by side.
        order = "ORDER BY __row" if len(columns) > BLOCK else ""
        for number, block in enumerate(columns[at : at + BLOCK] for at in range(0, len(columns), BLOCK)):
            while moved := {column.key for column in [c for c in block if c.key in self._moved][:TOGETHER]}:
                self.con.execute(f"CREATE OR REPLACE TEMP TABLE __next AS FROM {self._rows(block, moved)} {order}")
                ground = self._grounds[number] = f"__ground_{number}"
                self.con.execute(f"DROP TABLE IF EXISTS {ground}; ALTER TABLE __next RENAME TO {ground}")
                self._moved -= moved

    def end(self) -> None:
        """Drop what was written down."""
        self.con.execute("; ".join(f"DROP TABLE {name}" for name in (self.log, *self._grounds.values())))

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
    draft = Draft(con, table, log, [])
    try:
        yield draft
    finally:
        draft.end()
