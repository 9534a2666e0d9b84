"""Shares: parts of a whole, as people read them."""

from __future__ import annotations


def percent(share: float) -> str:
    """A share in per cent: 100% only where all is meant, 0% only where nothing is."""
    if 0 < share < 0.001:
        return "<0.1%"
    if 0.999 < share < 1:
        return ">99.9%"
    return f"{share:.1%}".replace(".0%", "%")
