"""Masks: the shapes of values, in which 9 is a digit, A an upper-case letter and a a lower-case one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from discovery_pipeline.engine.profiling.model import Pattern

KEPT = 10
LONGEST = 60

_TABLE = str.maketrans("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", "9" * 10 + "a" * 26 + "A" * 26)


def mask(value: str) -> str:
    """The mask of a value; of a long one, that of its beginning."""
    short = value[:LONGEST].translate(_TABLE)
    if short.isascii():
        return short
    return "".join("A" if c.isupper() else "a" if c.isalpha() else "9" if c.isdigit() else c for c in short)


def patterns(values: Iterable[tuple[str, int]], scale: float = 1.0) -> tuple[Pattern, ...]:
    """The most frequent masks of values with their counts.

    Parameters
    ----------
    scale
        Rows a sampled row stands for; counts are then estimates.
    """
    counts: Counter[str] = Counter()
    examples: dict[str, str] = {}
    for value, count in values:
        shape = mask(value)
        counts[shape] += count
        examples.setdefault(shape, value[: 2 * LONGEST])
    return tuple(
        Pattern(mask=shape, count=round(count * scale), example=examples[shape])
        for shape, count in counts.most_common(KEPT)
    )
