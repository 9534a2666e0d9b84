"""Distinct values of a table's columns with their counts, as the rules planned so far leave them.

Planning looks at values, not at cells: a rule that fits a value fits it wherever it stands.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import duckdb

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.cleansing.catalogue import RULES
from discovery_pipeline.engine.cleansing.draft import Draft
from discovery_pipeline.engine.cleansing.model import PlannedRule, Tier
from discovery_pipeline.engine.tables import Column, Table

EXAMPLES = 3


@dataclass
class Values:
    """The values of one table, and the rules planned over them."""

    con: duckdb.DuckDBPyConnection
    table: Table
    relation: str  # temporary table: position, value, cells, and the round that wrote the value
    planned: list[PlannedRule] = field(default_factory=list)
    rounds: int = 1  # the round that is on
    source: str = ""  # a FROM item of the values that are looked at
    _stored: tuple[str, ...] = field(default=(), init=False)  # the tables that hold them

    def __post_init__(self) -> None:
        self._stored = (self.relation,)
        self.keep_all()

    def column(self, position: int) -> Column:
        """The column at that position."""
        return self.table.columns[position]

    def ask(self, query: str) -> list[tuple]:
        """A query's rows; `values` in braces stands for the relation."""
        return self.con.execute(query.replace("{values}", self.source)).fetchall()

    def offer(
        self, rule: str, expression: Mapping[int, str] | str, where: str, *, tier: Tier | None = None
    ) -> set[int]:
        """Plan a rule's expression (one for all columns, or one by position) where it changes a value.

        The expressions say `$v` for the value; so does `where`, which keeps dear expressions from cheap misses.
        Returns the positions of the columns that change.
        """
        if isinstance(expression, str):
            found = self._rewrite(expression, where)
            of = dict.fromkeys(found, expression)
        else:
            found, of = {}, dict(expression)
            for position, one in expression.items():
                found |= self._rewrite(one, f"position = {position} AND ({where})")
        for position, (cells, examples) in sorted(found.items()):
            of_column, guard = self._over(of[position], position), self._over(where, position)
            self._plan(rule, position, cells, examples, expression=of_column, where=guard, tier=tier)
        return set(found)

    def offer_list(
        self, rule: str, position: int, listed: Mapping[str, str | None], *, tier: Tier | None = None, reason: str = ""
    ) -> None:
        """Plan a rule that is a list of values for one column."""
        if not listed:
            return
        self.con.execute(
            "CREATE OR REPLACE TEMP TABLE __change AS SELECT v.position, v.value, m.after, v.cells FROM "
            f"{self.source} v JOIN (SELECT unnest($1::VARCHAR[]) AS before, unnest($2::VARCHAR[]) AS after) m "
            "ON v.value = m.before WHERE v.position = $3",
            [list(listed), list(listed.values()), position],
        )
        for cells, examples in self._take().values():
            self._plan(rule, position, cells, examples, values=dict(listed), tier=tier, reason=reason)

    def keep(self, columns: Collection[str]) -> None:
        """Look at the values of these columns only."""
        kept = ", ".join(str(c.position) for c in self.table.columns if c.name in columns)
        self.source = f"(FROM {self.relation} WHERE position IN ({kept}))"

    def leave(self, positions: Collection[int]) -> None:
        """Look at these columns no more."""
        self.con.execute(f"DELETE FROM {self.relation} WHERE list_contains($1::INTEGER[], position)", [[*positions]])

    def keep_all(self) -> None:
        """Look at every value again."""
        self.source = self.relation

    @contextmanager
    def fresh(self, where: str) -> Iterator[None]:
        """Look at values that the last round or this one wrote, and `where` holds for.

        Rules that ask nothing but the value itself have seen the others.
        """
        every, chosen = self.source, f"{self.relation}_fresh"
        self.con.execute(
            f"CREATE OR REPLACE TEMP TABLE {chosen} AS FROM {every} "
            f"WHERE CASE WHEN written >= {self.rounds - 1} THEN {where.replace('$v', 'value')} END"
        )
        self.source, self._stored = chosen, (self.relation, chosen)
        try:
            yield
        finally:
            self.source, self._stored = every, (self.relation,)
            self.con.execute(f"DROP TABLE {chosen}")

    def _rewrite(self, expression: str, where: str) -> dict[int, tuple[int, tuple[str, ...]]]:
        self.con.execute(
            "CREATE OR REPLACE TEMP TABLE __change AS SELECT * FROM ("
            f"SELECT position, value, nullif(({expression.replace('$v', 'value')}), '') AS after, cells "
            f"FROM {self.source} WHERE value IS NOT NULL AND ({where.replace('$v', 'value')})"
            ") WHERE after IS DISTINCT FROM value"
        )
        return self._take()

    def _take(self) -> dict[int, tuple[int, tuple[str, ...]]]:
        """Write the changed values down; by position how many cells change, with examples."""
        found = self.con.execute(
            "SELECT position, sum(cells)::BIGINT, "
            f"max_by(value || ' → ' || coalesce(after, '∅'), (cells, value), {EXAMPLES}) "
            "FROM __change GROUP BY position"
        ).fetchall()
        for stored in self._stored if found else ():
            self.con.execute(
                f"UPDATE {stored} v SET value = c.after, written = {self.rounds} FROM __change c "
                "WHERE v.position = c.position AND v.value = c.value"
            )
        return {position: (cells, tuple(examples)) for position, cells, examples in found}

    def _over(self, expression: str, position: int) -> str:
        return expression.replace("$v", duck.col(self.column(position)))

    def _plan(  # noqa: PLR0913 - what a planned rule is made of
        self,
        rule: str,
        position: int,
        cells: int,
        examples: tuple[str, ...],
        *,
        expression: str = "",
        where: str = "",
        values: Mapping[str, str | None] | None = None,
        tier: Tier | None = None,
        reason: str = "",
    ) -> None:
        known = RULES[rule]
        self.planned.append(
            PlannedRule(
                rule=rule,
                version=known.version,
                table=self.table.name,
                column=self.column(position).name,
                tier=tier or known.tier,
                confidence=known.confidence,
                reason=reason or known.reason,
                expression=expression,
                where=where,
                values=dict(values or {}),
                cells=cells,
                examples=examples,
            )
        )


@contextmanager
def distinct(draft: Draft, columns: Iterable[Column] | None = None) -> Iterator[Values]:
    """The distinct values of these columns (default: all), as the draft has them now."""
    chosen: Sequence[Column] = tuple(draft.table.columns if columns is None else columns)
    draft.con.execute(
        "CREATE OR REPLACE TEMP TABLE __values (position INTEGER, value VARCHAR, cells BIGINT, written INTEGER)"
    )
    for cells in draft.cells(chosen):
        draft.con.execute(f"INSERT INTO __values SELECT position, value, count(*), 0 FROM {cells} GROUP BY ALL")
    try:
        yield Values(draft.con, draft.table, "__values")
    finally:
        draft.con.execute("DROP TABLE IF EXISTS __change; DROP TABLE __values")
