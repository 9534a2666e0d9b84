"""Quality: how good one column is, by dimension, in shares of its values."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import accumulate

from discovery_pipeline.engine.profiling import headers
from discovery_pipeline.engine.profiling.model import Quality

WEIGHTS: Mapping[str, float] = {
    "completeness": 0.3,
    "validity": 0.3,
    "uniqueness": 0.15,
    "consistency": 0.15,
    "timeliness": 0.1,
}

_DIGITS = re.compile(r"\d+")
_DECIMALS = re.compile(r"\d[.,:]\d")


def score(
    *, completeness: float, validity: float, uniqueness: float, consistency: float, timeliness: float | None
) -> Quality:
    """The dimensions and their weighted mean; one that doesn't apply leaves its weight to the others."""
    shares = {
        "completeness": completeness,
        "validity": validity,
        "uniqueness": uniqueness,
        "consistency": consistency,
        "timeliness": timeliness,
    }
    told = {name: min(1.0, max(0.0, share)) for name, share in shares.items() if share is not None}
    weight = sum(WEIGHTS[name] for name in told)
    mean = sum(WEIGHTS[name] * share for name, share in told.items()) / weight
    return Quality(
        completeness=told["completeness"],
        validity=told["validity"],
        uniqueness=told["uniqueness"],
        consistency=told["consistency"],
        timeliness=told.get("timeliness"),
        score=mean,
    )


def timeliness(header: str, told: int, fresh: int, ahead: int) -> float | None:
    """Share of dates that are as a date of that header should be.

    Where the header says when a row was last looked at: within the last year. Where it names what has happened: not
    after today. None where dates may well lie ahead.
    """
    hints = headers.words(header)
    if not told or hints & headers.FUTURE:
        return None
    if hints & headers.FRESH:
        return fresh / told
    return 1 - ahead / told


def spelling(values: Sequence[tuple[str, int]]) -> tuple[float, tuple[str, ...]]:
    """Share of values in the most frequent spelling of themselves, and values that are spelt in several ways.

    Each value stands once, with its count. Spellings differ in case, in white space and in how words are joined.
    """
    alike: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
    for value, count in values:
        alike[_bare(value)].append((value, count))
    spellings = [spelt for group in alike.values() for spelt in (_told_apart(group) if len(group) > 1 else (group,))]
    total = sum(n for _, n in values)
    usual = sum(max(n for _, n in spelt) for spelt in spellings)
    several = tuple(
        " / ".join(v for v, _ in sorted(spelt, key=lambda one: -one[1])[:3]) for spelt in spellings if len(spelt) > 1
    )
    return (usual / total if total else 1.0), several


def _told_apart(alike: Sequence[tuple[str, int]]) -> list[list[tuple[str, int]]]:
    """Values of the same letters and digits, by what they say: 22-35 is not 223-5, and 1.5 is not 15."""
    by_digits: defaultdict[tuple[str, ...], list[tuple[str, int]]] = defaultdict(list)
    for value, count in alike:
        by_digits[tuple(_DIGITS.findall(value))].append((value, count))
    if len(by_digits) == 2:
        whole, parted = sorted(by_digits, key=len)
        numbers = any(_DECIMALS.search(value) for value, _ in by_digits[parted])
        if _cuts(whole) < _cuts(parted) and not numbers:
            return [list(alike)]
    return list(by_digits.values())


def _cuts(digits: Sequence[str]) -> set[int]:
    """After how many of its digits a value is parted."""
    return set(accumulate(map(len, digits[:-1])))


def _bare(value: str) -> str:
    folded = value.casefold()
    return folded if folded.isalnum() else "".join(filter(str.isalnum, folded)) or value
