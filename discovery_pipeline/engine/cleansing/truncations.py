"""Truncations: values that a field of fixed length cut off, completed from the column itself.

One value that begins another proves nothing: "Engineer" and "Engineering" are two words. Several that end after as many
characters, one of them amid a word and each lacking something else, were cut.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import takewhile

from discovery_pipeline.engine.cleansing.evidence import Evidence
from discovery_pipeline.engine.cleansing.values import Values

RULE = "vocabulary.truncated"

SHORTEST = 8
"""Characters from which a value may be one that was cut: fields are seldom shorter, and short words begin many."""

FREQUENT = 5
"""Cells in which a value must stand to complete another."""

LEAD = 4
"""How many times more often it must stand than what it completes."""

ONLY = 0.9
"""Share that it must have of all cells that begin so."""

MOST = 10_000
"""Distinct values up to which a column is one of values that come back."""

_NUMBER = re.compile(r"\s?(\d|[IVX]+$)")


def plan(values: Values, evidence: Evidence) -> None:
    """Plan to complete what was cut off."""
    for position in evidence.of("text"):
        seen = evidence.seen[position]
        if seen.repeated and seen.distinct <= MOST:
            standing = values.ask(
                f"SELECT value, sum(cells)::BIGINT FROM {{values}} WHERE position = {position} AND value IS NOT NULL "
                f"AND length(value) >= {SHORTEST} GROUP BY value"
            )
            values.offer_list(RULE, position, completed(dict(standing)))


def completed(cells: Mapping[str, int]) -> dict[str, str | None]:
    """What was cut off after the same number of characters as others were, each with what it was."""
    ordered = sorted(cells)
    by_length: dict[int, dict[str, str]] = defaultdict(dict)
    for value in ordered:
        whole = _whole(value, ordered, cells)
        if whole:
            # A space at the end of what was cut has been trimmed since.
            for length in {len(value), len(value) + (whole[len(value)] == " ")}:
                by_length[length][value] = whole
    listed: dict[str, str | None] = {}
    for cut in by_length.values():
        rests = {whole[len(value) :] for value, whole in cut.items()}
        if len(rests) > 1 and any(_amid_a_word(value, whole) for value, whole in cut.items()):
            listed |= cut
    return listed


def _whole(value: str, ordered: Sequence[str], cells: Mapping[str, int]) -> str | None:
    """The one frequent value that begins so, if a number isn't what it goes on with."""
    longer = takewhile(lambda other: other.startswith(value), ordered[bisect_left(ordered, value) + 1 :])
    begun = {other: cells[other] for other in longer}
    if not begun:
        return None
    best = max(begun, key=lambda other: (begun[other], other))
    enough = begun[best] >= max(FREQUENT, LEAD * cells[value]) and begun[best] >= ONLY * sum(begun.values())
    return best if enough and not _NUMBER.match(best[len(value) :]) else None


def _amid_a_word(value: str, whole: str) -> bool:
    return value[-1].isalpha() and whole[len(value)].isalpha()
