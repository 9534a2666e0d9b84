"""Records: the lines of a delimited text, taken apart one by one, whatever is wrong with them.

Slow and forgiving, for samples and for files that DuckDB's strict reader turns down. What is certain
comes first: a record is read as RFC 4180 has it where that works, and by guesses only where it doesn't.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

LONGEST = 8 << 20
"""Characters of one record; a longer one is cut off and rejected, so that memory stays bounded."""
KEPT = 100_000
"""Characters kept of a record that is too long."""
JOINS = 12
"""How often a quoted cell may seem to end, wrongly, before its quote counts as one that never closes."""
SPAN = 4
"""Lines over which a record with a misplaced quote is looked for."""
HIDDEN = "\ue0fe"
"""Stands for an escaped delimiter while a record is taken apart; a private character, so in no text."""
OTHERS = (",", ";", "\t", "|")


class Fault(StrEnum):
    """How a record departs from its dialect."""

    STRAY_QUOTE = "a quote inside a quoted cell is not doubled"
    OPEN_QUOTE = "a quote opens a cell and never closes"
    OTHER_DELIMITER = "the cells are separated by another delimiter"
    ESCAPED_DELIMITER = "a delimiter inside a cell is escaped by a backslash"
    TOO_LONG = "the line is longer than 8 million characters"


@dataclass(frozen=True, slots=True)
class Dialect:
    """How cells and records are told apart."""

    delimiter: str
    quote: str = '"'  # empty: nothing is quoted
    escape: str = '"'  # what makes a quote inside a quoted cell literal: the quote itself, or a backslash
    newline: str = "\n"  # what ends a line; "\n" takes "\r\n" too

    @property
    def plain(self) -> bool:
        """Python's csv module reads it as it is."""
        return (
            len(self.delimiter) == 1 == len(self.quote) and self.escape == self.quote and self.delimiter not in "\r\n"
        )


@dataclass(frozen=True, slots=True)
class Record:
    """Cells of one record, with the physical line where it starts (1-based)."""

    line: int
    cells: list[str]
    raw: str
    fault: Fault | None = None


class Reader:
    """Takes records from physical lines. `width`, where known, tells a good guess from a bad one."""

    def __init__(self, dialect: Dialect, width: int | None = None) -> None:
        self.dialect, self.width = dialect, width
        csv.field_size_limit(4 * LONGEST)
        d, q = re.escape(dialect.delimiter), re.escape(dialect.quote or "\0")
        end = rf"(?P<end>{d}|\Z)"
        blank = "" if dialect.delimiter.isspace() else "[ \t]*"
        body = rf"[^{q}]*(?:{q}{q}[^{q}]*)*"
        if dialect.escape != dialect.quote:
            e = re.escape(dialect.escape)
            body = rf"[^{q}{e}]*(?:(?:{e}.|{q}{q})[^{q}{e}]*)*"
        strict, loose = rf"{blank}{q}(?P<quoted>{body}){q}{blank}", rf"{q}(?P<loose>.*?){q}"
        bare = r"(?P<bare>.*?)"
        self._strict = re.compile(rf"(?:{strict}|{bare}){end}", re.DOTALL)
        self._loose = re.compile(rf"(?:{strict}|{loose}|{bare}){end}", re.DOTALL)

    def records(self, lines: Iterable[str], start: int = 1) -> Iterator[Record]:
        """One record after another; blank lines give records without cells."""
        waiting: deque[str] = deque()
        source = iter(lines)
        quote, delimiter, line = self.dialect.quote, self.dialect.delimiter, start
        while True:
            text = waiting.popleft() if waiting else next(source, None)
            if text is None:
                return
            bare = text.rstrip("\r\n")
            if not bare:
                yield Record(line, [], text)
                line += 1
            elif len(bare) >= LONGEST:
                yield Record(line, [], bare[:KEPT], Fault.TOO_LONG)
                line += 1
            elif not quote or quote not in bare:
                yield self._fitted(Record(line, bare.split(delimiter), bare))
                line += 1
            else:
                record, taken = self._quoted(bare, text, line, source, waiting)
                yield record
                line += taken

    def _quoted(
        self, bare: str, text: str, line: int, source: Iterator[str], waiting: deque[str]
    ) -> tuple[Record, int]:
        """A record that starts in a line with quotes, and how many lines it takes."""
        if (cells := self.strictly(bare)) is not None:
            return self._fitted(Record(line, cells, bare)), 1
        if self._opens(bare) and (found := self._joined(text, line, source, waiting)):
            return found
        return self._guessed(bare, text, line, source, waiting)

    def _guessed(
        self, bare: str, text: str, line: int, source: Iterator[str], waiting: deque[str]
    ) -> tuple[Record, int]:
        """A record whose quoting breaks the rules: the reading that gives the width, over more lines if need be."""
        parts = [text]
        loose = self._taken(self._loose, bare) or []
        fault = Fault.OPEN_QUOTE if self._faulty else Fault.STRAY_QUOTE
        literal = bare.split(self.dialect.delimiter)
        if self.width in (None, len(loose)):
            return Record(line, loose, bare, fault), 1
        if len(literal) == self.width:
            return Record(line, literal, bare, Fault.OPEN_QUOTE), 1
        while len(parts) < SPAN and (more := waiting.popleft() if waiting else next(source, None)) is not None:
            parts.append(more)
            raw = "".join(parts).rstrip("\r\n")
            if raw.count(self.dialect.quote, len(text)) and self._matches(raw):
                return Record(line, self._taken(self._loose, raw) or [], raw, Fault.STRAY_QUOTE), len(parts)
        waiting.extendleft(reversed(parts[1:]))
        return self._fitted(Record(line, loose, bare, fault)), 1

    def _matches(self, raw: str) -> bool:
        cells = self._taken(self._loose, raw)
        return cells is not None and len(cells) == self.width and not self._faulty

    def _joined(self, text: str, line: int, source: Iterator[str], waiting: deque[str]) -> tuple[Record, int] | None:
        """The record with as many further lines as close its quote; None, and the lines go back, where none do."""
        parts, size, tries = [text], len(text), 0
        quotes = text.count(self.dialect.quote)
        while size < LONGEST and tries < JOINS:
            more = waiting.popleft() if waiting else next(source, None)
            if more is None:
                break
            parts.append(more)
            size += len(more)
            here = more.count(self.dialect.quote)
            quotes += here
            if not here or (quotes % 2 and self.dialect.plain):
                continue
            tries += 1
            raw = "".join(parts).rstrip("\r\n")
            cells = self.strictly(raw)
            if cells is not None and (self.width is None or len(cells) == self.width):
                return Record(line, cells, raw), len(parts)
        waiting.extendleft(reversed(parts[1:]))
        return None

    def strictly(self, raw: str) -> list[str] | None:
        """The cells of a whole record, or None where its quoting breaks the rules."""
        if not self.dialect.quote:
            return raw.split(self.dialect.delimiter)
        if self.dialect.plain and "\r" not in raw and "\n" not in raw:
            try:
                return next(
                    csv.reader([raw], delimiter=self.dialect.delimiter, quotechar=self.dialect.quote, strict=True)
                )
            except csv.Error:
                pass
        cells = self._taken(self._strict, raw)
        return None if cells is None or self._faulty else cells

    def _opens(self, bare: str) -> bool:
        """Whether the last quoted cell of the line is still open at its end."""
        self._taken(self._strict, bare)
        return self._faulty

    def _taken(self, pattern: re.Pattern[str], raw: str) -> list[str] | None:
        cells: list[str] = []
        quote, escape = self.dialect.quote, self.dialect.escape
        self._faulty = False
        at = 0
        while match := pattern.match(raw, at):
            found = match.groupdict()
            if found["quoted"] is not None:
                cells.append(_unescaped(found["quoted"], quote, escape))
            elif found.get("loose") is not None:
                cells.append(found["loose"].replace(quote * 2, quote))
            else:
                self._faulty = self._faulty or found["bare"].lstrip(" ").startswith(quote)
                cells.append(found["bare"])
            if not match["end"]:
                return cells
            at = match.end()
        return None

    def _fitted(self, record: Record) -> Record:
        """The record; taken apart by another delimiter where that, and not the file's own, gives the width."""
        width, cells = self.width, record.cells
        if width is None or len(cells) == width:
            return record
        if len(cells) > width:
            return self._unescaped(record)
        if width < 3:
            return record
        for other in OTHERS:
            if other == self.dialect.delimiter or record.raw.count(other) < width - 1:
                continue
            split = Reader(Dialect(other, self.dialect.quote, self.dialect.escape)).strictly(record.raw)
            if split is not None and len(split) == width:
                return Record(record.line, split, record.raw, Fault.OTHER_DELIMITER)
        return record

    def _unescaped(self, record: Record) -> Record:
        """The record with escaped delimiters as text, where that, and not the record as it is, gives the width."""
        escaped = "\\" + self.dialect.delimiter
        if escaped not in record.raw:
            return record
        cells = self.strictly(record.raw.replace(escaped, HIDDEN))
        if cells is None or len(cells) != self.width:
            return record
        whole = [cell.replace(HIDDEN, self.dialect.delimiter) for cell in cells]
        return Record(record.line, whole, record.raw, Fault.ESCAPED_DELIMITER)


def _unescaped(cell: str, quote: str, escape: str) -> str:
    if escape != quote and escape in cell:
        cell = re.sub(re.escape(escape) + f"([{re.escape(escape + quote)}])", r"\1", cell)
    return cell.replace(quote * 2, quote) if quote * 2 in cell else cell
