"""Meanings: what names, descriptions and values mean as texts, beyond the words that names share.

All results are matrices of source fields × target fields with values 0..1, NaN where a side has nothing to say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from discovery_pipeline.engine.mapping.matcher import embedding
from discovery_pipeline.engine.mapping.matcher.fields import Field, Side
from discovery_pipeline.engine.mapping.matcher.readings import Phrase

_FEW = 2  # texts that weigh as much as what is not known of others


@dataclass(frozen=True, slots=True)
class Told:
    """What texts on both sides say."""

    names: np.ndarray  # apart from what all names have in common
    descriptions: np.ndarray
    whole: np.ndarray  # names and descriptions together, where at least one side describes
    apart: np.ndarray  # the same, apart from what all have in common
    values: np.ndarray  # a source's frequent values, and what the target says of itself


def compare(source: Side, target: Side, source_words: Sequence[Phrase], target_words: Sequence[Phrase]) -> Told:
    """Compare what all fields say."""
    descriptions = [[f.description for f in side.fields] for side in (source, target)]
    said = [np.array([bool(d) for d in side]) for side in descriptions]
    either = np.logical_or.outer(*said)
    whole = [embedding.vectors([_whole(f) for f in side.fields]) for side in (source, target)]
    named = [embedding.vectors([" ".join(words) for words in side]) for side in (source_words, target_words)]
    return Told(
        names=_apart(*named),
        descriptions=np.where(np.logical_and.outer(*said), embedding.likeness(*descriptions), np.nan),
        whole=np.where(either, np.clip(whole[0] @ whole[1].T, 0, 1), np.nan),
        apart=np.where(either, _apart(*whole), np.nan),
        values=_values(source, whole[1]),
    )


def _whole(field: Field) -> str:
    """Name and description together."""
    return f"{field.name.replace('_', ' ').replace('.', ' ')}: {field.description}"


def _apart(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Cosines once what all texts of a side have in common is taken out."""
    return np.clip(_centred(left) @ _centred(right).T, 0, 1)


def _centred(vectors: np.ndarray) -> np.ndarray:
    """What sets each text apart from the others; of few texts nobody knows what they have in common."""
    apart = vectors - vectors.sum(axis=0) / (len(vectors) + _FEW)
    norms = np.linalg.norm(apart, axis=1, keepdims=True)
    return np.divide(apart, norms, out=np.zeros_like(apart), where=norms > 0)


def _values(source: Side, target: np.ndarray) -> np.ndarray:
    """How alike a source's frequent values mean what the target's names and descriptions do."""
    out = np.full((len(source.fields), len(target)), np.nan)
    if source.sample is None:
        return out
    spoken = source.sample.spoken
    read = [i for i, text in enumerate(spoken) if text]
    if read:
        out[read] = np.clip(embedding.vectors([spoken[i] for i in read]) @ target.T, 0, 1)
    return out
