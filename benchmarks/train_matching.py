"""Learn the matcher's weights from solved problems, and say how well they do on what they never saw.

    python -m benchmarks.train_matching DATASETS [--write]

DATASETS holds <benchmark>/<case>/ with source.csv, target.csv, ground_truth.csv and perhaps schemas; the problems of
estates.yaml, exports.yaml and trades.yaml, beside this script, are learned from as well, in folds by source. Each
benchmark is left out once and scored with what the others teach; the curve from score to confidence is drawn from those
held-out scores only. Sealed exports and trades are never learned from. With --write, weights learned from all others
become the product's.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import yaml
from scipy.optimize import linear_sum_assignment

from benchmarks import matching
from benchmarks.learning import Line, curve, learned, scored
from benchmarks.solved import OURS, SEALED, Problem, problems
from discovery_pipeline.engine.mapping import knowledge
from discovery_pipeline.engine.mapping.matcher import matching as matcher
from discovery_pipeline.engine.mapping.matcher import scoring
from discovery_pipeline.engine.mapping.model import tier
from discovery_pipeline.engine.mapping.suggestions.assigning import assigned

WEIGHTS = Path(knowledge.__file__).with_name("weights.yaml")

Curve = tuple[np.ndarray, np.ndarray]


def said(solved: Problem, scores: np.ndarray, drawn: Curve) -> np.ndarray:
    """The confidence that the matcher would give with this curve."""
    return matcher.tempered(np.interp(scores, *drawn), solved.channels, elsewhere=solved.elsewhere)


def report(name: str, confidences: Sequence[np.ndarray], solved: Sequence[Problem]) -> None:
    """Print measures by benchmark and how honest confidences are, for each family of problems."""
    told = list(zip(confidences, solved, strict=True))
    for family in ("benchmarks", *OURS, *SEALED):
        chosen = [(c, p) for c, p in told if p.family == family]
        if chosen:
            print(f"== {name}: {family}")
            _measured(chosen)
            _honest(chosen)


def _measured(solved: Iterable[tuple[np.ndarray, Problem]]) -> None:
    rows: dict[str, list[list[float]]] = {}
    for confidence, one in solved:
        if one.truth.any():
            found = [*matching.measures(confidence, one.truth), _suggested(confidence, one.truth)]
            rows.setdefault(one.benchmark, []).append(found)
    means = {benchmark: np.mean(row, axis=0) for benchmark, row in rows.items()}
    print(f"{'':20}" + "".join(f"{m:>8}" for m in (*matching.MEASURES, "f1 said")))
    for benchmark, mean in [*means.items(), ("OVERALL", np.mean([*means.values()], axis=0))]:
        print(f"{benchmark:20}" + "".join(f"{m:8.3f}" for m in mean))


def _suggested(confidence: np.ndarray, right: np.ndarray) -> float:
    """F1 of what the product assigns."""
    pairs = assigned(confidence)
    return 2 * sum(right[i, j] for i, j in pairs) / (len(pairs) + right.any(axis=1).sum())


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
    tiers = np.array([tier(value) for value in p])
    for name in ("High", "Check"):
        taken = tiers == name
        print(f"{name}: {taken.mean():.2f} of what is assigned, {ok[taken].mean() if taken.any() else 1:.3f} right")
    for bar in (0.5, 0.7, 0.8, 0.85, 0.9, 0.95):
        taken = p >= bar
        print(f"at {bar}: precision {ok[taken].mean() if taken.any() else 1:.3f}, recall {ok[taken].sum() / asked:.3f}")


def _left_out(solved: Sequence[Problem], lines: tuple[Line, Line]) -> list[np.ndarray]:
    """Scores of all problems by what others teach; of sealed ones by what all teach that may."""
    found: dict[tuple[str, str], np.ndarray] = {}
    for benchmark in sorted({p.benchmark for p in solved}):
        mine = [p for p in solved if p.benchmark == benchmark]
        sealed = mine[0].family in SEALED
        by = lines if sealed else learned([p for p in _open(solved) if p.benchmark != benchmark], lines)
        found |= {(p.family, p.case): scored(p, by) for p in mine}
    return [found[p.family, p.case] for p in solved]


def _open(solved: Iterable[Problem]) -> list[Problem]:
    return [p for p in solved if p.family not in SEALED]


def _drawn(solved: Sequence[Problem], scores: Sequence[np.ndarray], without: str = "") -> Curve:
    """The curve from held-out scores of what may be learned from, perhaps without one benchmark."""
    known = [
        (score, p)
        for score, p in zip(scores, solved, strict=True)
        if p.family not in SEALED and not p.elsewhere and p.benchmark != without
    ]
    return curve([score for score, _ in known], [p for _, p in known])


def main() -> None:
    """Learn, report, and write if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("datasets", type=Path)
    parser.add_argument("--write", action="store_true", help="make the weights learned from everything the product's")
    asked = parser.parse_args()
    solved = problems(asked.datasets)
    lines = learned(_open(solved))
    scores = _left_out(solved, lines)
    curves = {benchmark: _drawn(solved, scores, benchmark) for benchmark in {p.benchmark for p in solved}}
    honest = [said(p, score, curves[p.benchmark]) for p, score in zip(solved, scores, strict=True)]
    report("each benchmark left out of weights and curve", honest, solved)
    drawn = _drawn(solved, scores)
    known = _open(solved)
    report("all benchmarks learned from", [said(p, scored(p, lines), drawn) for p in known], known)
    if asked.write:
        _write(lines, drawn)


def _write(lines: tuple[Line, Line], drawn: Curve) -> None:
    named = [
        dict(zip((*names, "bias"), (round(float(v), 4) for v in (*line.weights, line.bias)), strict=True))
        for names, line in ((scoring.ALONE, lines[0]), (scoring.AMONG, lines[1]))
    ]
    points = {k: [round(float(v), 5) for v in row] for k, row in zip(("score", "confidence"), drawn, strict=True)}
    text = yaml.safe_dump({"alone": named[0], "among": named[1], "curve": points}, sort_keys=False, width=120)
    WEIGHTS.write_text("# Learned by benchmarks/train_matching.py; not for editing by hand.\n" + text, encoding="utf-8")


if __name__ == "__main__":
    main()
