"""Layouts: where the table starts in a sheet or a text, which rows are its header, where it ends.

Titles and notes are narrow where the table is wide; a header differs from what stands below it in
type, shape and length. Both are judged by contrast with the body, never by position alone.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import mean, median, pstdev

from discovery_pipeline.engine.intake.values import Look, look, mask

BODY = 100
"""Rows below a candidate that it is compared with."""
TOP = 60
"""Rows among which the table's first is looked for."""
_TYPED = (Look.NUMBER, Look.DATE, Look.CODE)
_USUAL = {
    "id", "name", "date", "time", "type", "status", "code", "number", "no", "nr", "key", "value", "count", "total",
    "description", "title", "city", "country", "address", "email", "phone", "year", "month", "day", "owner", "state",
    "category", "class", "group", "region", "price", "amount", "quantity", "qty", "unit", "version", "serial", "model",
    "host", "hostname", "server", "ip", "url", "user", "comment", "comments", "notes", "created", "updated", "size",
    "first", "last", "gender", "age", "label", "source", "target", "start", "end", "rank", "score", "level", "index",
}  # fmt: skip
_FOOT = re.compile(
    r"\s*(?:\(?\d+ rows?\b|source|sources|notes?|footnote|end of|generated|exported|copyright|©|\*|†|#|--)", re.I
)
_RULE = re.compile(r"[-=_+*|~ ]*")


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the table lies in its rows."""

    preamble: int  # rows above the header, blank ones included
    header_rows: int
    width: int
    names: list[str]
    reasons: list[str] = field(default_factory=list)

    @property
    def body(self) -> int:
        """Position of the first row below the header."""
        return self.preamble + self.header_rows


def filled(row: Sequence[str]) -> int:
    """How many cells hold something."""
    return sum(1 for cell in row if cell and not cell.isspace())


def is_rule(row: Sequence[str]) -> bool:
    """Whether the row only draws a line, as in '-----+-----'."""
    cells = [cell for cell in row if cell.strip()]
    return bool(cells) and all(len(c) >= 3 and c[0] in "-=_+*~|" and _RULE.fullmatch(c) for c in cells)


def find(rows: Sequence[Sequence[str]], header_rows: int | None = None, preamble: int | None = None) -> Layout:
    """The layout of a table by its first rows; what is given is taken as it is."""
    start = min(preamble, len(rows)) if preamble is not None else _start(rows)
    while preamble is None and start < len(rows) and not filled(rows[start]):
        start += 1
    reasons = [] if not start else [f"{start} rows above the table: a title, a note or blank."]
    body = [row for row in rows[start:] if filled(row)]
    if header_rows is None:
        header_rows, why = _header(body)
        reasons += why
    start += _blanks(rows, start) if header_rows else 0
    head = [list(row) for row in rows[start : start + header_rows]]
    width = _width(head, body[header_rows:])
    return Layout(start, header_rows, width, _names(head, width), reasons)


def _blanks(rows: Sequence[Sequence[str]], start: int) -> int:
    count = 0
    while start + count < len(rows) and not filled(rows[start + count]):
        count += 1
    return count


def _start(rows: Sequence[Sequence[str]]) -> int:
    """Position of the table's first row: the first that is about as full as the rows of the body are."""
    full = [(i, len(row), filled(row)) for i, row in enumerate(rows) if filled(row) and not is_rule(row)]
    if not full:
        return 0
    tail = full[len(full) // 4 :] if len(full) > 8 else full[len(full) // 2 :]
    usual = median(n for _, _, n in tail)
    width = Counter(length for _, length, _ in tail).most_common(1)[0][0]
    if width < 2 or usual < 2:
        return _after_comments(rows, full[0][0])
    for position, (i, length, count) in enumerate(full[:TOP]):
        whole = count == length == width and width > 2
        if whole or (_belongs(rows[i], length, count, width, usual) and _goes_on(full, position, width, usual)):
            return _grouping_above(rows, full, position)
    return full[0][0]


def _belongs(row: Sequence[str], length: int, count: int, width: int, usual: float) -> bool:
    if count < max(2, usual * 0.5) or length < width * 0.6:
        return False
    if row[0].lstrip().startswith(("#", "//", "%")) and length != width:
        return False
    lead = row[0].strip()
    return not (lead.endswith(":") and count == 2 and width > 2)


def _goes_on(full: list[tuple[int, int, int]], position: int, width: int, usual: float) -> bool:
    """Whether what follows is as full, too: a table, not a wide line among titles."""
    ahead = full[position + 1 : position + 6]
    if not ahead:
        return True
    fitting = sum(count >= max(2, usual * 0.4) and length >= width * 0.6 for _, length, count in ahead)
    return fitting * 2 >= len(ahead)


def _grouping_above(rows: Sequence[Sequence[str]], full: list[tuple[int, int, int]], position: int) -> int:
    """The row of merged group headers right above, where there is one; else the row itself."""
    i = full[position][0]
    if position and full[position - 1][0] == i - 1:
        above = rows[i - 1]
        places = [at for at, cell in enumerate(above) if cell.strip()]
        words = all(look(above[at]) in (Look.WORD, Look.TEXT, Look.CODE) or _year(above[at]) for at in places)
        if len(places) >= 2 and words and len(above) >= len(rows[i]) * 0.6 and places[-1] >= len(above) / 2 - 0.5:
            return i - 1
    return i


def _after_comments(rows: Sequence[Sequence[str]], first: int) -> int:
    at = first
    while at < len(rows) - 1 and rows[at] and rows[at][0].lstrip().startswith("#") and " " in rows[at][0]:
        at += 1
    return at if at < len(rows) - 1 else first


def _header(body: Sequence[Sequence[str]]) -> tuple[int, list[str]]:
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
    if not below:
        return False
    for row in body[:count]:
        if columns > 2 and filled(row) < 2:
            return False
        looks = [look(cell) for cell in row]
        if any(kind in (Look.NUMBER, Look.DATE) and not _year(row[i]) for i, kind in enumerate(looks)):
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
    years = [cell for cell in row if _year(cell)]
    yearly = len(years) >= 2 and len({*years}) == len(years)
    total, unlike, like = 0.0, 0, 0
    for c in range(columns):
        column = [other[c] for other in below if c < len(other) and other[c].strip()]
        evidence = _evidence(row[c] if c < len(row) else "", column, yearly)
        total += evidence
        unlike, like = unlike + (evidence >= 0.5), like + (evidence <= -0.5)
    why = f"{unlike} of its {columns} cells differ in type or shape from the rows below, {like} look the same"
    return total / max(columns, 1), why


def _evidence(cell: str, column: list[str], yearly: bool) -> float:
    kind = look(cell)
    if not cell.strip():
        return -0.05
    if not column:
        return 0.2 if kind is Look.WORD else 0.0
    looks = Counter(look(value) for value in column)
    looks.pop(Look.EMPTY, None)
    if not looks:
        return 0.2
    top, count = looks.most_common(1)[0]
    usual = any(part in _USUAL for part in re.split(r"[^a-z]+", cell.lower()))
    if top in _TYPED and count >= 0.75 * sum(looks.values()):
        if kind is top:
            return _same_shape(cell, column, yearly, top)
        return 1.0 if kind in (Look.WORD, Look.TEXT, Look.OTHER) or usual else -0.1
    if cell in column:
        return -0.7
    if kind in (Look.NUMBER, Look.DATE):
        return 0.4 if yearly else -0.5
    return _text_evidence(cell, column) + (0.4 if usual else 0.0)


def _same_shape(cell: str, column: list[str], yearly: bool, top: Look) -> float:
    """A cell of its column's own type: data, unless it is one year of several, or a code shaped otherwise."""
    if yearly and _year(cell):
        return 0.6
    if top is Look.CODE:
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
    if any(kind in (Look.NUMBER, Look.DATE) and not _year(cell) for kind, cell in zip(looks, named, strict=True)):
        return -0.3
    sense = 0.15 if len(set(named)) == len(named) else -0.2
    sense += 0.1 if all(kind in (Look.WORD, Look.CODE) for kind in looks) else 0.0
    usual = sum(any(part in _USUAL for part in re.split(r"[^a-z]+", cell.lower())) for cell in named)
    return sense + 0.3 * usual / len(named) - (0.2 if max(map(len, named)) > 80 else 0.0)


def _year(cell: str) -> bool:
    value = cell.strip()
    return len(value) == 4 and value.isdigit() and "1900" <= value <= "2100"


def _width(head: list[list[str]], body: Sequence[Sequence[str]]) -> int:
    """Columns of the table: as the header has it, or more where more than a third of the rows have more."""
    widest = max((_extent(row) for row in head), default=0)
    full = max((len(row) for row in head), default=0)
    longer = [_extent(row) for row in body if _extent(row) > full]
    if longer and len(longer) * 3 > len(body):
        return max(longer)
    if full > widest and not any(_extent(row) > widest for row in body[:BODY]) and not body:
        return widest
    if full:
        return full
    lengths = Counter(len(row) for row in body)
    common = lengths.most_common(1)[0][0] if lengths else 0
    wider = [n for n in lengths.elements() if n > common]
    return max(wider) if len(wider) * 3 > len(body) else common


def _extent(row: Sequence[str]) -> int:
    """Cells up to the last that holds something."""
    for at in range(len(row), 0, -1):
        if row[at - 1].strip():
            return at
    return 0


def _names(head: list[list[str]], width: int) -> list[str]:
    """One name a column: the header's cell verbatim; stacked cells joined, groups spread over their columns."""
    if not head:
        return [""] * width
    if len(head) == 1:
        return [*head[0], *[""] * (width - len(head[0]))][:width]
    stacked = []
    for row in head[:-1]:
        spread, last = [], ""
        sparse = filled(row) < width * 0.75
        for cell in [*row, *[""] * (width - len(row))][:width]:
            last = cell.strip() or (last if sparse else "")
            spread.append(last)
        stacked.append(spread)
    stacked.append([cell.strip() for cell in [*head[-1], *[""] * (width - len(head[-1]))][:width]])
    return [" ".join(dict.fromkeys(part for part in parts if part)) for parts in zip(*stacked, strict=True)]


def is_footer(row: Sequence[str], width: int, *, after_blank: bool, first_cells: Sequence[str]) -> bool:
    """Whether a last row of the text is a note under the table, not a row of it."""
    cells = filled(row)
    if width < 2 or cells > max(1, width // 4) or not row[0].strip():
        return False
    if len(row) >= width and width > 2 and not after_blank:
        return bool(_FOOT.match(row[0]))
    if _FOOT.match(row[0]) or after_blank:
        return True
    longest = max((len(cell) for cell in first_cells), default=0)
    return len(row[0]) > 2 * longest + 10
