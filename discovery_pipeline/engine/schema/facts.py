"""Facts: what keys, references and rules need to know of each column, and a sample of each table.

Two looks at a table: a sample says what kind of values a column holds and how to compare them; one aggregate
over all rows then counts them. No ranking and no names here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import duckdb

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.profiling.dates import one_reading
from discovery_pipeline.engine.profiling.model import Profile
from discovery_pipeline.engine.tables import Column, Table, Tables

Kind = Literal["integer", "float", "date", "boolean", "text"]

SAMPLE_CELLS = 400_000
"""Cells of a table's sample: 4,000 rows of up to 100 columns, fewer rows where there are more columns."""

SAMPLE_ROWS = 4_000
TYPING_ROWS, TYPING_VALUES = 500, 30_000  # enough to tell kinds apart at a tolerance of 5 %

TEMPORARY = "schema_"
"""What the names of the analysis's temporary tables begin with; none outlives it."""

MOST_COLUMNS = 1_000
"""Columns of a table that are looked at, the first ones; a matrix exported as a table has more, and no schema."""

NULL_TOKENS = (
    "",
    "-",
    "--",
    "?",
    "n/a",
    "#n/a",
    "na",
    "nan",
    "null",
    "none",
    "nil",
    "unknown",
    "tbd",
    "(empty)",
    "\\n",
)
DATE_FORMATS = ("%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M", "%d.%m.%Y %H:%M")

_INTEGER = r"[+-]?(0|[1-9][0-9]{0,17})"
_INTEGRAL = r"[+-]?[0-9]{1,15}\.0+"


@dataclass(frozen=True, slots=True)
class Facts:
    """One column: what it holds, how many of it, and the SQL that makes its values comparable."""

    id: int  # unique over all tables of the analysis
    table: int  # index of its table
    column: Column
    kind: Kind
    value: str  # SQL over the table: the comparable text, null for null tokens
    typed: str  # SQL over the table: the value as BIGINT, DOUBLE, TIMESTAMP or text
    rows: int
    filled: int  # rows that hold a value
    distinct: int  # estimated, at most `filled`
    low: int  # least and greatest integer; 0 for other kinds
    high: int
    shortest: int  # characters
    longest: int

    @property
    def constant(self) -> bool:
        """Nothing, or the same in all rows."""
        return self.distinct < 2

    @property
    def uniqueness(self) -> float:
        """Distinct over filled, 0..1; estimated."""
        return self.distinct / self.filled if self.filled else 0.0

    @property
    def density(self) -> float:
        """Share of the integers between low and high that occur, 0..1; 0 for other kinds."""
        if self.kind != "integer" or not self.distinct:
            return 0.0
        return min(1.0, self.distinct / (self.high - self.low + 1))


@dataclass(frozen=True, slots=True)
class TableFacts:
    """One table, its columns' facts, and the name of the temporary table that holds its sample."""

    index: int
    table: Table
    columns: tuple[Facts, ...]
    sample: str
    sample_rows: int

    @property
    def name(self) -> str:
        """The table's name."""
        return self.table.name

    @property
    def rows(self) -> int:
        """Rows of the whole table."""
        return self.table.row_count

    @property
    def leading(self) -> Facts | None:
        """The first column that isn't the same in all rows, as a client's number or a load's date often is."""
        return next((c for c in self.columns if not c.constant), None)

    def of(self, column: str) -> Facts:
        """The facts of that column. Raises KeyError where there is none."""
        for facts in self.columns:
            if facts.column.name == column:
                return facts
        raise KeyError(column)


@dataclass(frozen=True)
class Database:
    """All tables of one analysis."""

    tables: tuple[TableFacts, ...]

    @cached_property
    def columns(self) -> tuple[Facts, ...]:
        """All columns, where a column's id is its index."""
        return tuple(c for t in self.tables for c in t.columns)

    @property
    def breadth(self) -> int:
        """How many columns of a table take part in searches over pairs: sixty, fewer where there are many tables."""
        return max(15, min(60, 1_500 // max(1, len(self.tables))))

    def table_of(self, facts: Facts) -> TableFacts:
        """The table of that column."""
        return self.tables[facts.table]


def one(con: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    """The single row of an aggregate."""
    return con.execute(query).fetchall()[0]


@contextmanager
def gathered(con: duckdb.DuckDBPyConnection, tables: Tables, profile: Profile | None) -> Iterator[Database]:
    """The facts of all tables; their samples, and all temporary tables, are there as long as the context is.

    Parameters
    ----------
    profile
        Gives the date formats, where there is one; everything else is read from the data.
    """
    formats = _date_formats(profile)
    samples = [f"{TEMPORARY}sample_{i}" for i in range(len(tables))]
    found: list[TableFacts] = []
    first = 0
    try:
        for index, (whole, sample) in enumerate(zip(tables, samples, strict=True)):
            table = whole.model_copy(update={"columns": whole.columns[:MOST_COLUMNS]})
            rows = _draw(con, table, sample)
            looks = _looks(con, table, sample, formats)
            columns = _counted(con, table, looks, first, index)
            found.append(TableFacts(index, table, columns, sample, rows))
            first += len(columns)
        yield Database(tuple(found))
    finally:
        for (left,) in con.execute(
            f"select table_name from duckdb_tables() where temporary and starts_with(table_name, '{TEMPORARY}')"
        ).fetchall():
            con.execute(f"drop table {duck.name(left)}")


def _date_formats(profile: Profile | None) -> dict[tuple[str, str], str]:
    if profile is None:
        return {}
    return {(t.name, c.name): c.date_format for t in profile.tables for c in t.columns if c.date_format}


def _draw(con: duckdb.DuckDBPyConnection, table: Table, sample: str) -> int:
    """A sample that is the same every time: rows by the hash of their position."""
    wanted = min(SAMPLE_ROWS, max(TYPING_ROWS, SAMPLE_CELLS // max(1, len(table.columns))))
    step = max(1, table.row_count // wanted)
    columns = ", ".join([duck.col(c) for c in table.columns] + ["file_row_number"])
    keep = f" where hash(file_row_number) % {step} = 0" if step > 1 else ""
    con.execute(
        f"create or replace temp table {sample} as select {columns} from {duck.scan(table)}{keep} limit {wanted * 2}"
    )
    return int(one(con, f"select count(*) from {sample}")[0])


@dataclass(frozen=True, slots=True)
class _Look:
    """What the sample says of a column."""

    column: Column
    kind: Kind
    value: str
    typed: str


def _looks(
    con: duckdb.DuckDBPyConnection, table: Table, sample: str, formats: dict[tuple[str, str], str]
) -> list[_Look]:
    """One long column of all sampled values, so that two hundred columns cost no more expressions than one."""
    if not table.columns:
        return []
    tokens = ", ".join(duck.text(t) for t in NULL_TOKENS)
    dates = ", ".join(duck.text(f) for f in DATE_FORMATS)
    every = ", ".join(duck.col(c) for c in table.columns)
    seen = con.execute(
        f"""
        select i, count(v), count(v) filter (lower(trim(v)) in ({tokens})), count(v) filter (trim(v) <> v),
            count(v) filter (regexp_full_match(trim(v), '{_INTEGER}')),
            count(v) filter (regexp_full_match(trim(v), '{_INTEGRAL}')),
            count(number) filter (not regexp_full_match(trim(v), '0[0-9]+')),
            count(v) filter (case when number is not null or length(v) not between 8 and 35 then false
                when iso is not null then true else try_strptime(v, [{dates}]) is not null end),
            count(v) filter (lower(v) in ('true', 'false', 'yes', 'no', 't', 'f', 'y', 'n')),
            count(v) filter (lower(v) <> v), count(iso)
        from (
            select i, v, try_cast(v as double) as number, try_cast(v as timestamp) as iso
            from (
                select unnest(range({len(table.columns)})) as i, unnest([{every}]) as v
                from (from {sample} limit {min(TYPING_ROWS, TYPING_VALUES // len(table.columns) + 100)})
            )
        )
        group by i
        """
    ).fetchall()
    counts = {i: tuple(numbers) for i, *numbers in seen}
    nothing = (0,) * 10
    return [_look(c, counts.get(i, nothing), formats.get((table.name, c.name))) for i, c in enumerate(table.columns)]


def _look(column: Column, seen: Sequence[int], date_format: str | None) -> _Look:
    filled, tokens, padded, integers, integrals, numbers, dates, booleans, uppercase, iso = seen
    c = duck.col(column)
    least = 0.95 * (filled - tokens)
    kind: Kind = "text"
    typed = c
    value = f"trim({c})" if padded else c
    if filled == tokens:
        pass
    elif integers + integrals >= least:
        kind, typed = "integer", f"try_cast({c} as bigint)"
        if integrals:
            value = f"regexp_replace({value}, '\\.0+$', '')"
    elif numbers >= least and integers < least:
        kind, typed = "float", f"try_cast({c} as double)"
    elif booleans >= least:
        kind = "boolean"
    elif dates >= least:
        kind, typed = "date", _timestamp(c, date_format, iso >= dates)
    elif date_format and "%b" in date_format.lower():
        kind, typed = "date", one_reading(date_format, c)
    if kind == "text" and uppercase:
        value = f"lower({value})"
    if tokens:
        absent = ", ".join(duck.text(t) for t in NULL_TOKENS)
        value = f"case when lower(trim({c})) not in ({absent}) then {value} end"
    return _Look(column, kind, value, typed)


def _timestamp(c: str, date_format: str | None, iso: bool) -> str:
    if iso:
        return f"try_cast({c} as timestamp)"
    if date_format:
        return f"coalesce({one_reading(date_format, c)}, try_cast({c} as timestamp))"
    formats = ", ".join(duck.text(f) for f in DATE_FORMATS)
    return f"coalesce(try_cast({c} as timestamp), try_strptime({c}, [{formats}]))"


def _counted(
    con: duckdb.DuckDBPyConnection, table: Table, looks: Sequence[_Look], first: int, index: int
) -> tuple[Facts, ...]:
    if not looks:
        return ()

    def counts(look: _Look) -> str:
        c = duck.col(look.column)
        low, high = (f"min({look.typed})", f"max({look.typed})") if look.kind == "integer" else ("null", "null")
        return (
            f"{{'filled': count({look.value}), 'distinct': approx_count_distinct({look.value}),"
            f" 'low': {low}, 'high': {high}, 'shortest': min(length({c})), 'longest': max(length({c}))}}"
        )

    row = one(con, f"select {', '.join(counts(look) for look in looks)} from {duck.scan(table)}")
    return tuple(
        Facts(
            id=first + i,
            table=index,
            column=look.column,
            kind=look.kind,
            value=look.value,
            typed=look.typed,
            rows=table.row_count,
            filled=seen["filled"],
            distinct=min(seen["distinct"], seen["filled"]),
            low=seen["low"] or 0,
            high=seen["high"] or 0,
            shortest=seen["shortest"] or 0,
            longest=seen["longest"] or 0,
        )
        for i, (look, seen) in enumerate(zip(looks, row, strict=True))
    )
