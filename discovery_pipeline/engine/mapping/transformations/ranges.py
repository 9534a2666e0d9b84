"""Ranges: whether numbers, as a mapping would deliver them, can be what the target field means.

A wrong unit is wrong a thousandfold, and looks right in every sample. So results are held to what the target takes, and
to how large such a thing is at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite

from discovery_pipeline.engine import magnitudes, units
from discovery_pipeline.engine.targets import TargetField

_SHARE = 0.1  # of the cells that have to lie outside of what is plausible, before anything is said


@dataclass(frozen=True, slots=True)
class Delivered:
    """A value as the target would get it, and how many cells of the source make it."""

    value: str
    count: int = 1


def suspicious(delivered: Sequence[Delivered], wanted: TargetField) -> tuple[str, ...]:
    """What is odd about these results, a sentence each; empty where nothing is, and for what are no numbers."""
    numbers = [(number, one.count) for one in delivered if (number := _number(one.value)) is not None]
    return tuple(_said(numbers, wanted)) if numbers else ()


def _said(numbers: Sequence[tuple[float, int]], wanted: TargetField) -> Iterator[str]:
    total, unit = sum(count for _, count in numbers), f" {wanted.unit}" if wanted.unit else ""
    for limit, word, beyond in (
        (wanted.minimum, "least", [n for n in numbers if wanted.minimum is not None and n[0] < wanted.minimum]),
        (wanted.maximum, "most", [n for n in numbers if wanted.maximum is not None and n[0] > wanted.maximum]),
    ):
        if beyond and limit is not None:
            worst = min(beyond) if word == "least" else max(beyond)
            found = f"{units.readable(worst[0])}{unit}, where the {word} is {units.readable(limit)}{unit}"
            yield f"{_cells(beyond, total)} out of range: {found}"
            return
    known = units.unit(wanted.unit or "")
    limits = magnitudes.limits(wanted.name, known.quantity) if known else None
    if known is None or limits is None:
        return
    least, most = (end / units.in_base(known.name) for end in limits)
    odd = [n for n in numbers if n[0] > 0 and not least <= n[0] <= most]
    if sum(count for _, count in odd) >= _SHARE * total:
        said = f"{_cells(odd, total)} hardly possible, such as {units.readable(odd[0][0])}{unit}"
        usual = f"{units.readable(least)} to {units.readable(most)}" if least else f"at most {units.readable(most)}"
        yield f"{said}; {usual}{unit} is usual. Is the unit right?"


def _cells(odd: Sequence[tuple[float, int]], total: int) -> str:
    share = sum(count for _, count in odd) / total
    return f"{max(share, 0.01):.0%} of the values are"


def _number(value: str) -> float | None:
    """The number that a value is; None for text, and for codes such as "12e456" that only look like one."""
    try:
        number = float(value)
    except ValueError:
        return None
    return number if isfinite(number) else None
