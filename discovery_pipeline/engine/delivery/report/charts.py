"""Charts: numbers as SVG path data.

Drawn here and not by a chart library, so that they follow the page's light or dark colours and its width, and weigh a
hundred bytes. Vega-Lite through vl-convert took 0.45 s for the first and 20 ms and 9 KB for each further one.
"""

from __future__ import annotations

from collections.abc import Sequence

from discovery_pipeline.engine.profiling.model import Bin

BARS = 24
HEIGHT = 28


def histogram(bins: Sequence[Bin]) -> str:
    """Bars of a histogram as one path in a box of `len(bins)` × HEIGHT; neighbours joined beyond BARS bins."""
    counts = [one.count for one in bins]
    if len(counts) > BARS:
        step = -(-len(counts) // BARS)
        counts = [sum(counts[i : i + step]) for i in range(0, len(counts), step)]
    highest = max(counts, default=0)
    if not highest:
        return ""
    # What is there stays visible: a bar is at least one unit high.
    tops = [(i, max(round(HEIGHT * count / highest, 1), 1)) for i, count in enumerate(counts) if count]
    return "".join(f"M{i * 10} {HEIGHT}v-{top:g}h9v{top:g}z" for i, top in tops)


def histogram_width(bins: Sequence[Bin]) -> int:
    """The width of that box."""
    step = max(-(-len(bins) // BARS), 1)
    return -(-len(bins) // step) * 10 - 1


def axis_floor(shares: Sequence[float]) -> float:
    """Where an axis of shares begins, so that differences near the top can be seen: a tenth below the lowest."""
    lowest = min(shares, default=0.0)
    return max(int(lowest * 10 - 0.5) / 10, 0.0)


def along(share: float, floor: float) -> str:
    """A share's place on an axis from `floor` to 1, as an SVG length; 2% at each end stay free for the dots."""
    span = (share - floor) / (1 - floor) if floor < 1 else 1.0
    return f"{2 + 96 * min(max(span, 0), 1):.2f}%"
