"""Learn the matcher's weights from solved problems, and say how well they do on benchmarks they never saw.

    python -m benchmarks.train_matching DATASETS [--write]

DATASETS holds <benchmark>/<case>/ with source.csv, target.csv, ground_truth.csv and perhaps schemas; the problems of
estates.yaml and exports.yaml, beside this script, are learned from as well, in folds by source. Each benchmark is
left out once and scored with what the others teach; the curve from score to confidence is drawn from those held-out
scores only. With --write, weights learned from all of them become the product's.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import yaml
from scipy.optimize import linear_sum_assignment

from benchmarks import exports, matching
from discovery_pipeline.engine import duck, intake, targets
from discovery_pipeline.engine.mapping import fields, samples, scoring
from discovery_pipeline.engine.mapping import matching as matcher
from discovery_pipeline.engine.mapping.channels import CHANNELS

WEIGHTS = Path(scoring.__file__).parent / "knowledge" / "weights.yaml"
RIDGE = 0.0001
STEPS = 15  # of Newton's method, at most
SETTLED = 0.01  # change of a weight, in spreads of its feature, that no longer matters
EASY = 0.03  # share of obvious non-matches that is kept; they are weighed up for it
KNOTS = 12
FOLDS = 3  # of our own problems, by source
ESTATES = Path(__file__).with_name("estates.yaml")


@dataclass(frozen=True)
class Problem:
    """A solved matching problem."""

    benchmark: str
    case: str
    groups: tuple[list[str], list[str]]
    channels: np.ndarray
    truth: np.ndarray
    clashes: np.ndarray  # pairs that measure different things
    elsewhere: bool = False  # the rows of both tables are about different things

    @property
    def family(self) -> str:
        """Others' benchmarks, our estates, or our exports."""
        ours = {"estate": "estates", "export": "exports"}
        return ours.get(self.benchmark.partition(" ")[0], "benchmarks")

    @cached_property
    def judged(self) -> np.ndarray:
        """Pairs of which the truth can be believed.

        Truths are silent on columns outside the question asked, even where both sides have them under one name. So a
        pair of equal names that isn't listed counts neither way, if its column has no listed target at all.
        """
        silent = ~np.asarray(self.truth.any(axis=1))[:, None] & (self.channels[:, :, CHANNELS.index("same")] >= 1)
        return ~silent

    @cached_property
    def alone(self) -> np.ndarray:
        """What each pair shows by itself."""
        return scoring.alone(self.channels)


@dataclass(frozen=True)
class Line:
    """A linear score."""

    weights: np.ndarray
    bias: float

    def __call__(self, features: np.ndarray) -> np.ndarray:
        return features @ self.weights + self.bias


def problem(folder: Path) -> Problem:
    """One case of a benchmark with its evidence."""
    matched = matching.matched(folder, matching.read(folder))
    source, target = matched.source, matched.target
    truth = np.zeros((len(source.fields), len(target.fields)), dtype=bool)
    rows = {name: i for i, name in enumerate(source.names)}
    columns = {name: j for j, name in enumerate(target.names)}
    for left, right in matching.truth(folder):
        if left in rows and right in columns:
            truth[rows[left], columns[right]] = True
    groups = ([f.group for f in source.fields], [f.group for f in target.fields])
    return Problem(folder.parent.name, folder.name, groups, matched.evidence.channels, truth, matched.clashes)


def estates() -> Iterator[Problem]:
    """Every made-up export against every built-in contract."""
    told = yaml.safe_load(ESTATES.read_text(encoding="utf-8"))
    con = duck.connect()
    with tempfile.TemporaryDirectory() as folder:
        for name, columns in told["sources"].items():
            path = Path(folder) / f"{name}.csv"
            with path.open("w", encoding="utf-8", newline="") as file:
                rows = csv.writer(file)
                rows.writerow(columns)
                rows.writerows(zip(*(values[1:] for values in columns.values()), strict=True))
            (table,) = intake.read(con, [path], Path(folder) / name, intake.Options(header_rows=1)).tables
            source = fields.of_table(table, samples.take(con, table))
            for target, tables in told["targets"].items():
                yield from (
                    _estate(name, source, [values[0] for values in columns.values()], target, table, meanings)
                    for table, meanings in tables.items()
                )


def exported() -> Iterator[Problem]:
    """Every export of exports.yaml against every contract, and against bare lists of the contracts' fields."""
    for name, target, bare, source, side, truth in exports.problems():
        matched = matcher.compared(source, side)
        groups = ([f.group for f in source.fields], [f.group for f in side.fields])
        case = f"{name} to {target}" + (" bare" if bare else "")
        found, clashes = matched.evidence.channels, matched.clashes
        yield Problem(f"export {len(name) % FOLDS}", case, groups, found, truth, clashes, bool(matched.context))


def _estate(  # noqa: PLR0913, PLR0917 - a problem is all of these
    name: str, source: fields.Side, labels: list[str], target: str, table: str, meanings: dict[str, list[str]]
) -> Problem:
    contract = targets.load(target).table(table)
    side = fields.of_target(contract.model_copy(update={"fields": tuple(f for f in contract.fields if not f.template)}))
    truth = np.array([[field in meanings.get(label, ()) for field in side.names] for label in labels])
    matched = matcher.match(source, side)
    groups = ([f.group for f in source.fields], [f.group for f in side.fields])
    case = f"{name} to {target} {table}"
    return Problem(
        f"estate {len(name) % FOLDS}",
        case,
        groups,
        matched.evidence.channels,
        truth,
        matched.clashes,
        bool(matched.context),
    )


def fitted(features: Sequence[np.ndarray], problems: Sequence[Problem], ridge: float = RIDGE) -> Line:
    """Weighted logistic regression over all pairs; each benchmark counts about alike."""
    x, y, w = [], [], []
    for found, solved in zip(features, problems, strict=True):
        flat, right = found.reshape(-1, found.shape[2]), solved.truth.ravel()
        siblings = sum(p.benchmark == solved.benchmark for p in problems)
        weight = np.full(len(right), 1 / np.sqrt(max(1, right.sum()) * siblings))
        promise = flat[:, :10].sum(axis=1)
        keep = right | (promise >= np.quantile(promise, 0.97)) | (len(right) < 2000)
        drawn = ~keep & (np.random.default_rng(0).random(len(right)) < EASY)
        weight[drawn] /= EASY
        keep = (keep | drawn) & solved.judged.ravel()
        x.append(flat[keep])
        y.append(right[keep])
        w.append(weight[keep])
    return _logistic(np.concatenate(x), np.concatenate(y).astype(float), np.concatenate(w), ridge)


def _logistic(x: np.ndarray, y: np.ndarray, w: np.ndarray, ridge: float) -> Line:
    w = w / w.sum()
    mean = w @ x
    spread = np.sqrt(w @ (x - mean) ** 2) + 1e-3
    z = (x - mean) / spread

    design = np.column_stack([z, np.ones(len(z))])
    penalty = np.append(np.full(z.shape[1], ridge), 1e-9)
    theta = np.zeros(design.shape[1])
    for _ in range(STEPS):
        said = 1 / (1 + np.exp(-np.clip(design @ theta, -30, 30)))
        slope = design.T @ (w * (said - y)) + penalty * theta
        bend = (design * (w * said * (1 - said)).clip(1e-9)[:, None]).T @ design + np.diag(penalty)
        step = np.linalg.solve(bend, slope)
        theta -= step * min(1.0, 3.0 / np.abs(step).max())
        if np.abs(step).max() < SETTLED:
            break
    return Line(theta[:-1] / spread, float(theta[-1] - mean @ (theta[:-1] / spread)))


def learned(problems: Sequence[Problem]) -> tuple[Line, Line]:
    """Both lines, from these problems."""
    features = [p.alone for p in problems]
    first = fitted(features, problems)
    second = fitted([scoring.among(first(f), *p.groups) for f, p in zip(features, problems, strict=True)], problems)
    return first, second


def scored(solved: Problem, lines: tuple[Line, Line]) -> np.ndarray:
    """Scores of all pairs of a problem."""
    return lines[1](scoring.among(lines[0](solved.alone), *solved.groups))


def drawn(scores: Sequence[np.ndarray], problems: Sequence[Problem]) -> tuple[np.ndarray, np.ndarray]:
    """The curve: scores of each field's best pair that is also assigned, and how often such a pair was right."""
    pairs = [
        (score[i, j], float(solved.truth[i, j]), 1 / np.sqrt(len(score)))
        for score, solved in zip(scores, problems, strict=True)
        for i, j in zip(*linear_sum_assignment(-score), strict=True)
        if solved.judged[i, j]
    ]
    said, right, weight = (np.array(c) for c in zip(*sorted(pairs), strict=True))
    line = _logistic(said[:, None], right, weight, RIDGE)
    knots = np.quantile(said, np.linspace(0.02, 0.98, KNOTS))
    smooth = 1 / (1 + np.exp(-line(knots[:, None])))
    width = max(0.6, float(np.std(said)) / 3)
    near = np.exp(-0.5 * ((knots[:, None] - said[None, :]) / width) ** 2) * weight
    local = (near @ right + 8 * np.median(weight) * smooth) / (near.sum(axis=1) + 8 * np.median(weight))
    rising = np.maximum.accumulate(local)
    low, high = knots[0] - 12, knots[-1] + 6
    return np.concatenate([[low], knots, [high]]), np.concatenate([[0.0], rising, [max(rising[-1], 0.995)]])


def said(solved: Problem, scores: np.ndarray, curve: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """The confidence that the matcher would give with this curve."""
    return matcher.tempered(np.interp(scores, *curve), solved.channels, solved.clashes, elsewhere=solved.elsewhere)


def report(name: str, confidences: Sequence[np.ndarray], problems: Sequence[Problem]) -> None:
    """Print measures by benchmark and how honest confidences are, for others' benchmarks and for our estates."""
    solved = list(zip(confidences, problems, strict=True))
    for family in ("benchmarks", "estates", "exports"):
        chosen = [(c, p) for c, p in solved if p.family == family]
        if chosen:
            print(f"== {name}: {family}")
            _measured(chosen)
            _honest(chosen)


def _measured(solved: Iterable[tuple[np.ndarray, Problem]]) -> None:
    rows: dict[str, list[list[float]]] = {}
    for confidence, one in solved:
        if one.truth.any():
            rows.setdefault(one.benchmark, []).append(matching.measures(confidence, one.truth))
    means = {benchmark: np.mean(row, axis=0) for benchmark, row in rows.items()}
    print(f"{'':20}" + "".join(f"{m:>8}" for m in matching.MEASURES))
    for benchmark, mean in [*means.items(), ("OVERALL", np.mean([*means.values()], axis=0))]:
        print(f"{benchmark:20}" + "".join(f"{m:8.3f}" for m in mean))


def _honest(solved: Iterable[tuple[np.ndarray, Problem]]) -> None:
    """Of assigned pairs: how often they were right by what was said, and what each threshold would take."""
    told, right, asked = [], [], 0
    for confidence, one in solved:
        asked += int(one.truth.any(axis=1).sum())
        for i, j in zip(*linear_sum_assignment(-confidence), strict=True):
            if one.judged[i, j]:
                told.append(confidence[i, j])
                right.append(bool(one.truth[i, j]))
    p, ok = np.array(told), np.array(right)
    bins = np.clip((p * 10).astype(int), 0, 9)
    parts = [(b / 10, int((bins == b).sum()), p[bins == b].mean(), ok[bins == b].mean()) for b in np.unique(bins)]
    print("ECE", round(sum(n * abs(s - r) for _, n, s, r in parts) / len(p), 4))
    print("said/right by tenth:", "  ".join(f"{lo:.1f}: {s:.2f}/{r:.2f} ({n})" for lo, n, s, r in parts))
    for bar in (0.5, 0.7, 0.8, 0.85, 0.9, 0.95):
        taken = p >= bar
        print(f"at {bar}: precision {ok[taken].mean() if taken.any() else 1:.3f}, recall {ok[taken].sum() / asked:.3f}")


def main() -> None:
    """Learn, report, and write if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("datasets", type=Path)
    parser.add_argument("--write", action="store_true", help="make the weights learned from everything the product's")
    asked = parser.parse_args()
    problems = [*map(problem, matching.cases(asked.datasets)), *estates(), *exported()]
    held_out = {}
    for benchmark in sorted({p.benchmark for p in problems}):
        lines = learned([p for p in problems if p.benchmark != benchmark])
        held_out |= {(p.benchmark, p.case): scored(p, lines) for p in problems if p.benchmark == benchmark}
    scores = [held_out[p.benchmark, p.case] for p in problems]
    honest = []
    for p, score in zip(problems, scores, strict=True):
        others = [i for i, q in enumerate(problems) if q.benchmark != p.benchmark and not q.elsewhere]
        curve = drawn([scores[i] for i in others], [problems[i] for i in others])
        honest.append(said(p, score, curve))
    report("each benchmark left out of weights and curve", honest, problems)
    near = [i for i, p in enumerate(problems) if not p.elsewhere]
    lines, curve = learned(problems), drawn([scores[i] for i in near], [problems[i] for i in near])
    report("all benchmarks learned from", [said(p, scored(p, lines), curve) for p in problems], problems)
    if asked.write:
        _write(lines, curve)


def _write(lines: tuple[Line, Line], curve: tuple[np.ndarray, np.ndarray]) -> None:
    named = [
        dict(zip((*names, "bias"), (round(float(v), 4) for v in (*line.weights, line.bias)), strict=True))
        for names, line in ((scoring.ALONE, lines[0]), (scoring.AMONG, lines[1]))
    ]
    points = {k: [round(float(v), 4) for v in row] for k, row in zip(("score", "confidence"), curve, strict=True)}
    text = yaml.safe_dump({"alone": named[0], "among": named[1], "curve": points}, sort_keys=False, width=120)
    WEIGHTS.write_text("# Learned by benchmarks/train_matching.py; not for editing by hand.\n" + text, encoding="utf-8")


if __name__ == "__main__":
    main()
