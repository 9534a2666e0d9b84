"""Values: how alike two columns' data are, whatever the columns are called.

All results are matrices of source columns × target columns, NaN where one side has no data for it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from discovery_pipeline.engine.mapping.matcher import embedding
from discovery_pipeline.engine.mapping.matcher.samples import BUCKETS, Sample

_FEW = 3  # distinct values below which an overlap says little


@dataclass(frozen=True, slots=True)
class Values:
    """What the data on both sides say."""

    shared: np.ndarray  # distinct values in common, of all
    contained: np.ndarray  # distinct values in common, of the side with fewer
    frequency: np.ndarray  # cosine of value counts
    words: np.ndarray  # cosine of words, rare ones counting more
    meaning: np.ndarray  # of frequent values that are words; NaN where they are not
    masks: np.ndarray  # patterns in common
    kinds: np.ndarray  # kinds of value in common
    shape: np.ndarray  # length and letters
    numbers: np.ndarray  # distributions, where both are numbers
    uniqueness: np.ndarray  # how alike the shares of distinct values are


def compare(source: Sample, target: Sample) -> Values:
    """Compare all columns of two samples."""
    unseen = ~np.logical_and.outer(source.seen, target.seen)

    def seen(matrix: np.ndarray) -> np.ndarray:
        return np.where(unseen, np.nan, matrix)

    left, right = _held(source.by_value), _held(target.by_value)
    common = (left @ right.T).toarray()
    sizes = np.add.outer(source.values, target.values)
    fewer = np.minimum.outer(source.values, target.values)
    # One shared value of one says little; the count is damped towards none.
    return Values(
        shared=seen(common / (sizes - common + _FEW).clip(min=1)),
        contained=seen(common / (fewer + _FEW).clip(min=1)),
        frequency=seen(_cosine(source.by_value, target.by_value)),
        words=seen(_cosine(*_weighed(source.by_word, target.by_word))),
        meaning=seen(_meant(source, target)),
        masks=seen(_common_share(source.by_mask, target.by_mask)),
        kinds=seen(np.minimum(source.kinds[:, None, :], target.kinds[None, :, :]).sum(axis=2)),
        shape=seen(_shapes(source.shape, target.shape)),
        numbers=_numbers(source, target),
        uniqueness=seen(1 - np.abs(np.subtract.outer(source.uniqueness, target.uniqueness))),
    )


def _meant(source: Sample, target: Sample) -> np.ndarray:
    spoken = [side.spoken for side in (source, target)]
    return np.where(
        np.logical_and.outer(*(list(map(bool, side)) for side in spoken)), embedding.likeness(*spoken), np.nan
    )


def _held(counts: sparse.csr_matrix) -> sparse.csr_matrix:
    return sparse.csr_matrix((np.ones_like(counts.data), counts.indices, counts.indptr), shape=counts.shape)


def _cosine(left: sparse.csr_matrix, right: sparse.csr_matrix) -> np.ndarray:
    norms = [np.sqrt(np.asarray(side.multiply(side).sum(axis=1)).ravel()) for side in (left, right)]
    return (left @ right.T).toarray() / np.outer(*norms).clip(min=1e-9)


def _weighed(left: sparse.csr_matrix, right: sparse.csr_matrix) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
    """Logarithmic counts, times how few columns hold the word."""
    columns = np.bincount(np.concatenate([left.indices, right.indices]), minlength=BUCKETS)
    rare = np.log1p((len(left.indptr) + len(right.indptr)) / np.maximum(columns, 1))
    return (
        sparse.csr_matrix((np.log1p(left.data) * rare[left.indices], left.indices, left.indptr), shape=left.shape),
        sparse.csr_matrix((np.log1p(right.data) * rare[right.indices], right.indices, right.indptr), shape=right.shape),
    )


def _common_share(left: sparse.csr_matrix, right: sparse.csr_matrix) -> np.ndarray:
    """Cosine of square roots of shares (the Bhattacharyya coefficient)."""
    roots = []
    for side in (left, right):
        total = np.asarray(side.sum(axis=1)).ravel().clip(min=1)
        shares = side.data / np.repeat(total, np.diff(side.indptr))
        roots.append(sparse.csr_matrix((np.sqrt(shares), side.indices, side.indptr), shape=side.shape))
    return (roots[0] @ roots[1].T).toarray()


def _shapes(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    gap = np.abs(left[:, None, :] - right[None, :, :])
    return np.exp(-gap.sum(axis=2))


def _numbers(source: Sample, target: Sample) -> np.ndarray:
    """How much the middle of two distributions agrees, on a scale of their own spread."""
    left, right = source.quantiles[:, None, :], target.quantiles[None, :, :]
    with np.errstate(invalid="ignore"):
        spread = np.maximum(left[..., 4] - left[..., 0], right[..., 4] - right[..., 0])
        size = np.maximum(np.abs(left).max(axis=2), np.abs(right).max(axis=2))
        gap = np.abs(left - right).mean(axis=2) / np.maximum(spread, 0.1 * size).clip(min=1e-9)
        return np.exp(-2 * gap)
