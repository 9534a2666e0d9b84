"""Cleansing measured: correction against known answers, harm to clean data, and the speed of the patch log.

Run as `python benchmarks/cleaning.py DATA`, where each folder in DATA holds `dirty.csv` and `clean.csv` of one shape.
Without DATA only the speed is measured, on tables made here.
"""

from __future__ import annotations

import argparse
import html
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal

import duckdb

from discovery_pipeline.engine import cleansing, duck
from discovery_pipeline.engine.profiling.model import Profile
from discovery_pipeline.engine.schema.model import SchemaAnalysis
from discovery_pipeline.engine.tables import Source, Table, columns_named

Tier = Literal["auto", "suggest"]


@dataclass(frozen=True, slots=True)
class Score:
    """Cells: how many were wrong, changed, changed to the right value, and right before they were changed."""

    cells: int
    errors: int
    changed: int
    mended: int
    harmed: int

    @property
    def precision(self) -> float:
        return self.mended / self.changed if self.changed else 1.0

    @property
    def recall(self) -> float:
        return self.mended / self.errors if self.errors else 1.0

    @property
    def f1(self) -> float:
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


def main() -> None:
    """Print one line a data set and tier, then the seconds of the patch log."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the table for the patch log")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        con = duck.connect(scratch=Path(scratch) / "spill")
        if options.data:
            titles = f"{'precision':>9} {'recall':>7} {'F1':>6} {'harmed':>7} {'per 10k':>8} {'clean':>6}"
            print(f"{'set':<12} {'tier':<8} {titles}")
            for folder in sorted(p for p in options.data.iterdir() if (p / "dirty.csv").is_file()):
                for tier in ("auto", "suggest"):
                    _report(con, folder, tier, Path(scratch) / folder.name / tier)
        _speed(con, options.rows, Path(scratch) / "speed")


def _report(con: duckdb.DuckDBPyConnection, folder: Path, tier: Tier, into: Path) -> None:
    """A line for one set. `clean`: cells changed in the clean file, where every change is one too many."""
    dirty, clean = (read(con, folder / f"{name}.csv", into) for name in ("dirty", "clean"))
    found = score(rows(con, dirty), rows(con, clean), rows(con, cleansed(con, dirty, into / "dirty", tier)))
    untouched = score(rows(con, clean), rows(con, clean), rows(con, cleansed(con, clean, into / "clean", tier)))
    print(
        f"{folder.name:<12} {tier:<8} {found.precision:>9.4f} {found.recall:>7.4f} {found.f1:>6.3f} {found.harmed:>7} "
        f"{10_000 * found.harmed / found.cells:>8.2f} {untouched.changed:>6}"
    )


def read(con: duckdb.DuckDBPyConnection, path: Path, into: Path) -> Table:
    """A plain CSV file as a table."""
    source = f"read_csv({duck.text(str(path))}, all_varchar=true, header=true)"
    names = [name for name, *_ in con.execute(f"DESCRIBE FROM {source}").fetchall()]
    columns = columns_named(names)
    chosen = ", ".join(f"{duck.name(n)} AS {duck.col(c)}" for n, c in zip(names, columns, strict=True))
    out = into / f"{path.stem}.parquet"
    count = duck.write(con, f"SELECT {chosen}, 1 + row_number() OVER () AS __line FROM {source}", out)
    return Table(name=path.stem, path=out, columns=columns, row_count=count, source=Source(file=path.name))


def cleansed(con: duckdb.DuckDBPyConnection, table: Table, into: Path, tier: Tier) -> Table:
    """The table after cleansing, from its values alone."""
    plan = cleansing.plan(con, (table,), Profile(tables=()), SchemaAnalysis(), tier=tier)
    return cleansing.cleanse(con, (table,), plan, into, tier).tables[0]


def rows(con: duckdb.DuckDBPyConnection, table: Table) -> Iterator[tuple[str, ...]]:
    """Rows as Raha compares them: entities resolved, white space collapsed, empty as empty text."""
    chosen = ", ".join(duck.col(c) for c in table.columns)
    found = con.execute(f"SELECT {chosen} FROM {duck.scan(table)} ORDER BY file_row_number").fetchall()
    return (tuple(" ".join(html.unescape(cell or "").split()) for cell in row) for row in found)


def score(
    dirty: Iterator[tuple[str, ...]], clean: Iterator[tuple[str, ...]], mended: Iterator[tuple[str, ...]]
) -> Score:
    """Every cell of the three compared."""
    cells = errors = changed = right = harmed = 0
    for before, truth, after in zip(dirty, clean, mended, strict=True):
        for b, t, a in zip(before, truth, after, strict=True):
            cells += 1
            errors += b != t
            changed += a != b
            right += a != b and a == t
            harmed += a != b and b == t
    return Score(cells, errors, changed, right, harmed)


def _speed(con: duckdb.DuckDBPyConnection, count: int, into: Path) -> None:
    """Seconds to plan, to cleanse (log and table), and to revert; 57 cells changed in 100 rows."""
    into.mkdir(parents=True)
    source = into / "source.csv"
    words = "['Production', 'Development', 'Test', 'Staging'][1 + (i % 4)::INT]"
    con.execute(
        f"""COPY (
            SELECT i AS id, 'host-' || i AS name,
                CASE WHEN i % 5 = 0 THEN lower({words}) ELSE {words} END AS environment,
                CASE WHEN i % 10 = 0 THEN ' ' ELSE '' END || 'site ' || (i % 40) AS site,
                CASE WHEN i % 10 = 1 THEN 'N/A' ELSE (i % 64)::VARCHAR END AS cpu,
                CASE WHEN i % 10 = 2 THEN strftime(DATE '2020-01-13' + (i % 900)::INT, '%d/%m/%Y')
                    ELSE (DATE '2020-01-13' + (i % 900)::INT)::VARCHAR END AS installed,
                CASE WHEN i % 100 < 7 THEN 'note  ' ELSE 'note ' END || (i % 1000) AS note
            FROM range({count}) t(i)
        ) TO {duck.text(str(source))} (HEADER)"""
    )
    table = read(con, source, into)
    marks = [time.perf_counter()]
    plan = cleansing.plan(con, (table,), Profile(tables=()), SchemaAnalysis(), tier="auto")
    marks.append(time.perf_counter())
    done = cleansing.cleanse(con, (table,), plan, into / "cleansed")
    marks.append(time.perf_counter())
    back = cleansing.revert(con, done.tables, done.patches.path, into / "reverted")
    marks.append(time.perf_counter())
    differences = con.execute(
        f"SELECT count(*) FROM (FROM {duck.scan(table)} EXCEPT ALL FROM {duck.scan(back[0])})"
    ).fetchall()[0][0]
    planned, applied, reverted = (b - a for a, b in pairwise(marks))
    print(
        f"{count:,} rows, {done.patches.count:,} patches: plan {planned:.2f} s, cleanse {applied:.2f} s, "
        f"revert {reverted:.2f} s, {differences} rows differ after it"
    )


if __name__ == "__main__":
    main()
