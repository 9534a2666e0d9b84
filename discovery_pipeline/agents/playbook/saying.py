"""Saying: counts, shares and lists in words, the same way in every sentence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from discovery_pipeline.engine import phrases

Told = Mapping[str, Any]
Seen = Mapping[str, Mapping[str, Any]]
"""What tools said, by their names."""

SHOWN = 12
"""Entries of a list in an answer: what a person still reads."""
NAMED = 3
"""Places that a sentence names."""


def entries(seen: Seen, tool: str, key: str) -> list[Told]:
    """The entries of one list that a tool told; the note on what it left out is none of them."""
    return [entry for entry in seen[tool].get(key, []) if "left_out" not in entry]


def share(part: float) -> str:
    """A share 0..1 in per cent: 100% only where all is meant, 0% only where nothing is."""
    if 0 < part < 0.01:
        return "under 1%"
    if 0.99 < part < 1:
        return "over 99%"
    return f"{part:.0%}"


def listed(words: Sequence[str], most: int = NAMED) -> str:
    """Words joined as a person would, the first few of many."""
    if len(words) > most:
        return f"{', '.join(words[:most])} and {len(words) - most:,} more"
    return phrases.listed(words)


def cut(text: str, longest: int = 400) -> str:
    """A text that fits an answer; the end of a longer one is left out."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def spoken(code: str) -> str:
    """An engine's word as a person says it: "os_name" is "os name"."""
    return code.replace("_", " ")


def of(columns: Iterable[Told], table: str) -> list[Told]:
    """The columns of one table."""
    return [column for column in columns if column["id"].startswith(f"{table}.")]
