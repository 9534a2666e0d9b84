"""Learning the matcher's two lines and its curve from solved problems.

The first line ranks: of a column's fields, and of a field's columns, the right one is to come first. The second says
how likely a pair is right as it stands among the others; the curve makes that honest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment, minimize

from benchmarks.solved import Problem
from discovery_pipeline.engine.mapping.matcher import scoring

WORTH = {"trades": 0.3}  # of a family's problems, beside others'; made tables are more alike than real ones
SMALL = 200  # pairs of a problem that are all looked at
HARD = 0.12  # share of a larger problem's pairs that seem most alike, all looked at
DRAWN = (0.02, 120)  # share and least number of its other pairs that are; they are weighed up for it
KNOTS = 12

_RANKED = 3e-2  # ridge of the first line
_LIKELY = 1e-4  # of the second
_COLUMNS = 0.5  # what right ranks in columns count beside those in rows
_EITHER = 0.5  # and what telling right from wrong by itself counts
_STEPS = 15  # of Newton's method, at most
_AGAINST = (
    "unlike",
    "clash",
    "other concept",
)  # evidence against a pair; all other evidence speaks for it or not at all
_SETTLED = 0.01  # change of a weight, in spreads of its feature, that no longer matters


def _bounds(feature: str) -> tuple[float | None, float | None]:
    """Between what the weight of a feature of the first line may be: likeness never counts against a pair.

    What is learned freely fits these problems better and others worse.
    """
    if feature.startswith("has "):
        return None, None
    return (None, 0.0) if feature in _AGAINST else (0.0, None)


_BOUNDS = (*map(_bounds, scoring.ALONE), (None, None))


@dataclass(frozen=True)
class Line:
    """A linear score."""

    weights: np.ndarray
    bias: float

    def __call__(self, features: np.ndarray) -> np.ndarray:
        return features @ self.weights + self.bias


@dataclass(frozen=True)
class _Pairs:
    """The pairs of all problems that are looked at, in one list."""

    features: np.ndarray
    right: np.ndarray
    drawn: np.ndarray  # how many pairs each stands for
    rows: np.ndarray  # numbers of source columns
    columns: np.ndarray  # numbers of target fields
    worth: np.ndarray  # of the pair's problem, by right pair

    @property
    def scale(self) -> tuple[np.ndarray, np.ndarray]:
        """Means and spreads of the features."""
        weight = self.worth * self.drawn
        weight = weight / weight.sum()
        mean = weight @ self.features
        return mean, np.sqrt(weight @ (self.features - mean) ** 2) + 1e-3


def learned(problems: Sequence[Problem], near: tuple[Line, Line] | None = None) -> tuple[Line, Line]:
    """Both lines, from these problems; beginning with lines that are near gets there sooner."""
    first = _ranking([p.alone for p in problems], problems, near[0] if near else None)
    return first, _likelihood([scoring.among(first(p.alone), p.setting) for p in problems], problems)


def scored(solved: Problem, lines: tuple[Line, Line]) -> np.ndarray:
    """Scores of all pairs of a problem."""
    return lines[1](scoring.among(lines[0](solved.alone), solved.setting))


def _pairs(features: Sequence[np.ndarray], problems: Sequence[Problem]) -> _Pairs:
    parts: list[tuple[np.ndarray, ...]] = []
    rows = columns = 0
    for found, solved in zip(features, problems, strict=True):
        right = solved.truth.ravel()
        if not right.any():
            continue
        keep, drawn = _looked_at(solved)
        siblings = sum(p.benchmark == solved.benchmark and p.family == solved.family for p in problems)
        worth = WORTH.get(solved.family, 1.0) / np.sqrt(siblings * right.sum())
        row, column = np.divmod(np.flatnonzero(keep), solved.truth.shape[1])
        flat = found.reshape(-1, found.shape[2])[keep].astype(np.float64)
        parts.append((flat, right[keep], drawn[keep], rows + row, columns + column, np.full(len(row), worth)))
        rows, columns = rows + solved.truth.shape[0], columns + solved.truth.shape[1]
    return _Pairs(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def _looked_at(solved: Problem) -> tuple[np.ndarray, np.ndarray]:
    """Which pairs of a problem are looked at, and how many each stands for."""
    right = solved.truth.ravel()
    judged = solved.judged.ravel()
    if right.size <= SMALL:
        return judged, np.ones(right.size)
    promise = np.nan_to_num(solved.channels[:, :, :10]).sum(axis=2).ravel()
    hard = right | (promise >= np.quantile(promise, 1 - HARD))
    share = min(1.0, max(DRAWN[0], DRAWN[1] / right.size))
    drawn = ~hard & (np.random.default_rng(0).random(right.size) < share)
    return (hard | drawn) & judged, np.where(drawn, 1 / share, 1.0)


def _ranking(features: Sequence[np.ndarray], problems: Sequence[Problem], near: Line | None) -> Line:
    """Softmax over the pairs of each row and of each column that has a right one, and logistic regression beside."""
    pairs = _pairs(features, problems)
    mean, spread = pairs.scale
    design = np.column_stack([(pairs.features - mean) / spread, np.ones(len(pairs.right))])
    lists = [_Lists(pairs, pairs.rows, 1.0), _Lists(pairs, pairs.columns, _COLUMNS)]
    total = sum(found.worth.sum() for found in lists)
    either = pairs.worth * pairs.drawn
    either = either * _EITHER / either.sum()

    def loss(theta: np.ndarray) -> tuple[float, np.ndarray]:
        scores = design @ theta
        wrong = (either * (np.logaddexp(0, scores) - pairs.right * scores)).sum()
        slope = either * (1 / (1 + np.exp(-scores.clip(-30, 30))) - pairs.right)
        for found in lists:
            added, bent = found.loss(scores)
            wrong += added / total
            slope += bent / total
        shrunk = np.append(theta[:-1], 0.0)
        return wrong + _RANKED * (shrunk**2).sum(), design.T @ slope + 2 * _RANKED * shrunk

    start = np.append(near.weights * spread, near.bias + mean @ near.weights) if near else np.zeros(design.shape[1])
    theta = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=_BOUNDS, options={"maxiter": 150}).x
    return Line(theta[:-1] / spread, float(theta[-1] - mean @ (theta[:-1] / spread)))


class _Lists:
    """Pairs that compete with one another: those of one row, or of one column."""

    def __init__(self, pairs: _Pairs, of: np.ndarray, worth: float) -> None:
        self._order = np.argsort(of, kind="stable")
        ordered = of[self._order]
        self._starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
        self._sizes = np.diff(np.append(self._starts, len(of)))
        self._drawn = np.log(pairs.drawn[self._order])
        self._right = pairs.right[self._order].astype(float)
        answered = np.add.reduceat(self._right, self._starts) > 0
        self.worth = pairs.worth[self._order][self._starts] * answered * worth

    def loss(self, scores: np.ndarray) -> tuple[float, np.ndarray]:
        """What is lost by these scores over all lists, and its slope."""
        mine = scores[self._order] + self._drawn
        raised = np.exp(mine - np.repeat(np.maximum.reduceat(mine, self._starts), self._sizes))
        all_of, right_of = (np.add.reduceat(r, self._starts) for r in (raised, raised * self._right))
        right_of = np.where(self.worth > 0, right_of.clip(1e-300), all_of)
        lost = (self.worth * (np.log(all_of) - np.log(right_of))).sum()
        shares = [raised / np.repeat(all_of, self._sizes), raised * self._right / np.repeat(right_of, self._sizes)]
        slope = np.empty(len(scores))
        slope[self._order] = np.repeat(self.worth, self._sizes) * (shares[0] - shares[1])
        return float(lost), slope


def _likelihood(features: Sequence[np.ndarray], problems: Sequence[Problem]) -> Line:
    """Logistic regression over all pairs."""
    pairs = _pairs(features, problems)
    return _logistic(pairs.features, pairs.right.astype(float), pairs.worth * pairs.drawn, _LIKELY)


def _logistic(x: np.ndarray, y: np.ndarray, w: np.ndarray, ridge: float) -> Line:
    w = w / w.sum()
    mean = w @ x
    spread = np.sqrt(w @ (x - mean) ** 2) + 1e-3
    design = np.column_stack([(x - mean) / spread, np.ones(len(x))])
    penalty = np.append(np.full(x.shape[1], ridge), 1e-9)
    theta = np.zeros(design.shape[1])
    for _ in range(_STEPS):
        said = 1 / (1 + np.exp(-np.clip(design @ theta, -30, 30)))
        slope = design.T @ (w * (said - y)) + penalty * theta
        bend = (design * (w * said * (1 - said)).clip(1e-9)[:, None]).T @ design + np.diag(penalty)
        step = np.linalg.solve(bend, slope)
        theta -= step * min(1.0, 3.0 / np.abs(step).max())
        if np.abs(step).max() < _SETTLED:
            break
    return Line(theta[:-1] / spread, float(theta[-1] - mean @ (theta[:-1] / spread)))


def curve(scores: Sequence[np.ndarray], problems: Sequence[Problem]) -> tuple[np.ndarray, np.ndarray]:
    """Scores of each field's best pair that is also assigned, and how often such a pair was right; always rising."""
    told = list(_assigned(scores, problems))
    said, right, weight = (np.array(c) for c in zip(*sorted(told), strict=True))
    line = _logistic(said[:, None], right, weight, _LIKELY)
    knots = np.quantile(said, np.linspace(0.02, 0.98, KNOTS))
    smooth = 1 / (1 + np.exp(-line(knots[:, None])))
    width = max(0.6, float(np.std(said)) / 3)
    near = np.exp(-0.5 * ((knots[:, None] - said[None, :]) / width) ** 2) * weight
    local = (near @ right + 8 * np.median(weight) * smooth) / (near.sum(axis=1) + 8 * np.median(weight))
    rising = np.maximum.accumulate(local) + np.arange(KNOTS) * 1e-5  # equal confidences would hide which is better
    low, high = knots[0] - 40, knots[-1] + 20
    return np.concatenate([[low], knots, [high]]), np.concatenate([[0.0], rising, [max(rising[-1] + 1e-4, 0.999)]])


def _assigned(scores: Sequence[np.ndarray], problems: Sequence[Problem]) -> Iterator[tuple[float, float, float]]:
    for score, solved in zip(scores, problems, strict=True):
        weight = WORTH.get(solved.family, 1.0) / np.sqrt(len(score))
        for i, j in zip(*linear_sum_assignment(-score), strict=True):
            if solved.judged[i, j]:
                yield float(score[i, j]), float(solved.truth[i, j]), weight
