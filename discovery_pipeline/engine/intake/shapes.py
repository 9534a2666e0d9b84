"""Shapes: the records of a JSON object that is itself a table, by column or by key.

Programs write a table as `{"id": [1, 2], "name": ["a", "b"]}`, as `{"web01": {…}, "web02": {…}}`, or, as pandas does,
by column and then by the number of the row.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, TypeGuard

KEY = "key"
"""Column of the names under which objects stand, where they are the rows."""
_FEWEST = 3
"""Objects from which being alike makes them rows; two may be two parts of one thing."""
_ALIKE = 0.8
"""Share of the objects that have a field, on average over the fields."""

_TURNING = frozenset(("page", "pages", "offset", "next", "previous", "prev", "cursor", "continuation"))
"""Words by which an object says which page of an answer it is."""
_COUNTING = frozenset(
    (
        *("number", "no", "index", "limit", "size", "per", "total", "totals", "count", "counts", "elements", "items"),
        *("results", "records", "rows", "first", "last", "self", "link", "links", "href", "url", "uri", "token", "has"),
        *("more", "empty", "is", "start", "end", "of", "status", "ok", "success", "message"),
    )
)
"""Words for what else a page says of itself."""


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


def enveloped(document: dict[str, Any]) -> tuple[str, list[dict[str, Any]]] | None:
    """The path and the records of the one list of objects within an object's objects; None without exactly one."""
    found = list(_lists(document, ""))
    return found[0] if len(found) == 1 else None


def _lists(value: dict[str, Any], prefix: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    for key, inner in value.items():
        if isinstance(inner, dict):
            yield from _lists(inner, f"{prefix}{key}.")
        elif _is_records(inner):
            yield f"{prefix}{key}", inner


def without_lists(value: dict[str, Any]) -> dict[str, Any]:
    """The object without its lists of objects."""
    kept = {key: inner for key, inner in value.items() if not _is_records(inner)}
    return {key: without_lists(inner) if isinstance(inner, dict) else inner for key, inner in kept.items()}


def _is_records(value: object) -> TypeGuard[list[dict[str, Any]]]:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)


def page(value: object) -> str:
    """The key under which a page of an answer holds its records; empty where the object is a record itself."""
    if not isinstance(value, dict):
        return ""
    held = [key for key, inner in value.items() if _is_records(inner)]
    about = {word for key in value if key not in held for word in re.findall("[A-Z]?[a-z]+", key)}
    words = {word.lower() for word in about}
    return held[0] if len(held) == 1 and words & _TURNING and words <= _TURNING | _COUNTING else ""


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
