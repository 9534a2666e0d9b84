"""Headers: whether the first rows of a table name its columns.

A name stands out from what is below it: a word over numbers, another shape over codes, another length
over prose. Only where nothing stands out does it count how much a row reads like names by itself.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from statistics import mean, pstdev

from discovery_pipeline.engine.intake.values import Look, filled, is_year, look, mask

BODY = 100
"""Rows below a candidate that it is compared with."""
_TYPED = (Look.NUMBER, Look.DATE, Look.CODE)
_USUAL = {
    "id", "name", "date", "time", "type", "status", "code", "number", "no", "nr", "key", "value", "count", "total",
    "description", "title", "city", "country", "address", "email", "phone", "year", "month", "day", "owner", "state",
    "category", "class", "group", "region", "price", "amount", "quantity", "qty", "unit", "version", "serial", "model",
    "host", "hostname", "server", "ip", "url", "user", "comment", "comments", "notes", "created", "updated", "size",
    "first", "last", "gender", "age", "label", "source", "target", "start", "end", "rank", "score", "level", "index",
}  # fmt: skip


def like_header(row: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Whether a row names the columns of the rows below it."""
    columns = max([len(row), *(len(other) for other in below[:BODY])])
    return _contrast(row, below[:BODY], columns)[0] + _row_sense(row) > 0


def header_rows(body: Sequence[Sequence[str]]) -> tuple[int, list[str]]:
    """How many of the first rows name the columns, and why."""
    if not body:
        return 0, []
    if len(body) == 1:
        named = _row_sense(body[0]) > 0
        return int(named), ["The only row reads like a header." if named else "The only row reads like data."]
    columns = max(len(row) for row in body[: BODY + 1])
    rows = max(1, len(body) - 1)
    for count in range(min(4, rows), 1, -1):
        if _stacked(body, count, columns):
            return count, [f"{count} rows together name the columns: they differ from all below."]
    contrast, why = _contrast(body[0], body[1 : BODY + 1], columns)
    sense = _row_sense(body[0])
    if contrast + sense > 0:
        return 1, [f"The first row names the columns: {why}."]
    return 0, [f"No header: {why}."]


def _stacked(body: Sequence[Sequence[str]], count: int, columns: int) -> bool:
    """Whether `count` rows are all header: the last contrasts strongly in type, and those above do, too."""
    below = body[count : count + BODY]
    if len(below) < count or len({tuple(row) for row in body[:count]}) < count:
        return False
    for row in body[:count]:
        if columns > 2 and filled(row) < 2:
            return False
        looks = [look(cell) for cell in row]
        if any(kind in (Look.NUMBER, Look.DATE) and not is_year(row[i]) for i, kind in enumerate(looks)):
            return False
    typed = _typed_columns(below, columns)
    if not typed:
        return False
    last = body[count - 1]
    against = sum(
        1 for c in typed if c < len(last) and last[c].strip() and look(last[c]) in (Look.WORD, Look.TEXT, Look.OTHER)
    )
    blank = sum(1 for c in typed if c >= len(last) or not last[c].strip())
    first_fill, last_fill = filled(body[0]), filled(last)
    if against >= max(1, 0.6 * (len(typed) - blank)) and against:
        repeated = _repeats(last, below)
        return repeated <= 0.34 and (last_fill >= columns * 0.5 or first_fill >= columns * 0.7)
    return False


def _repeats(row: Sequence[str], below: Sequence[Sequence[str]]) -> float:
    cells = [(i, cell) for i, cell in enumerate(row) if cell.strip()]
    hits = sum(any(i < len(other) and other[i] == cell for other in below) for i, cell in cells)
    return hits / max(len(cells), 1)


def _typed_columns(below: Sequence[Sequence[str]], columns: int) -> list[int]:
    """Columns that hold numbers or dates nearly all the way."""
    found = []
    for c in range(columns):
        looks = [look(row[c]) for row in below if c < len(row)]
        looks = [kind for kind in looks if kind is not Look.EMPTY]
        if looks and sum(kind in (Look.NUMBER, Look.DATE) for kind in looks) >= 0.8 * len(looks):
            found.append(c)
    return found


def _contrast(row: Sequence[str], below: Sequence[Sequence[str]], columns: int) -> tuple[float, str]:
    """How much a row differs from what stands below it: above 0 like a header, below 0 like data."""
    years = [cell for cell in row if is_year(cell)]
    yearly = len(years) >= 2 and len({*years}) == len(years)
    total, unlike, like = 0.0, 0, 0
    others = [other for other in below if other != row]  # joined files repeat their header
    for c in range(columns):
        column = [other[c] for other in others if c < len(other) and other[c].strip()]
        evidence = _evidence(row[c] if c < len(row) else "", column, yearly)
        total += evidence
        unlike, like = unlike + (evidence >= 0.5), like + (evidence <= -0.5)
    why = f"{unlike} of its {columns} cells differ in type or shape from the rows below, {like} look the same"
    return total / max(columns, 1), why


def _evidence(cell: str, column: list[str], yearly: bool) -> float:
    """How much a cell speaks for being a name of the column below it (above 0) or one of its values, -1..1."""
    kind = look(cell)
    if not cell.strip():
        return -0.05
    looks = Counter(look(value) for value in column)
    looks.pop(Look.EMPTY, None)
    if not looks:
        return 0.2 if kind is Look.WORD else 0.0
    top, count = looks.most_common(1)[0]
    if top in _TYPED and count >= 0.75 * looks.total():
        if kind is top:
            return _same_shape(cell, column, yearly, top)
        return 1.0 if kind in (Look.WORD, Look.TEXT, Look.OTHER) or _usual(cell) else -0.1
    return _among_words(cell, kind, column, yearly)


def _among_words(cell: str, kind: Look, column: list[str], yearly: bool) -> float:
    """The evidence of a cell over a column of words or prose."""
    if cell in column:
        return -0.7
    if kind in (Look.NUMBER, Look.DATE):
        return 0.4 if yearly else -0.5
    return _text_evidence(cell, column) + (0.4 if _usual(cell) else 0.0)


def _usual(cell: str) -> bool:
    """Whether a word that usually names columns is in it."""
    return any(part in _USUAL for part in re.split(r"[^a-z]+", cell.lower()))


def _same_shape(cell: str, column: list[str], yearly: bool, top: Look) -> float:
    """A cell of its column's own type: data, unless it is one year of several, or a code shaped otherwise."""
    if yearly and is_year(cell):
        return 0.6
    if top is Look.CODE:
        if len({len(value) for value in column}) == 1 == len({len(cell), len(column[0])}) and len(column) > 2:
            return -0.8
        masks = Counter(mask(value) for value in column)
        shape, count = masks.most_common(1)[0]
        if count >= 0.7 * len(column):
            return -0.8 if mask(cell) == shape else 0.5
        return -0.2
    return -1.0


def _text_evidence(cell: str, column: list[str]) -> float:
    masks = Counter(mask(value) for value in column)
    shape, count = masks.most_common(1)[0]
    if count >= 0.8 * len(column) and len(column) > 1 and re.search(r"[^a]", shape):
        return -0.6 if mask(cell) == shape else 0.6
    lengths = [len(value) for value in column]
    spread = abs(len(cell) - mean(lengths)) / max(pstdev(lengths), 1.0)
    evidence = 0.3 if spread > 2.5 else 0.0
    distinct = len(set(column)) / len(column)
    if distinct < 0.5 and len(column) >= 6:
        evidence += 0.3
    if len(cell) > 60:
        evidence -= 0.4
    return evidence


def _row_sense(row: Sequence[str]) -> float:
    """How much a row reads like names, seen alone: -0.5..0.3."""
    cells = [cell.strip() for cell in row]
    named = [cell for cell in cells if cell]
    if not named:
        return -0.5
    looks = [look(cell) for cell in named]
    if any(kind in (Look.NUMBER, Look.DATE) and not is_year(cell) for kind, cell in zip(looks, named, strict=True)):
        return -0.3
    sense = 0.15 if len(set(named)) == len(named) else -0.2
    sense += 0.1 if all(kind in (Look.WORD, Look.CODE) for kind in looks) else 0.0
    usual = sum(_usual(cell) for cell in named)
    return sense + 0.3 * usual / len(named) - (0.2 if max(map(len, named)) > 80 else 0.0)
