"""Samples: what the values of a table's columns look like, seen through at most a thousand distinct ones each.

DuckDB takes the sample and turns it into counts; what stays in memory is small whatever the table's size.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import duckdb
import numpy as np
from scipy import sparse

from discovery_pipeline.engine import duck, months
from discovery_pipeline.engine.profiling.tokens import SPOKEN
from discovery_pipeline.engine.tables import Table, Tables

ROWS = 2000
CELLS = 150_000  # of a wide table fewer rows are read
DISTINCT = 1000
TOGETHER = 100  # columns whose samples are summed in one query: fewer values than one thread of DuckDB's takes
RUNS = 20  # of neighbouring rows that a large table is read in
BUCKETS = 1 << 20  # of hashed words and values

_SPACES = "[ \u00a0\u202f]"
SPACED = rf"\d{{1,3}}({_SPACES}\d{{3}})+"
"""A number whose thousands are parted by spaces."""
COMMA_DECIMAL = rf"(\d+,(\d{{1,2}}|\d{{4,}})|0,\d+|(\d{{1,3}}(\.\d{{3}})+|{SPACED}),\d+)"
"""A number whose comma can only be that before decimals."""
_ADDRESS = r"(\d{1,3}(\.\d{1,3}){3}|[0-9a-fA-F]{0,4}(:[0-9a-fA-F]{0,4}){3,7}|[0-9a-fA-F:]*::[0-9a-fA-F:]*)"
# Patterns by which a value shows what kind of thing it is; the first that fits counts.
KINDS = {
    "boolean": rf"(?i)^({'|'.join(sorted(SPOKEN))})$",
    "uuid": r"^\{?[0-9A-Fa-f]{8}-?([0-9A-Fa-f]{4}-?){3}[0-9A-Fa-f]{12}\}?$",
    "integer": rf"^[+-]?(\d{{1,3}}(,\d{{3}})+|{SPACED}|\d+)$",
    "float": rf"^[+-]?(\d+\.\d+([eE][+-]?\d+)?|{COMMA_DECIMAL})$",
    "mac": r"^([0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}|^([0-9A-Fa-f]{4}\.){2}[0-9A-Fa-f]{4}$",
    "ip": rf"^{_ADDRESS}(/\d+)?([,;] ?{_ADDRESS})*$",
    "date": r"^\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|^\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}"
    rf"|^{months.DAY_FIRST}|^{months.MONTH_FIRST}",
    "quantity": r"^[$€£¥]?\s?[+-]?\d[\d.,]*\s?([A-Za-z%€$£]{1,5}|元)?$",
    "email": r"^[^@\s]+@[^@\s]+\.[^@\s]+$",
    "url": r"(?i)^(https?://|www\.)\S+$",
    "phone": r"^\+?[\d(][\d\s()./-]{5,}\d( ?x\d+)?$",
    "pairs": r"^[A-Za-z][\w .-]*[:=][^/\\].*$",
    "hostname": r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+$",
    "code": r"^\S*\d\S*$",
    "word": r"^\S+$",
    "words": r"^\S+( \S+){1,3}$",
    "text": r"",
}  # fmt: skip
_CODE = "^([A-MO-Z][A-Z]|N[A-NP-Z])$"
WORDED = frozenset({"word", "words", "text"})  # kinds of values that are read
_MOSTLY = 0.5  # share of values of these kinds from which a column is read
_TOLD = 10  # frequent values that are
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_SHAPES = (
    "digit share", "letter share", "capital share", "space share", "other share",
    "log length", "length spread", "words", "log words",
)  # fmt: skip


@dataclass(frozen=True)
class Sample:
    """What was seen, one row a column of the table. Columns without values are all zeros."""

    values: np.ndarray  # distinct values seen
    cells: np.ndarray  # values seen
    filled: np.ndarray  # share of cells that hold a value
    kinds: np.ndarray  # share of distinct values of each of KINDS
    shape: np.ndarray  # means of _SHAPES over distinct values
    quantiles: np.ndarray  # of values that are numbers; NaN where fewer than half are
    by_value: sparse.csr_matrix  # counts of hashed values
    by_word: sparse.csr_matrix  # counts of distinct values that hold a hashed word
    by_mask: sparse.csr_matrix  # counts of distinct values of a hashed mask
    examples: tuple[tuple[str, ...], ...]  # the most frequent values

    def part(self, first: int, last: int) -> Sample:
        """The columns from one to before another."""
        return Sample(*(getattr(self, field.name)[first:last] for field in dataclasses.fields(self)))

    @property
    def seen(self) -> np.ndarray:
        """Whether a column has values at all."""
        return self.values > 0

    @cached_property
    def uniqueness(self) -> np.ndarray:
        """Distinct values over values seen."""
        return np.divide(self.values, self.cells, out=np.zeros(len(self.values)), where=self.cells > 0)

    @cached_property
    def spoken(self) -> tuple[str, ...]:
        """The most frequent values of columns that hold words, as one text; empty for all others."""
        worded = self.kinds[:, [k in WORDED for k in KINDS]].sum(axis=1) >= _MOSTLY
        return tuple(
            ", ".join(values[:_TOLD]) if words else "" for values, words in zip(self.examples, worded, strict=True)
        )

    @cached_property
    def numeric(self) -> np.ndarray:
        """Whether at least half of a column's values are numbers."""
        return ~np.isnan(self.quantiles[:, 0])


def take(con: duckdb.DuckDBPyConnection, table: Table) -> Sample | None:
    """A sample of the table; None where it has no rows."""
    return of_all(con, (table,))[0]


def of_all(con: duckdb.DuckDBPyConnection, tables: Tables) -> list[Sample | None]:
    """A sample of each table; None where one has no rows. Small tables are seen together, since a query costs more."""
    found: list[Sample | None] = []
    for batch in _batches(tables):
        with con.cursor() as own:
            found += _seen(own, batch)
    return found


def _batches(tables: Tables) -> Iterator[list[Table]]:
    """Tables of at most a hundred columns together, or one that has more."""
    batch: list[Table] = []
    for table in tables:
        if batch and sum(len(t.columns) for t in (*batch, table)) > TOGETHER:
            yield batch
            batch = []
        batch.append(table)
    if batch:
        yield batch


def _seen(con: duckdb.DuckDBPyConnection, tables: Sequence[Table]) -> Iterator[Sample | None]:
    """Samples of tables whose columns are numbered through."""
    con.execute("CREATE OR REPLACE TEMP TABLE seen (field INT, value VARCHAR, cells BIGINT, filled HUGEINT)")
    drawn: list[int] = []
    for table in tables:
        rows = max(200, min(ROWS, CELLS // max(1, len(table.columns))))
        if table.row_count and table.columns:
            _draw(con, table, rows, len(drawn))
        drawn += [min(rows, table.row_count)] * len(table.columns)
    whole = _summed(con, np.array(drawn)) if any(drawn) else None
    first = 0
    for table in tables:
        last = first + len(table.columns)
        yield whole.part(first, last) if whole and table.row_count and table.columns else None
        first = last


def _draw(con: duckdb.DuckDBPyConnection, table: Table, rows: int, first: int) -> None:
    """Add the sampled distinct values of every column, with their counts, to the temporary table `seen`."""
    columns = ", ".join(f"{duck.col(c)} AS {duck.name(str(i))}" for i, c in enumerate(table.columns, start=first))
    con.execute(
        f"""INSERT INTO seen
        WITH picked AS (SELECT {columns} FROM {duck.scan(table)} WHERE {_picked(table.row_count, rows)} LIMIT {rows}),
        long AS (UNPIVOT picked ON COLUMNS(*) INTO NAME field VALUE value),
        counted AS (SELECT field::INT AS field, trim(value) AS value, count(*) AS cells FROM long GROUP BY ALL)
        SELECT field, left(value, 2000) AS value, cells, sum(cells) OVER (PARTITION BY field) AS filled
        FROM counted WHERE value <> ''
        QUALIFY row_number() OVER (PARTITION BY field ORDER BY hash(lower(value))) <= {DISTINCT}"""
    )


def _picked(row_count: int, rows: int) -> str:
    """Which rows are read: every so many of a small table; of a large one a few runs, so that the rest is skipped."""
    if row_count <= RUNS * rows:
        return f"file_row_number % {max(1, row_count // rows)} = 0"
    starts = range(0, row_count, row_count // RUNS + 1)
    return " OR ".join(f"file_row_number BETWEEN {start} AND {start + rows // RUNS - 1}" for start in starts)


def _summed(con: duckdb.DuckDBPyConnection, drawn: np.ndarray) -> Sample:
    """What `seen` says of each column, of which so many cells were drawn."""
    width = len(drawn)
    stats = con.execute(_statistics()).fetchnumpy()
    fields = np.asarray(stats["field"], dtype=int)

    def column(name: str, empty: float = 0.0) -> np.ndarray:
        out = np.full(width, empty)
        np.put(out, fields, np.ma.filled(np.ma.asarray(stats[name], dtype=float), empty))
        return out

    return Sample(
        values=column("n"),
        cells=column("cells"),
        filled=np.minimum(1.0, column("filled") / np.maximum(drawn, 1)),
        kinds=np.stack([column(f"kind_{k}") for k in KINDS], axis=1),
        shape=np.stack([column(f"shape_{i}") for i in range(len(_SHAPES))], axis=1),
        quantiles=np.stack([column(f"q_{i}", np.nan) for i in range(len(QUANTILES))], axis=1),
        by_value=_counts(con, "SELECT field, lower(value) AS item, cells AS n FROM seen", width),
        by_word=_counts(
            con,
            r"""SELECT field, unnest(list_distinct(regexp_extract_all(lower(value), '[\pL]{2,}|\d+'))) AS item, 1 AS n
            FROM seen""",
            width,
        ),
        by_mask=_counts(
            con,
            r"""SELECT field, left(regexp_replace(regexp_replace(regexp_replace(value, '\pLu', 'A', 'g'),
            '\pL', 'a', 'g'), '\d', '9', 'g'), 24) AS item, 1 AS n FROM seen""",
            width,
        ),
        examples=_examples(con, width),
    )


def _statistics() -> str:
    # The only value of a column, as "NE" or "SI", is a code at least as often as a no or a yes.
    kinds = f"WHEN filled = cells AND regexp_matches(value, {duck.text(_CODE)}) THEN 'word' "
    kinds += " ".join(f"WHEN regexp_matches(value, {duck.text(p)}) THEN {duck.text(k)}" for k, p in KINDS.items())
    shapes = (
        r"length(regexp_replace(value, '\D', '', 'g')) / length(value)",
        r"length(regexp_replace(value, '\PL', '', 'g')) / length(value)",
        r"length(regexp_replace(value, '\P{Lu}', '', 'g')) / length(value)",
        r"length(regexp_replace(value, '\S', '', 'g')) / length(value)",
        r"length(regexp_replace(value, '[\pL\d\s]', '', 'g')) / length(value)",
        "ln(length(value))",
    )
    means = [f"avg({shape}) AS shape_{i}" for i, shape in enumerate(shapes)]
    means.append("coalesce(stddev_pop(ln(length(value))), 0) AS shape_6")
    means.append(r"avg(least(length(regexp_replace(value, '\S', '', 'g')), 40)) / 40 AS shape_7")
    means.append(r"avg(ln(1 + length(regexp_replace(value, '\S', '', 'g')))) AS shape_8")
    value = rf"regexp_replace(value, '(\d){_SPACES}(\d{{3}})', '\1\2', 'g')"
    digits = rf"regexp_extract({value}, '^[$€£¥]?\s?([+-]?\d[\d,]*(?:\.\d+)?)', 1)"
    comma = rf"regexp_extract({value}, '^[$€£¥]?\s?([+-]?{COMMA_DECIMAL})\s?([A-Za-z%€$£]{{1,5}})?$', 1)"
    plain = (
        f"CASE {comma} WHEN '' THEN replace({digits}, ',', '') ELSE replace(replace({comma}, '.', ''), ',', '.') END"
    )
    number = f"TRY_CAST({plain} AS DOUBLE)"
    shares = ", ".join(f"avg((kind = {duck.text(k)})::INT) AS kind_{k}" for k in KINDS)
    numeric = "kind IN ('integer', 'float', 'quantity')"
    quantiles = ", ".join(
        f"CASE WHEN avg(({numeric})::INT) >= 0.5 THEN quantile_cont(number, {q}) FILTER ({numeric}) END AS q_{i}"
        for i, q in enumerate(QUANTILES)
    )
    return f"""SELECT field, count(*) AS n, sum(cells) AS cells, max(filled) AS filled, {shares}, {", ".join(means)},
        {quantiles}
    FROM (SELECT *, CASE {kinds} END AS kind, {number} AS number FROM seen) GROUP BY field ORDER BY field"""


def _counts(con: duckdb.DuckDBPyConnection, query: str, width: int) -> sparse.csr_matrix:
    found = con.execute(
        f"""SELECT field, (hash(item) % {BUCKETS})::INT AS bucket, sum(n)::DOUBLE AS n FROM ({query})
        GROUP BY ALL ORDER BY ALL"""
    ).fetchnumpy()
    cells = (found["n"], (found["field"], found["bucket"]))
    return sparse.csr_matrix(cells, shape=(width, BUCKETS))


def _examples(con: duckdb.DuckDBPyConnection, width: int) -> tuple[tuple[str, ...], ...]:
    """The most frequent values; of equally frequent ones any, for the alphabet's first are often of one kind."""
    found = con.execute(
        """SELECT field, list(value ORDER BY cells DESC, md5(value))[:60] FROM seen GROUP BY field"""
    ).fetchall()
    by_field = {field: tuple(values) for field, values in found}
    return tuple(by_field.get(i, ()) for i in range(width))
