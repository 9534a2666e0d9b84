"""Writing: rows of a table in the form in which its file came, for people to correct.

Delimited text keeps its delimiter, quote, encoding and byte order mark, a workbook is a workbook, and JSON is JSON.
Parquet, and what came from no file, is written as plain CSV: nobody corrects Parquet by hand.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.intake.kinds import Kind
from discovery_pipeline.engine.intake.model import Intake

Row = Sequence[str | None]

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_WRITTEN = {
    Kind.DELIMITED: (".csv", Kind.DELIMITED.value),
    Kind.JSON: (".json", Kind.JSON.value),
    Kind.JSON_LINES: (".jsonl", Kind.JSON_LINES.value),
    Kind.WORKBOOK: (".xlsx", _XLSX),
}
_MOST_IN_A_SHEET = 1_048_576
_CELL = 32_767
"""Characters that a cell of a workbook holds."""
LITERAL = r"-?(0|[1-9][0-9]{0,14})(\.[0-9]+)?|true|false"
"""Numbers as JSON writes them, short enough that no reader rounds them, and its truth values."""
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
_UNREAD = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True, slots=True)
class Form:
    """How the file of a table was written."""

    kind: Kind = Kind.DELIMITED
    encoding: str = "utf-8"
    marked: bool = False  # whether UTF-8 starts with a byte order mark, without which spreadsheets misread it
    delimiter: str = ","
    quote: str = '"'
    escape: str = '"'
    sheet: str = "Sheet1"

    @property
    def suffix(self) -> str:
        """The ending of a file's name."""
        return ".tsv" if self.kind is Kind.DELIMITED and self.delimiter == "\t" else _WRITTEN[self.kind][0]

    @property
    def media_type(self) -> str:
        """What the file is over HTTP."""
        plain = _WRITTEN[self.kind][1]
        return f"{plain}; charset={self.encoding}" if self.kind is Kind.DELIMITED else plain

    @property
    def opens_in_spreadsheets(self) -> bool:
        """Whether a spreadsheet would run a cell that starts like a formula."""
        return self.kind is Kind.DELIMITED


PLAIN = Form()
"""CSV: commas, UTF-8."""
MEDIA_TYPES = tuple(media_type for _, media_type in _WRITTEN.values())
"""What a file of rows may be."""


def form_of(intake: Intake, table: str, rows: int = 0) -> Form:
    """The form in which a table came; plain CSV where that isn't written, or can't hold so many rows."""
    for file in intake.files:
        for read in file.tables:
            if read.table.name != table or file.media_type not in {kind.value for kind in _WRITTEN}:
                continue
            kind = Kind(file.media_type)
            if kind is Kind.WORKBOOK:
                return PLAIN if rows >= _MOST_IN_A_SHEET else Form(kind, sheet=read.table.source.sheet or PLAIN.sheet)
            if kind is not Kind.DELIMITED:
                return Form(kind)
            return Form(
                encoding=read.encoding or PLAIN.encoding,
                marked=read.marked,
                delimiter=read.delimiter or PLAIN.delimiter,
                quote=read.quote or PLAIN.quote,
                escape=read.escape or read.quote or PLAIN.escape,
            )
    return PLAIN


def sent(cell: str) -> tuple[str, str, str]:
    """How a cell may stand in a file of some form, as SQL: as it is, in an encoding, and in a workbook."""
    return (
        cell,
        f"replace({cell}, {duck.text(_UNREAD)}, '?')",
        f"regexp_replace({cell}, {duck.text(_UNFIT.pattern)}, '', 'g')[:{_CELL}]",
    )


def write(header: Sequence[str], rows: Iterable[Row], form: Form, literal: Sequence[bool], out: Path) -> None:
    """Write rows as a file of that form.

    Parameters
    ----------
    literal
        Of each column, whether its values are numbers or truth values: JSON writes them without quotes.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    match form.kind:
        case Kind.WORKBOOK:
            _workbook(header, rows, form, out)
        case Kind.JSON | Kind.JSON_LINES:
            _records(header, rows, form, literal, out)
        case _:
            _delimited(header, rows, form, out)


def _delimited(header: Sequence[str], rows: Iterable[Row], form: Form, out: Path) -> None:
    # What the encoding lacks was added to the source, or stands for bytes that couldn't be read: see `sent`.
    encoding = "utf-8-sig" if form.marked else form.encoding
    with out.open("w", encoding=encoding, errors="replace", newline="") as stream:
        for row in chain([header], rows):
            stream.write(form.delimiter.join(_quoted(cell or "", form) for cell in row) + "\n")


def _quoted(cell: str, form: Form) -> str:
    if not any(mark in cell for mark in (form.delimiter, form.quote, "\n", "\r")) and cell == cell.strip():
        return cell
    if form.escape != form.quote:
        cell = cell.replace(form.escape, form.escape * 2)
    return f"{form.quote}{cell.replace(form.quote, form.escape + form.quote)}{form.quote}"


def _records(header: Sequence[str], rows: Iterable[Row], form: Form, literal: Sequence[bool], out: Path) -> None:
    lines = form.kind is Kind.JSON_LINES
    opening, between, closing = ("", "\n", "\n") if lines else ("[\n", ",\n", "\n]\n")
    with out.open("w", encoding="utf-8") as stream:
        stream.write(opening)
        for number, row in enumerate(rows):
            stream.write(between if number else "")
            stream.write(_object(_nested(header, row, literal)))
        stream.write(closing)


class _Literal(str):
    """A value that is JSON already, with its digits as they were written."""

    __slots__ = ()


def _nested(header: Sequence[str], row: Row, literal: Sequence[bool]) -> dict[str, Any]:
    """The record of a row: dotted columns are objects again, where nothing else stands in their place."""
    made: dict[str, Any] = {}
    names = set(header)
    for name, cell, plain in zip(header, row, literal, strict=True):
        *outer, last = name.split(".")
        inside = [".".join(outer[: n + 1]) for n in range(len(outer))]
        if not all(name.split(".")) or names.intersection(inside):
            outer, last = [], name
        at = made
        for part in outer:
            at = at.setdefault(part, {})
        at[last] = _value(cell, literal=plain)
    return made


def _value(cell: str | None, *, literal: bool) -> Any:
    if cell is None:
        return None
    if literal and re.fullmatch(LITERAL, cell):
        return _Literal(cell)
    if cell[:1] in "[{":
        try:
            json.loads(cell)
        except ValueError:
            return cell
        return _Literal(cell)
    return cell


def _object(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k, ensure_ascii=False)}: {_object(v)}" for k, v in value.items()) + "}"
    return value if isinstance(value, _Literal) else json.dumps(value, ensure_ascii=False)


def _workbook(header: Sequence[str], rows: Iterable[Row], form: Form, out: Path) -> None:
    """One sheet of text cells: no number or date is rewritten by opening it, and nothing in it runs."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    book = Workbook(write_only=True)
    sheet = book.create_sheet(re.sub(r"[\[\]:*?/\\]", "_", form.sheet)[:31])
    for row in chain([header], rows):
        cells = []
        for text in row:
            cell = WriteOnlyCell(sheet, _UNFIT.sub("", text)[:_CELL] if text else None)
            if text:
                cell.data_type = "s"  # else "=1+1" would be a formula
                cell.number_format = "@"
            cells.append(cell)
        sheet.append(cells)
    book.save(out)
