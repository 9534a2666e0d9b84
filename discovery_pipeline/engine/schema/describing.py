"""Describing: tables whose rows tell more about the rows of another table.

A reference says that values lie in a key; here nearly every row of a table must be about one row of the other, so that
the one can be read as columns of the other: adapters of servers, a sheet of their operating systems.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import product
from types import MappingProxyType

import duckdb

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.schema import facts, inclusions, keys, names
from discovery_pipeline.engine.schema.facts import Database, Facts, TableFacts
from discovery_pipeline.engine.schema.inclusions import Inclusion
from discovery_pipeline.engine.schema.keys import Key
from discovery_pipeline.engine.schema.model import Description
from discovery_pipeline.engine.tables import Tables

LEAST = 0.9
"""Share of a table's rows that must refer to a row of the other."""

_SAME = 0.5  # share of rows that must be called like what they refer to, where both have names
_GENERIC = frozenset(("id", "uuid", "guid", "key", "code", "nr", "no", "num", "number", "nummer", "name"))
_NOBODY: Mapping[str, AbstractSet[str]] = MappingProxyType({})


def found(
    con: duckdb.DuckDBPyConnection,
    tables: Tables,
    mains: Sequence[str],
    naming: Mapping[str, AbstractSet[str]] = _NOBODY,
) -> tuple[Description, ...]:
    """Which tables describe which others; each describes one at most, and what is described describes none.

    Parameters
    ----------
    mains
        Names of tables that may be described, the likeliest first: a table describes none that comes after it.
    naming
        Columns, by table, that name things of their own. Where one of them is a key, several rows can't be about one
        row of another table: machines refer to the host they run on, and aren't parts of it. Nor can one row be about
        another that has another name: machines of two sites share addresses.
    """
    if len(tables) < 2:
        return ()
    claimed: dict[str, Description] = {}
    with facts.gathered(con, tables, None) as database:
        singles = keys.singles(con, database)
        unique = {(k.table, k.columns[0].column.name) for k in singles}
        own = {t.name: {c for c in naming.get(t.name, ()) if (t.index, c) in unique} for t in database.tables}
        for place, main in enumerate(mains):
            if main in claimed:
                continue
            index = next(t.index for t in database.tables if t.name == main)
            its = [key for key in singles if key.table == index]
            for held in _best(database, inclusions.found(con, database, its, _likeness)):
                table = database.table_of(held.column).name
                if table in claimed or table in mains[: place + 1]:
                    continue
                several = held.distinct < keys.ALMOST * held.column.filled
                called = own[table] - {held.column.column.name}
                if called and (several or _otherwise_called(con, database, held, called, naming.get(main, ()))):
                    continue
                claimed[table] = _description(table, main, held, several=several)
            for table in database.tables:
                if table.name in claimed or table.name in mains[: place + 1]:
                    continue
                columns = sorted(column for of, column in unique if of == table.index)
                if short := _by_label(con, (table, columns), (database.tables[index], sorted(naming.get(main, ())))):
                    claimed[table.name] = short
    return tuple(claimed.values())


def _best(database: Database, held: Sequence[Inclusion]) -> list[Inclusion]:
    """For each table, the reference that most rows make, to what looks most like the key."""
    best: dict[int, Inclusion] = {}
    for each in held:
        table = each.column.table
        if table == each.key.table or not _tells(database, each):
            continue
        if table not in best or _rank(each) > _rank(best[table]):
            best[table] = each
    return list(best.values())


def _tells(database: Database, held: Inclusion) -> bool:
    """Whether rows refer by this column, and don't just hold numbers or words that happen to be keys."""
    column, rows = held.column, held.column.rows
    if held.matched < LEAST * rows or held.distinct < 2:
        return False
    return column.kind == "text" or _named(database, column, held.key)


def _named(database: Database, column: Facts, key: Key) -> bool:
    """Whether a number is named after the key, or after the key's table."""
    said, own = names.words(column.column.name), names.words(key.columns[0].column.name)
    about = {names.singular(w) for w in (*own, *names.words(database.tables[key.table].name))} - _GENERIC
    return said == own or bool(about & {names.singular(w) for w in said})


def _rank(held: Inclusion) -> tuple[float, ...]:
    alike = _likeness(held.column, held.key)
    return (round(held.matched / held.column.rows, 1), held.key.score + alike, -held.column.column.position)


def _likeness(column: Facts, key: Key) -> float:
    """How alike the names of a column and a key are, 0..1."""
    said, own = set(names.words(column.column.name)), set(names.words(key.columns[0].column.name))
    return len(said & own) / max(1, len(said | own))


def _otherwise_called(
    con: duckdb.DuckDBPyConnection, database: Database, held: Inclusion, called: Iterable[str], others: Iterable[str]
) -> bool:
    """Whether rows go by other names than the rows that they refer to; a domain after a name makes no difference."""
    table, main = database.table_of(held.column), database.tables[held.key.table]
    here, there = (_names(t, names) for t, names in ((table, called), (main, others)))
    if not there:
        return False
    (share,) = facts.one(
        con,
        f"""
        SELECT avg((len(list_intersect(t.names, m.names)) > 0)::INTEGER)
        FROM (SELECT {held.column.value} AS key, [{here}] AS names FROM {duck.scan(table.table)}) t
        JOIN (SELECT {held.key.columns[0].value} AS key, [{there}] AS names FROM {duck.scan(main.table)}) m USING (key)
        """,
    )
    return share is not None and share < _SAME


def _by_label(
    con: duckdb.DuckDBPyConnection, one: tuple[TableFacts, Sequence[str]], other: tuple[TableFacts, Sequence[str]]
) -> Description | None:
    """How rows of two tables belong together by short names here and names with a domain there.

    Only where that can't be wrong: each short name is that of one row on either side. Tables come with the columns
    that may name their rows.
    """
    (table, columns), (main, names) = one, other
    for column, key in product(columns, names):
        ours, theirs = _labels(table, column), _labels(main, key)
        rows, labels, dotted, known, others, their_labels, their_dotted = facts.one(
            con,
            f"""
            SELECT count(*), count(DISTINCT label), avg(dotted::INTEGER),
                count(*) FILTER (label IN (SELECT label FROM {theirs})),
                (SELECT count(*) FROM {theirs}), (SELECT count(DISTINCT label) FROM {theirs}),
                (SELECT avg(dotted::INTEGER) FROM {theirs})
            FROM {ours}
            """,
        )
        alone = rows == labels and others == their_labels and rows > 1 and others > 1
        if alone and abs(dotted - their_dotted) >= LEAST and known >= LEAST * table.table.row_count:
            about_none = table.table.row_count - known
            return Description(
                table=table.name, column=column, main=main.name, key=key, several=False, orphans=about_none,
                by_label=True,
            )  # fmt: skip
    return None


def _labels(table: TableFacts, column: str) -> str:
    """A FROM item: the first labels of names that have letters in it, and whether more follows."""
    named = f"SELECT lower(trim({table.of(column).value})) AS v FROM {duck.scan(table.table)}"
    labels = "SELECT split_part(v, '.', 1) AS label, contains(v, '.') AS dotted"
    return f"({labels} FROM ({named}) WHERE regexp_matches(v, '^[^.]*[a-z]'))"


def _names(table: TableFacts, columns: Iterable[str]) -> str:
    """The first labels of names, as a list in SQL."""
    return ", ".join(f"split_part({table.of(column).value}, '.', 1)" for column in columns)


def _description(table: str, main: str, held: Inclusion, *, several: bool) -> Description:
    return Description(
        table=table,
        column=held.column.column.name,
        main=main,
        key=held.key.columns[0].column.name,
        several=several,
        orphans=held.column.rows - held.matched,
    )
