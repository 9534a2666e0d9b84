"""Schema matching on solved problems: how often the right target is offered first, and how honest confidences are.

    python -m benchmarks.matching DATASETS                        every case in one process, with times
    python -m benchmarks.matching DATASETS PYTHON                 the same beside Valentine's Coma, which that
                                                                  interpreter has; cases of at most 10,000 pairs
    python -m benchmarks.matching SOURCE TARGET OUT [SCHEMA ...]  one case as `discovery match` sees it, as
                                                                  source_column,target_column,score for a harness

DATASETS holds <benchmark>/<case>/ with source.csv, target.csv, ground_truth.csv(source_column,target_column) and
perhaps source_schema.csv and target_schema.csv. Means of benchmarks' means, as in Valentine (Koutras et al., 2021).
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import duckdb
import numpy as np
from scipy.optimize import linear_sum_assignment

from discovery_pipeline.engine import duck, intake
from discovery_pipeline.engine.mapping.matcher import fields, samples
from discovery_pipeline.engine.mapping.matcher.matching import Matched, match
from discovery_pipeline.engine.tables import Table

PEERS_PAIRS = 10_000  # of larger cases a peer takes minutes
MEASURES = ("hit1", "mrr", "r@gt", "f1", "f1 best")


def cases(datasets: Path) -> Iterator[Path]:
    """The folders of all cases."""
    yield from sorted(found.parent for found in datasets.glob("*/*/ground_truth.csv"))


def truth(folder: Path) -> list[tuple[str, str]]:
    """The pairs that are right."""
    with (folder / "ground_truth.csv").open(encoding="utf-8", newline="") as file:
        return [(row["source_column"], row["target_column"]) for row in csv.DictReader(file)]


@lru_cache(maxsize=1)
def _connection() -> tuple[duckdb.DuckDBPyConnection, tempfile.TemporaryDirectory[str]]:
    return duck.connect(), tempfile.TemporaryDirectory()


def read(folder: Path) -> tuple[Table, Table]:
    """Both tables of a case."""
    con, home = _connection()
    found = []
    for name in ("source", "target"):
        into = Path(home.name) / folder.parent.name / folder.name / name
        (table,) = intake.read(con, [folder / f"{name}.csv"], into, intake.Options(keep_rowless=True)).tables
        found.append(table)
    return found[0], found[1]


def matched(folder: Path, tables: tuple[Table, Table]) -> Matched:
    """A case as the product matches it."""
    con, _ = _connection()
    sides = []
    for name, table in zip(("source", "target"), tables, strict=True):
        schema = folder / f"{name}_schema.csv"
        stated = fields.read_schema(schema) if schema.exists() else ()
        sides.append(fields.of_table(table, samples.take(con, table), stated))
    return match(*sides)


def measures(confidence: np.ndarray, right: np.ndarray) -> list[float]:
    """The MEASURES of one case; equal scores count as wrong."""
    rows = np.flatnonzero(right.any(axis=1))
    ranks = []
    for i in rows:
        best = confidence[i][right[i]].max()
        ranks.append(1 + int((confidence[i][~right[i]] >= best).sum()))
    top = np.argsort(-confidence, axis=None, kind="stable")[: right.sum()]
    order = sorted(((confidence[i, j], right[i, j]) for i, j in zip(*linear_sum_assignment(-confidence), strict=True)),
                   reverse=True)  # fmt: skip
    hits = np.cumsum([ok for _, ok in order])
    f1 = 2 * hits / (np.arange(1, len(order) + 1) + len(rows))
    return [
        float(np.mean([r == 1 for r in ranks])),
        float(np.mean([1 / r for r in ranks])),
        float(right.ravel()[top].mean()),
        float(f1[-1]),
        float(f1.max()),
    ]


def one(source: str, target: str, out: str, schemas: list[str]) -> None:
    """Run `discovery match` on one case and write its matches as a harness wants them."""
    options = []
    for schema in filter(None, schemas):
        options += ["--source-schema" if "source_schema" in Path(schema).name else "--target-schema", schema]
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "matches.json"
        run = "from discovery_pipeline.cli.app import program; program()"
        command = [sys.executable, "-c", run, "match", source, target, "--json", str(found)]
        subprocess.run([*command, *options], check=True, stdout=subprocess.DEVNULL)
        matches = json.loads(found.read_text(encoding="utf-8"))["matches"]
    with Path(out).open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["source_column", "target_column", "score"])
        rows.writerows((m["source_field"], m["target_field"], m["confidence"]) for m in matches)


@dataclass(frozen=True, slots=True)
class Solved:
    """A case as the product matched it."""

    folder: Path
    found: Matched
    right: np.ndarray
    seconds: float

    @property
    def benchmark(self) -> str:
        """Where the case is from."""
        return self.folder.parent.name


def solved(folder: Path) -> Solved:
    """Match one case, and time it from its tables to confidences."""
    tables = read(folder)
    begun = time.perf_counter()
    found = matched(folder, tables)
    took = time.perf_counter() - begun
    rows = {name: i for i, name in enumerate(found.source.names)}
    columns = {name: j for j, name in enumerate(found.target.names)}
    right = np.zeros(found.confidence.shape, dtype=bool)
    for left, other in truth(folder):
        right[rows[left], columns[other]] = True
    return Solved(folder, found, right, took)


def every(datasets: Path, peer: str | None) -> None:
    """Run all cases in this process and print measures and seconds, beside those of a peer where there is one."""
    ran = [solved(folder) for folder in cases(datasets)]
    _table("ours", [(s, measures(s.found.confidence, s.right), s.seconds) for s in ran])
    if peer:
        small = [s for s in ran if s.right.size <= PEERS_PAIRS]
        _table(
            "ours, cases of at most 10,000 pairs",
            [(s, measures(s.found.confidence, s.right), s.seconds) for s in small],
        )
        _table("Valentine's Coma on these", list(_peers(small, peer)))


def _peers(ran: Sequence[Solved], python: str) -> Iterator[tuple[Solved, list[float], float]]:
    script = Path(__file__).with_name("coma.py")
    command = [python, str(script), *(str(s.folder) for s in ran)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    for case, line in zip(ran, said.splitlines(), strict=True):
        told = json.loads(line)
        scores = np.zeros(case.right.shape)
        rows = {name: i for i, name in enumerate(case.found.source.names)}
        columns = {name: j for j, name in enumerate(case.found.target.names)}
        for left, other, score in told["pairs"]:
            scores[rows[left], columns[other]] = score
        yield case, measures(scores, case.right), told["seconds"]


def _table(title: str, measured: Sequence[tuple[Solved, list[float], float]]) -> None:
    print(f"{title:46}" + "".join(f"{m:>8}" for m in MEASURES) + "     sec")
    by_benchmark: dict[str, list[list[float]]] = {}
    for case, found, took in measured:
        by_benchmark.setdefault(case.benchmark, []).append(found)
        name = f"{case.benchmark}/{case.folder.name}"
        print(f"{name:46}" + "".join(f"{m:8.3f}" for m in found) + f"{took:8.2f}")
    overall = np.mean([np.mean(rows, axis=0) for rows in by_benchmark.values()], axis=0)
    print(f"{'OVERALL':46}" + "".join(f"{m:8.3f}" for m in overall) + f"{sum(t for *_, t in measured):8.2f}")


if __name__ == "__main__":
    if len(sys.argv) > 3:
        one(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:])
    else:
        every(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) == 3 else None)
