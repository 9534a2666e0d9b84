"""How well and how fast keys and foreign keys are found: precision, recall and F1 a database.

Usage: python -m benchmarks.relationships FOLDER… [--wrong]

FOLDER holds one folder a database: one CSV a table, `foreign_keys.csv` (table, column, ref_table, ref_column,
testable) and perhaps `primary_keys.csv` (table, column). A foreign key counts as found at confidence ≥ 0.5.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
import time
from pathlib import Path

from discovery_pipeline.engine import duck, schema
from discovery_pipeline.engine.schema import SchemaAnalysis
from discovery_pipeline.engine.tables import LINE, Source, Table, Tables, columns_named

ANSWERS = ("foreign_keys", "primary_keys")

Pair = tuple[str, str, str, str]


def tables_in(con: duck.duckdb.DuckDBPyConnection, folder: Path, into: Path) -> Tables:
    """The folder's CSV files, as text in Parquet."""
    return tuple(_table(con, file, into) for file in sorted(folder.glob("*.csv")) if file.stem not in ANSWERS)


def _table(con: duck.duckdb.DuckDBPyConnection, file: Path, into: Path) -> Table:
    source = f"read_csv({duck.text(str(file))}, all_varchar=true, header=true)"
    headers = [r[0] for r in con.execute(f"describe select * from {source}").fetchall()]
    path = into / f"{file.stem}.parquet"
    rows = duck.write(con, f"select *, row_number() over () + 1 as {LINE} from {source}", path)
    return Table(
        name=file.stem, path=path, columns=columns_named(headers), row_count=rows, source=Source(file=file.name)
    )


def answers(folder: Path) -> set[Pair]:
    """The testable column pairs of foreign_keys.csv."""
    with (folder / "foreign_keys.csv").open() as file:
        return {
            (r["table"], r["column"], r["ref_table"], r["ref_column"])
            for r in csv.DictReader(file)
            if r.get("testable", "1") == "1"
        }


def found_pairs(analysis: SchemaAnalysis, least: float = 0.5) -> set[Pair]:
    """The column pairs of the foreign keys found."""
    return {
        (f.table, column, f.ref_table, ref)
        for f in analysis.foreign_keys
        if f.confidence >= least
        for column, ref in zip(f.columns, f.ref_columns, strict=True)
    }


def f1(found: set[Pair], true: set[Pair]) -> tuple[float, float, float]:
    """Precision, recall and their harmonic mean."""
    hit = len(found & true)
    precision, recall = hit / max(1, len(found)), hit / max(1, len(true))
    return precision, recall, 2 * precision * recall / max(1e-9, precision + recall)


def keys_wrong(analysis: SchemaAnalysis, folder: Path) -> tuple[list[str], int]:
    """Tables whose first key is not the declared one, and how many have one declared and are there."""
    file = folder / "primary_keys.csv"
    if not file.exists():
        return [], 0
    declared: dict[str, set[str]] = {}
    with file.open() as rows:
        for row in csv.DictReader(rows):
            declared.setdefault(row["table"], set()).add(row["column"])
    there = {f.stem for f in folder.glob("*.csv")}
    tested = {t: c for t, c in declared.items() if t in there}
    first = {t: analysis.primary_key(t) for t in tested}
    wrong = [f"{t} {k.columns if k else 'none'}" for t, k in first.items() if not k or set(k.columns) != tested[t]]
    return wrong, len(tested)


def main() -> None:
    """Print a line a database, and the mean."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--wrong", action="store_true", help="list what was missed and what was wrongly found")
    given = parser.parse_args()
    scores = []
    databases = sorted(p.parent for folder in given.folders for p in folder.rglob("foreign_keys.csv"))
    for folder in databases:
        with tempfile.TemporaryDirectory() as into:
            con = duck.connect()
            tables = tables_in(con, folder, Path(into))
            start = time.perf_counter()
            analysis = schema.analyse(con, tables)
            seconds = time.perf_counter() - start
        true, found = answers(folder), found_pairs(analysis)
        precision, recall, score = f1(found, true)
        badly, tested = keys_wrong(analysis, folder)
        scores.append(score)
        line = f"P {precision:.2f}  R {recall:.2f}  F1 {score:.3f}  keys {tested - len(badly)}/{tested}"
        print(f"{folder.name:24} {line}  {seconds:.2f} s")
        if given.wrong:
            for pair in sorted(true - found):
                print("   missed", *pair)
            for pair in sorted(found - true):
                print("   wrong ", *pair)
            for key in badly:
                print("   key   ", key)
    print(f"{'mean':24} F1 {sum(scores) / max(1, len(scores)):.3f} over {len(scores)} databases")


if __name__ == "__main__":
    main()
