"""Phrases: numbers and lists as a sentence for people has them."""

from __future__ import annotations

from collections.abc import Sequence


def percent(affected: float, of: float) -> str:
    """A share for people: never 0% where something is affected, never 100% where something isn't."""
    share = 100 * affected / of if of else 0.0
    if 0 < share < 0.1:
        return "< 0.1%"
    if 99.9 < share < 100:
        return "> 99.9%"
    return f"{share:.1f}%" if share < 10 or 99 < share < 100 else f"{share:.0f}%"


def counted(number: float, one: str, many: str = "") -> str:
    """A number with its noun, or with noun and verb: "1 row", "2,040 rows"; "1 child", "3 children"."""
    return f"{number:,.0f} {one if number == 1 else many or one + 's'}"


def duration(seconds: float) -> str:
    """A time span as a person would say it."""
    if seconds < 1:
        return "under a second"
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)):
        if seconds >= length * (1.5 if length > 1 else 1):
            value = seconds / length
            return f"{value:.1f} {unit}s" if value < 10 and length > 1 else counted(value, unit)
    return "about a second"


def size(count: float) -> str:
    """Bytes as a person would say them, in 1024s."""
    for unit in ("bytes", "KB", "MB", "GB", "TB"):
        if count < 1024:
            return f"{count:,.0f} {unit}" if count >= 10 or unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:,.1f} PB"


def listed(words: Sequence[str]) -> str:
    """Words joined as a person would: "a, b and c"."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
