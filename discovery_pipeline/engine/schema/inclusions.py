"""Inclusions: which columns' values lie within which keys' values, nearly all of them.

Three sieves, each cheaper a pair than the next: kinds and ranges, a sample of hashed values against all
keys at once, then exact counts for the few pairs left. Whether an inclusion is a reference is `references`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import duckdb

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.schema import names
from discovery_pipeline.engine.schema.facts import TEMPORARY, Database, Facts
from discovery_pipeline.engine.schema.keys import KEYS, Key

SAMPLES = f"{TEMPORARY}values"
"""Temporary table of hashed values of a sample: col (a column's id), h, n (sampled rows that hold it)."""

OFFERS = f"{TEMPORARY}offers"
"""Temporary table of the pairs to compare: col, key (both a column's id), void (as in `Inclusion`)."""

SAMPLED_VALUES = 96  # distinct values a column; a 95 % inclusion shows 75 % or less once in a million
SAMPLED_ROWS = 600
LEAST_SAMPLED = 0.75
LEAST_COVERAGE = 0.85
MOST_OFFERS = 20  # keys a column that the sample is compared with, by preference
MOST_EXACT = 8  # keys a column that are counted exactly, by preference

COUNTED_CELLS = 2_000_000  # values a query

Preference = Callable[[Facts, Key], float]


@dataclass(frozen=True, slots=True)
class Inclusion:
    """A column whose values lie in a key's, up to `orphans` rows."""

    column: Facts
    key: Key
    filled: int  # rows that hold a value other than `void`
    matched: int  # of them, those whose value is in the key
    distinct: int  # exact, of the column, without `void`
    shared: int  # distinct values that are in both
    void: str = ""  # a value that refers to nothing on purpose, and counts as empty: 0
    earlier: float = 0.0  # 0..1: how surely it points to earlier rows of its own table

    @property
    def coverage(self) -> float:
        """Share of filled rows whose value is in the key, 0..1."""
        return self.matched / self.filled

    @property
    def orphans(self) -> int:
        """Filled rows whose value is not in the key."""
        return self.filled - self.matched

    @property
    def share(self) -> float:
        """Share of the key's values that occur in the column, 0..1."""
        return self.shared / self.key.distinct if self.key.distinct else 0.0


def found(
    con: duckdb.DuckDBPyConnection, database: Database, keys: Sequence[Key], preference: Preference
) -> list[Inclusion]:
    """All inclusions of a column in a single key of any table, its own included.

    Parameters
    ----------
    preference
        How promising a pair is before its values are compared. Only the most promising keys of a column are
        looked at where there are many, as with small integers, which lie in every numbered table.
    """
    single = [k for k in keys if k.single and k.columns[0].kind in ("integer", "text")]
    offers = _offers(database, single, preference)
    if not offers:
        return []
    sampled = _sampled(con, database, offers)
    promising: dict[int, dict[int, list[Key]]] = defaultdict(dict)
    for column_id, pairs in sampled.items():
        column = database.columns[column_id]
        pairs.sort(key=lambda pair: -(pair[1] + preference(column, pair[0])))
        promising[column.table][column_id] = [key for key, _ in pairs[:MOST_EXACT]]
    return [held for table, pairs in promising.items() for held in _counted(con, database, table, pairs)]


def _offers(database: Database, keys: Sequence[Key], preference: Preference) -> dict[int, list[Key]]:
    """For each column, the keys that may hold its values."""
    offers: dict[int, list[Key]] = {}
    for column in database.columns:
        if not column.filled or column.kind not in ("integer", "text") or column.longest > 200:
            continue
        able = [k for k in keys if k.columns[0].id != column.id and _possible(column, k)]
        numbers = [k for k in able if k.columns[0].kind == "integer"]
        if len(numbers) > MOST_OFFERS:
            numbers.sort(key=lambda k: -preference(column, k))
            able = [k for k in able if k.columns[0].kind != "integer"] + numbers[:MOST_OFFERS]
        if able:
            offers[column.id] = able
    return offers


def _possible(column: Facts, key: Key) -> bool:
    """Whether kinds, sizes and ranges let the column's values lie in the key's."""
    referred = key.columns[0]
    if column.distinct > 1.1 * key.distinct + (1 - LEAST_COVERAGE) * column.filled:  # orphans may all differ
        return False
    if column.kind == "integer" and referred.kind == "integer":
        slack = 1 + (referred.high - referred.low) * 0.02
        # A sentinel (0, -1, 99999) or an orphan lies outside; what lies outside at both ends is another range.
        return column.high <= referred.high + slack or column.low >= referred.low - slack
    return column.shortest <= referred.longest and column.longest >= referred.shortest


def _void(column: Facts, key: Key) -> str:
    """The value below the key's own by which a column that is named as a reference says "none"; "" if there is none."""
    if column.kind != "integer" or key.columns[0].kind != "integer" or column.low not in (0, -1):
        return ""
    parts = names.words(column.column.name)
    named = names.says_key(parts) > 0 or names.names_parent(parts)
    return str(column.low) if named and column.low < key.columns[0].low else ""


def _sampled(
    con: duckdb.DuckDBPyConnection, database: Database, offers: dict[int, list[Key]]
) -> dict[int, list[tuple[Key, float]]]:
    """The offers that a sample of the column's values does not refute, with the share found."""
    _fill(con, database, offers)
    con.execute(f"create or replace temp table {OFFERS} (col integer, key integer, void varchar)")
    pairs = [(c, k.columns[0].id, _void(database.columns[c], k)) for c, ks in offers.items() for k in ks]
    con.execute(
        f"insert into {OFFERS} select unnest($1::integer[]), unnest($2::integer[]), unnest($3::varchar[])",
        [list(of) for of in zip(*pairs, strict=True)],
    )
    hits = con.execute(
        f"with totals as (select col, sum(n) as n from {SAMPLES} group by col)"
        f" select o.col, o.key, sum(s.n) / (any_value(t.n) - coalesce(any_value(v.n), 0))"
        f" from {SAMPLES} s join {KEYS} k on s.h = k.h join {OFFERS} o on o.col = s.col and o.key = k.key"
        f" join totals t on t.col = s.col left join {SAMPLES} v on v.col = o.col and v.h = hash(o.void) group by all"
    ).fetchall()
    by_id = {k.columns[0].id: k for ks in offers.values() for k in ks}
    kept: dict[int, list[tuple[Key, float]]] = defaultdict(list)
    for column, key, share in sorted(hits):
        if share >= LEAST_SAMPLED:
            kept[column].append((by_id[key], share))
    return kept


def _fill(con: duckdb.DuckDBPyConnection, database: Database, columns: Collection[int]) -> None:
    """Have `SAMPLES` hold values of these columns; an analysis that looks for inclusions again has some there."""
    con.execute(f"create temp table if not exists {SAMPLES} (col integer, h ubigint, n bigint)")
    there = {column for (column,) in con.execute(f"select distinct col from {SAMPLES}").fetchall()}
    for table in database.tables:
        wanted = [c for c in table.columns if c.id in columns and c.id not in there]
        if not wanted:
            continue
        con.execute(
            f"insert into {SAMPLES} select col, h, count(*) from ("
            f"select unnest([{', '.join(str(c.id) for c in wanted)}]) as col,"
            f" unnest([{', '.join(f'case when {c.value} is not null then hash({c.value}) end' for c in wanted)}]) as h"
            f" from (from {table.sample} limit {SAMPLED_ROWS})) where h is not null group by col, h"
            f" qualify row_number() over (partition by col order by h) <= {SAMPLED_VALUES}"
        )


def _counted(
    con: duckdb.DuckDBPyConnection, database: Database, table: int, promising: dict[int, list[Key]]
) -> list[Inclusion]:
    """The inclusions of one table's columns, exactly; as many columns at once as make COUNTED_CELLS."""
    held = database.tables[table]
    at_once = max(1, COUNTED_CELLS // max(1, held.rows))
    columns = list(promising)
    found: list[Inclusion] = []
    for first in range(0, len(columns), at_once):
        some = {c: {k.columns[0].id: k for k in promising[c]} for c in columns[first : first + at_once]}
        voids = {(c, i): _void(database.columns[c], k) for c, keys in some.items() for i, k in keys.items()}
        pairs = ", ".join(f"({c}, {key}, {duck.text(void)})" for (c, key), void in voids.items())
        values = ", ".join(
            f"case when {v} is not null then hash({v}) end" for v in (database.columns[c].value for c in some)
        )
        rows = con.execute(
            f"""
            with held as materialized (
                select col, h, count(*) as n
                from (select unnest([{", ".join(map(str, some))}]) as col, unnest([{values}]) as h
                      from {duck.scan(held.table)})
                where h is not null group by col, h
            ),
            totals as (select col, sum(n)::bigint as filled, count(*) as size from held group by col),
            pairs as (
                select p.*, coalesce(n, 0) as void_n, count(n) as voids
                from (values {pairs}) p(col, key, void) left join held on held.col = p.col and h = hash(void)
                group by all
            )
            select col, key, sum(held.n)::bigint, count(*), any_value(filled - void_n), any_value(size - voids)
            from held join totals using (col) join pairs using (col) join {KEYS} k using (key, h)
            group by col, key
            """
        ).fetchall()
        found += [
            Inclusion(
                column=database.columns[col],
                key=some[col][key],
                filled=filled,
                matched=matched,
                distinct=distinct,
                shared=shared,
                void=voids[col, key],
            )
            for col, key, matched, shared, filled, distinct in sorted(rows)
            if matched >= LEAST_COVERAGE * filled
        ]
    return found
