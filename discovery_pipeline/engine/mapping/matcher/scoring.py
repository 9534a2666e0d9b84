"""Scoring: from channels of evidence to calibrated confidence.

Two linear steps and a curve, all learned from solved matching problems (see benchmarks/train_matching.py) and
kept as named numbers in weights.yaml: what a pair shows by itself; how it stands among its rivals and neighbours;
and how often a pair that stands so was right.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import numpy as np
import yaml

from discovery_pipeline.engine.mapping import knowledge
from discovery_pipeline.engine.mapping.matcher.channels import CHANNELS, Evidence
from discovery_pipeline.engine.mapping.matcher.fields import Side

_FLAGGED = (
    "description", "told", "type", "contrast", "unit", "key", "allowed", "look", "shared", "numbers", "value meaning",
    "values told",
)  # fmt: skip
_RELATIVE = (
    "path", "meaning", "path meaning", "meaning apart", "told", "told apart", "shared", "frequency", "value words",
    "shape", "trade",
)  # fmt: skip
_TOGETHER = ("best name", "best name of its type")
ALONE = (
    *CHANNELS,
    *_TOGETHER,
    *(f"has {c}" for c in _FLAGGED),
    *(f"{c} in its {line}" for c in _RELATIVE for line in ("row", "column")),
)
"""What a pair shows by itself: the channels, the best that names say with and without the type, which channels have
something to go by, and how near each is to the best of its row and column."""

AMONG = (
    "score", "lead in its row", "lead in its column", "share of its row", "share of its column", "mutual",
    "neighbours", "tables", "tables in its row", "size of its row", "size of its column", "has tables",
    "source has values", "target has values", "target is described",
)  # fmt: skip
"""How a pair stands among others, once all have a score, and what there is to go by at all."""

_NEAR = 2  # fields around one that are its neighbours
_LEAD = 6.0  # a lead beyond this says no more


@dataclass(frozen=True, slots=True)
class Weights:
    """What was learned: a weight for every feature, and the curve from score to confidence."""

    alone: np.ndarray
    alone_bias: float
    among: np.ndarray
    among_bias: float
    curve: np.ndarray  # scores and the confidence they stand for, two rows


@dataclass(frozen=True, slots=True)
class Setting:
    """What two sides are as wholes: the table that each field is of, and what there is to compare them by."""

    source_groups: tuple[str, ...]
    target_groups: tuple[str, ...]
    source_values: bool
    target_values: bool
    described: bool  # the target's fields

    @classmethod
    def of(cls, source: Side, target: Side) -> Setting:
        """The setting of these sides."""
        return cls(
            tuple(field.group for field in source.fields),
            tuple(field.group for field in target.fields),
            source.sample is not None,
            target.sample is not None,
            any(field.description for field in target.fields),
        )

    @property
    def grouped(self) -> bool:
        """Whether a side has fields of several tables."""
        return len(set(self.source_groups)) > 1 or len(set(self.target_groups)) > 1


@lru_cache(maxsize=1)
def weights() -> Weights:
    """The weights that ship with the product."""
    text = (files(knowledge) / "weights.yaml").read_text(encoding="utf-8")
    said = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    return Weights(
        # A feature that nothing was learned of yet counts nothing.
        alone=np.array([said["alone"].get(name, 0.0) for name in ALONE]),
        alone_bias=said["alone"]["bias"],
        among=np.array([said["among"].get(name, 0.0) for name in AMONG]),
        among_bias=said["among"]["bias"],
        curve=np.array([said["curve"]["score"], said["curve"]["confidence"]]),
    )


def confidences(evidence: Evidence, source: Side, target: Side) -> np.ndarray:
    """How surely each pair is right, source × target, 0..1."""
    learned = weights()
    first = alone(evidence.channels) @ learned.alone + learned.alone_bias
    second = among(first, Setting.of(source, target)) @ learned.among + learned.among_bias
    return np.interp(second, learned.curve[0], learned.curve[1])


def alone(channels: np.ndarray) -> np.ndarray:
    """The features of ALONE, source × target × features."""
    missing = np.isnan(channels)
    filled = np.where(missing, 0.0, channels)
    flags = [~missing[:, :, CHANNELS.index(c)] for c in _FLAGGED]
    relative = []
    for channel in _RELATIVE:
        matrix = filled[:, :, CHANNELS.index(channel)]
        relative += [matrix / matrix.max(axis=axis, keepdims=True).clip(min=1e-6) for axis in (1, 0)]
    return np.concatenate([filled, _together(filled), np.stack(flags, axis=2), np.stack(relative, axis=2)], axis=2)


def _together(filled: np.ndarray) -> np.ndarray:
    """The best of what names say, by itself and as far as the type agrees."""

    def best(*channels: str) -> np.ndarray:
        return filled[:, :, [CHANNELS.index(c) for c in channels]].max(axis=2)

    name = best("path", "concept", "path meaning", "same", "trade")
    return np.stack([name, name * best("type")], axis=2)


def among(scores: np.ndarray, setting: Setting) -> np.ndarray:
    """The features of AMONG, source × target × features."""
    by_row, by_column = _share(scores, 1), _share(scores, 0)
    mutual = np.sqrt(by_row * by_column)
    tables = _tables(mutual, setting)
    rows, columns = scores.shape
    whole = (
        np.log(columns), np.log(rows), setting.grouped,
        setting.source_values, setting.target_values, setting.described,
    )  # fmt: skip
    return np.stack(
        [
            scores, _lead(scores, 1), _lead(scores, 0), by_row, by_column, mutual,
            _neighbours(mutual),
            tables,
            tables / tables.max(axis=1, keepdims=True).clip(min=1e-6),
            *(np.full_like(scores, float(value)) for value in whole),
        ],
        axis=2,
    )  # fmt: skip


def _lead(scores: np.ndarray, axis: int) -> np.ndarray:
    """How far a score is ahead of the best of the others in its row (1) or column (0); behind is negative."""
    if scores.shape[axis] < 2:
        return np.full_like(scores, _LEAD / 3)
    ordered = np.sort(scores, axis=axis)
    best, second = np.take(ordered, [-1], axis=axis), np.take(ordered, [-2], axis=axis)
    return np.clip(scores - np.where(scores == best, second, best), -_LEAD, _LEAD)


def _share(scores: np.ndarray, axis: int) -> np.ndarray:
    raised = np.exp(scores - scores.max(axis=axis, keepdims=True))
    return raised / raised.sum(axis=axis, keepdims=True)


def _neighbours(mutual: np.ndarray) -> np.ndarray:
    """How well fields shortly before or after both match each other: exports keep columns in order, with gaps."""
    rows, columns = mutual.shape
    around = np.pad(mutual, _NEAR)
    steps = [(_NEAR + sign * i, _NEAR + sign * j) for i, j in ((1, 1), (1, 2), (2, 1)) for sign in (1, -1)]
    return np.max([around[i : i + rows, j : j + columns] for i, j in steps], axis=0)


def _tables(mutual: np.ndarray, setting: Setting) -> np.ndarray:
    """How well the other fields of both groups match each other."""
    groups = (setting.source_groups, setting.target_groups)
    left, right = (np.unique(g, return_inverse=True)[1] for g in groups)
    member_left, member_right = np.eye(left.max() + 1)[left], np.eye(right.max() + 1)[right]
    matched = member_left.T @ mutual @ member_right
    size = np.sqrt(np.outer(member_left.sum(axis=0), member_right.sum(axis=0)))
    others = matched[left][:, right] - mutual
    return others / (size[left][:, right] - 1).clip(min=1)
