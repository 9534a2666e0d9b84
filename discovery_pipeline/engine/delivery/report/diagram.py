"""The diagram: tables as boxes, references as lines between the columns that hold them.

Who refers stands left of whom it refers to. Positions are computed here; the template draws.
"""

from __future__ import annotations

from dataclasses import dataclass

from discovery_pipeline.engine.profiling.model import Profile, TableProfile
from discovery_pipeline.engine.schema.model import ForeignKey, SchemaAnalysis

MOST_TABLES = 24
WIDTH, HEAD, LINE, FOOT = 208, 40, 22, 8
ACROSS, DOWN = 96, 28
_MOST_LINES = 9


@dataclass(frozen=True, slots=True)
class Line:
    """A column in a box."""

    name: str
    key: bool
    y: int  # its middle


@dataclass(frozen=True, slots=True)
class Box:
    """A table on the drawing."""

    name: str
    row_count: int
    x: int
    y: int
    height: int
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Edge:
    """A reference on the drawing, as an SVG path."""

    path: str
    label: str
    x: float
    y: float
    broken: bool


@dataclass(frozen=True, slots=True)
class Diagram:
    """All boxes and lines, and what is not on it."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]
    alone: tuple[str, ...]


def diagram(profile: Profile, analysis: SchemaAnalysis) -> Diagram | None:
    """The drawing of all tables that refer or are referred to; None where there is no reference."""
    known = {table.name: table for table in profile.tables}
    keys = [k for k in analysis.foreign_keys if k.table in known and k.ref_table in known]
    if not keys:
        return None
    degree = {name: sum(name in (k.table, k.ref_table) for k in keys) for name in known}
    drawn = sorted((n for n in known if degree[n]), key=lambda n: -degree[n])[:MOST_TABLES]
    keys = [k for k in keys if k.table in drawn and k.ref_table in drawn]
    boxes = _placed(_ordered(_layers(drawn, keys), keys), {n: _lines(n, keys, analysis) for n in drawn}, known)
    return Diagram(
        width=max(b.x for b in boxes.values()) + WIDTH + 44,
        height=max(b.y + b.height for b in boxes.values()) + 4,
        boxes=tuple(boxes.values()),
        edges=tuple(_edge(key, boxes) for key in keys),
        alone=tuple(name for name in known if name not in drawn),
    )


def _layers(names: list[str], keys: list[ForeignKey]) -> list[list[str]]:
    """Tables by how long a chain of references leads to them. A reference that closes a circle doesn't count."""
    onward: dict[str, list[str]] = {name: [] for name in names}
    for key in keys:
        if key.ref_table != key.table and not _reaches(onward, key.ref_table, key.table):
            onward[key.table].append(key.ref_table)
    depth = dict.fromkeys(names, 0)
    for _ in names:
        for name, nexts in onward.items():
            for other in nexts:
                depth[other] = max(depth[other], depth[name] + 1)
    # A table that only refers stands right before the first one it refers to, not at the far left.
    for name in names:
        if depth[name] == 0 and onward[name]:
            depth[name] = max(min(depth[other] for other in onward[name]) - 1, 0)
    return [[n for n in names if depth[n] == level] for level in range(max(depth.values()) + 1)]


def _reaches(onward: dict[str, list[str]], start: str, goal: str) -> bool:
    seen, ahead = set(), [start]
    while ahead:
        name = ahead.pop()
        if name == goal:
            return True
        if name not in seen:
            seen.add(name)
            ahead += onward[name]
    return False


def _ordered(layers: list[list[str]], keys: list[ForeignKey]) -> list[list[str]]:
    """Each layer sorted by the middle of its neighbours, so that lines cross less (barycentre heuristic)."""
    beside: dict[str, set[str]] = {name: set() for layer in layers for name in layer}
    for key in keys:
        beside[key.table].add(key.ref_table)
        beside[key.ref_table].add(key.table)
    for _ in range(4):
        place = {name: i - len(layer) / 2 for layer in layers for i, name in enumerate(layer)}
        layers = [
            sorted(layer, key=lambda n: sum(place[o] for o in beside[n]) / max(len(beside[n]), 1)) for layer in layers
        ]
    return layers


def _lines(table: str, keys: list[ForeignKey], analysis: SchemaAnalysis) -> list[tuple[str, bool]]:
    """The columns worth drawing: THE key, and both ends of references."""
    key = analysis.primary_key(table)
    own = list(key.columns if key else ())
    ends = [c for k in keys if k.ref_table == table for c in k.ref_columns]
    ends += [c for k in keys if k.table == table for c in k.columns]
    return [(name, name in own) for name in dict.fromkeys([*own, *ends])][:_MOST_LINES]


def _placed(
    layers: list[list[str]], lines: dict[str, list[tuple[str, bool]]], profiles: dict[str, TableProfile]
) -> dict[str, Box]:
    heights = {name: HEAD + LINE * len(lines[name]) + FOOT for layer in layers for name in layer}
    tallest = max(sum(heights[n] + DOWN for n in layer) - DOWN for layer in layers)
    boxes: dict[str, Box] = {}
    for level, layer in enumerate(layers):
        x = 4 + level * (WIDTH + ACROSS)
        y = 4 + (tallest - sum(heights[n] + DOWN for n in layer) + DOWN) // 2
        for name in layer:
            drawn = tuple(
                Line(column, key, y + HEAD + LINE * i + LINE // 2) for i, (column, key) in enumerate(lines[name])
            )
            rows = profiles[name].row_count
            boxes[name] = Box(name, rows, x, y, heights[name], drawn)
            y += heights[name] + DOWN
    return boxes


def _edge(key: ForeignKey, boxes: dict[str, Box]) -> Edge:
    start, end = boxes[key.table], boxes[key.ref_table]
    y1, y2 = _height_of(start, key.columns[0]), _height_of(end, key.ref_columns[0])
    x1, label = start.x + WIDTH, f"{key.coverage:.0%}" if key.coverage < 1 else key.cardinality
    if 0.995 <= key.coverage < 1:
        label = f"{key.coverage:.1%}"
    broken = key.orphans > 0
    if start.x >= end.x:  # within a layer, back, or to itself: around the right side
        x2, out = end.x + WIDTH, max(x1, end.x + WIDTH) + 36
        return Edge(f"M{x1} {y1}C{out} {y1} {out} {y2} {x2} {y2}", label, x1 + 30, y1, broken)
    x2 = end.x
    bend = (x2 - x1) / 2
    return Edge(f"M{x1} {y1}C{x1 + bend:g} {y1} {x2 - bend:g} {y2} {x2} {y2}", label, x1 + 30, y1, broken)


def _height_of(box: Box, column: str) -> int:
    return next((line.y for line in box.lines if line.name == column), box.y + HEAD // 2)
