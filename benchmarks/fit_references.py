"""Weighs the evidence for references anew: a conditional logit over databases whose foreign keys are known.

Usage: python -m benchmarks.fit_references FOLDER… [--held-out FOLDER…]

Prints the weights for `engine/schema/references.py` and, for every database of --held-out, the F1 of weights that
were fitted without it (over columns that have a candidate; `relationships.py` measures the whole way).
"""

from __future__ import annotations

import argparse
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from benchmarks.relationships import answers, tables_in
from discovery_pipeline.engine import duck
from discovery_pipeline.engine.schema import evidence, facts, inclusions, keys
from discovery_pipeline.engine.schema.naming import Names

PENALTY = 2.0  # L2, on all weights but the bias


@dataclass(frozen=True)
class Choices:
    """The candidates of one database's columns, flat: features, the group of each, and which are true."""

    name: str
    features: np.ndarray
    groups: np.ndarray
    true: np.ndarray
    missing: int  # true pairs that are not among the candidates


def choices(folder: Path) -> Choices:
    """What the sieves leave of one database."""
    true = answers(folder)
    rows, groups, labels = [], [], []
    with tempfile.TemporaryDirectory() as into:
        con = duck.connect()
        with facts.gathered(con, tables_in(con, folder, Path(into)), None) as database:
            naming = Names(database)
            found = keys.found(con, database, naming)
            candidates = inclusions.found(con, database, found, partial(evidence.promise, naming))
            for held, seen in zip(candidates, evidence.gathered(database, found, naming, candidates), strict=True):
                referred = held.key.columns[0]
                pair = (
                    database.table_of(held.column).name,
                    held.column.column.name,
                    database.tables[held.key.table].name,
                    referred.column.name,
                )
                rows.append((1.0, *evidence.vector(seen)))
                groups.append(held.column.id)
                labels.append(pair in true)
    return Choices(folder.name, np.array(rows), np.array(groups), np.array(labels), len(true) - sum(labels))


def fitted(databases: list[Choices]) -> np.ndarray:
    """Weights, bias first, that make the true references most probable; each database counts the same."""
    features = np.concatenate([d.features for d in databases])
    true = np.concatenate([d.true for d in databases])
    groups = np.concatenate([d.groups + 100_000 * i for i, d in enumerate(databases)])
    weight = np.concatenate([np.full(len(d.true), 20 / max(1, len(set(d.groups)))) for d in databases])
    _, group = np.unique(groups, return_inverse=True)
    n = group.max() + 1
    group_weight = np.zeros(n)
    group_weight[group] = weight

    def loss(w: np.ndarray) -> tuple[float, np.ndarray]:
        strengths = np.clip(features @ w, -30, 30)
        e = np.exp(strengths)
        total = 1 + np.bincount(group, e, n)
        chance = e / total[group]
        value = (group_weight * np.log(total)).sum() - (weight * strengths * true).sum()
        slope = features.T @ (weight * (chance - true))
        ridge = PENALTY * np.r_[0.0, w[1:]]
        return value + 0.5 * ridge @ w, slope + ridge

    return minimize(loss, np.zeros(features.shape[1]), jac=True, method="L-BFGS-B").x


def score(w: np.ndarray, database: Choices) -> tuple[float, float]:
    """F1 at confidence ≥ 0.5, and the mean log-loss a column."""
    e = np.exp(np.clip(database.features @ w, -30, 30))
    total: dict[int, float] = defaultdict(lambda: 1.0)
    for g, x in zip(database.groups, e, strict=True):
        total[g] += x
    chance = np.array([x / total[g] for g, x in zip(database.groups, e, strict=True)])
    hit = int((database.true & (chance >= 0.5)).sum())
    found, wanted = int((chance >= 0.5).sum()), int(database.true.sum()) + database.missing
    return 2 * hit / max(1, found + wanted), float(-np.log(np.where(database.true, chance, 1 - chance) + 1e-9).mean())


def gathered(folders: list[Path]) -> list[Choices]:
    """The choices of all databases under these folders."""
    return [choices(f.parent) for folder in folders for f in sorted(folder.rglob("foreign_keys.csv"))]


def main() -> None:
    """Print weights and held-out scores."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--held-out", nargs="*", type=Path, default=[])
    given = parser.parse_args()
    training, tested = gathered(given.folders), gathered(given.held_out)
    for database in tested:
        f1, loss = score(fitted(training + [d for d in tested if d is not database]), database)
        print(f"{database.name:24} F1 {f1:.3f}  log-loss {loss:.3f}  out of reach {database.missing}")
    bias, *weights = fitted(training + tested)
    print(f"BIAS = {bias:.1f}")
    for name, weight in zip(evidence.FEATURES, weights, strict=True):
        print(f'    "{name}": {weight:.1f},')


if __name__ == "__main__":
    main()
