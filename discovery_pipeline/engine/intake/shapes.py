"""Shapes: the records of a JSON object that is itself a table, by column or by key.

Programs write a table as `{"id": [1, 2], "name": ["a", "b"]}`, as `{"web01": {…}, "web02": {…}}`, or, as pandas does,
by column and then by the number of the row.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

KEY = "key"
"""Column of the names under which objects stand, where they are the rows."""
_FEWEST = 3
"""Objects from which being alike makes them rows; two may be two parts of one thing."""
_ALIKE = 0.8
"""Share of the objects that have a field, on average over the fields."""


def records(document: dict[str, Any]) -> list[dict[str, Any]] | None:
    """The rows of an object; None where it is one record."""
    values = list(document.values())
    if all(isinstance(value, list) for value in values):
        return _by_column(document)
    if not all(isinstance(value, dict) and value for value in values):
        return None
    if all(_numbered(value) for value in values):
        return _by_number(document)
    return _by_key(document)


def _by_column(columns: dict[str, list[Any]]) -> list[dict[str, Any]] | None:
    lengths = {len(cells) for cells in columns.values()}
    if len(lengths) != 1 or max(lengths) < 2:
        return None
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _numbered(cells: dict[str, Any]) -> bool:
    return list(cells) == [str(n) for n in range(len(cells))]


def _by_number(columns: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    most = max(columns.values(), key=len)
    return [{name: cells.get(number) for name, cells in columns.items()} for number in most]


def _by_key(rows: dict[str, dict[str, Any]]) -> list[dict[str, Any]] | None:
    seen = Counter(name for row in rows.values() for name in row)
    if len(rows) < _FEWEST or seen.total() < _ALIKE * len(seen) * len(rows):
        return None
    name = next(name for name in (KEY, "_key", "__key") if name not in seen)
    return [{name: key} | row for key, row in rows.items()]
