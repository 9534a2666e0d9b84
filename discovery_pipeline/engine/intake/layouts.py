"""Layouts: where the table starts in a sheet or a text, which rows are its header, where it ends.

Titles and notes are narrow where the table is wide; a header differs from what stands below it in
type, shape and length. Both are judged by contrast with the body, never by position alone.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

from discovery_pipeline.engine.intake import headers
from discovery_pipeline.engine.intake.values import Look, filled, is_year, look
from discovery_pipeline.engine.phrases import counted

TOP = 60
"""Rows among which the table's first is looked for."""
_FOOT = re.compile(
    r"\s*(?:\(?\d+ rows?\b|source|sources|notes?|footnote|end of|generated|exported|copyright|©|\*|†|#|--)", re.I
)
TOTAL = r"\s*(?:(?:grand |sub-?)?totals?|sum|(?:gesamt)?summe|gesamt|somme|suma|totale)\s*:?\s*"
"""What a row of totals begins with, in any case."""
_TOTAL = re.compile(TOTAL, re.I)
_RULE = re.compile(r"[-=_+*|~ ]*")


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the table lies in its rows."""

    preamble: int  # rows above the header, blank ones included
    header_rows: int
    width: int
    names: list[str]
    reasons: list[str] = field(default_factory=list)
    ruled: int = 0  # rows right below the header that only draw a line

    @property
    def body(self) -> int:
        """Position of the first row below the header."""
        return self.preamble + self.header_rows + self.ruled


def is_rule(row: Sequence[str]) -> bool:
    """Whether the row only draws a line, as in '-----+-----'."""
    cells = [cell for cell in row if cell.strip()]
    return bool(cells) and all(len(c) >= 3 and c[0] in "-=_+*~|" and _RULE.fullmatch(c) for c in cells)


def find(rows: Sequence[Sequence[str]], header_rows: int | None = None, preamble: int | None = None) -> Layout:
    """The layout of a table by its first rows; what is given is taken as it is."""
    start = min(preamble, len(rows)) if preamble is not None else _start(rows)
    while preamble is None and start < len(rows) and not filled(rows[start]):
        start += 1
    reasons = [] if not start else [f"{counted(start, 'row')} above the table: a title, a note or blank."]
    body = [row for row in rows[start:] if filled(row) and not is_rule(row)]
    if header_rows is None:
        header_rows, why = headers.header_rows(body)
        reasons += why
    start += _blanks(rows, start) if header_rows else 0
    head = [list(row) for row in rows[start : start + header_rows]]
    width = _width(head, body[header_rows:])
    ruled = 0
    while header_rows and start + header_rows + ruled < len(rows) and is_rule(rows[start + header_rows + ruled]):
        ruled += 1
    return Layout(start, header_rows, width, _names(head, width), reasons, ruled)


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
    width, agreeing = Counter(length for _, length, _ in tail).most_common(1)[0]
    if width < 2 or usual < 2:
        return _after_comments(rows, full[0][0])
    regular = agreeing >= 0.9 * len(tail)
    for position, (i, length, count) in enumerate(full[:TOP]):
        if count == length == width > 2:
            return _grouping_above(rows, full, position)
        if not _belongs(rows[i], length, count, width, usual) or not _goes_on(full, position, width, usual):
            continue
        if (regular and length < width) or width == 2:
            below = [rows[at] for at, *_ in full[position + 1 :]]
            if _own_header_follows(rows, i, below, width):
                continue
        return _grouping_above(rows, full, position)
    return full[0][0]


def _own_header_follows(rows: Sequence[Sequence[str]], i: int, below: list[Sequence[str]], width: int) -> bool:
    """Whether a narrow row is a note although it is nearly as full as the table: a header follows, of full width.

    In a table of two columns only a blank row between tells notes from rows.
    """
    if width == 2:
        gap = next((at for at in range(i + 1, min(i + TOP, len(rows))) if not filled(rows[at])), None)
        if gap is None or len(rows) - gap < 3 or gap > len(rows) / 2:
            return False
        under = [row for row in rows[gap:] if filled(row)]
        return (
            len(under) > 2 and headers.like_header(under[0], under[1:]) and not headers.like_header(rows[i], under[1:])
        )
    header = next((at for at, row in enumerate(below[:TOP]) if len(row) == width), None)
    return header is not None and headers.like_header(below[header], below[header + 1 :])


def _belongs(row: Sequence[str], length: int, count: int, width: int, usual: float) -> bool:
    """Whether a row is full and long enough to be one of the table, and doesn't read like a note."""
    if count < max(2, usual * 0.5) or length < width * 0.6:
        return False
    if row[0].lstrip().startswith(("#", "//", "%")) and length != width:
        return False
    return not (row[0].strip().endswith(":") and count == 2 and width > 2)


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
        words = all(look(above[at]) in (Look.WORD, Look.TEXT, Look.CODE) or is_year(above[at]) for at in places)
        spread = len(above) == len(rows[i]) > len(places) and places[-1] >= len(above) / 2 - 0.5
        if len(places) >= 2 and words and spread:
            return i - 1
    return i


def _after_comments(rows: Sequence[Sequence[str]], first: int) -> int:
    at = first
    while at < len(rows) - 1 and rows[at] and rows[at][0].lstrip().startswith("#") and " " in rows[at][0]:
        at += 1
    return at if at < len(rows) - 1 else first


def _width(head: list[list[str]], body: Sequence[Sequence[str]]) -> int:
    """Columns of the table: as the header has it, or more where more than a third of the rows have more."""
    full = max((len(row) for row in head), default=0)
    if full:
        longer = [extent(row) for row in body if extent(row) > full]
        return max(longer) if len(longer) * 3 > len(body) else full
    lengths = Counter(len(row) for row in body)
    common = lengths.most_common(1)[0][0] if lengths else 0
    wider = [length for length in lengths.elements() if length > common]
    return max(wider) if len(wider) * 3 > len(body) else common


def extent(row: Sequence[str]) -> int:
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
    padded = [[cell.strip() for cell in [*row, *[""] * (width - len(row))][:width]] for row in head]
    stacked = [_spread(row, below) for row, below in pairwise(padded)] + padded[-1:]
    return [" ".join(dict.fromkeys(part for part in parts if part)) for parts in zip(*stacked, strict=True)]


def _spread(row: list[str], below: list[str]) -> list[str]:
    """A row of groups, each over the columns up to the next; a name that fills its column's cells is no group."""
    sparse = filled(row) < len(row) * 0.75
    spread, last = [], ""
    for cell, under in zip(row, below, strict=True):
        if cell:
            last = cell if sparse or under not in ("", cell) else ""
        spread.append(cell or (last if sparse or under else ""))
    return spread


def is_total(row: Sequence[str], width: int) -> bool:
    """Whether the row says it is the total of those above, and leaves half of its cells empty."""
    return width > 2 and filled(row) <= width // 2 and bool(row) and _TOTAL.fullmatch(row[0]) is not None


def says_total(row: Sequence[str]) -> bool:
    """Whether the row's first value says that it is a total, and a number stands beside it."""
    values = [cell for cell in row if cell.strip()]
    return bool(values) and _TOTAL.fullmatch(values[0]) is not None and Look.NUMBER in map(look, values[1:])


def is_footer(row: Sequence[str], width: int, *, after_blank: bool, first_cells: Sequence[str]) -> bool:
    """Whether a last row of the text is a note under the table, not a row of it."""
    if width < 2 or not row or not row[0].strip():
        return False
    if is_total(row, width):
        return True
    if filled(row) > max(1, width // 4):
        return False
    if _FOOT.match(row[0]):
        return True
    if look(row[0]) not in (Look.WORD, Look.TEXT, Look.OTHER) or (len(row) >= width and width < 4):
        return False
    longest = max((len(cell) for cell in first_cells), default=0)
    return after_blank or (len(row) < width and len(row[0]) > 2 * longest + 10)
