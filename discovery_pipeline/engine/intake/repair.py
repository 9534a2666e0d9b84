"""Repair: the rows of a text that a strict reader turns down, each one repaired or rejected with a reason.

A row is repaired if there is only one way to read it: cells missing at its end, empty cells beyond it, a quote that
never closes. A row with a value too many is rejected: nobody can say which cell belongs to which column.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from discovery_pipeline.engine.findings import Finding
from discovery_pipeline.engine.intake.footers import HeldBack
from discovery_pipeline.engine.intake.layouts import is_rule, is_total
from discovery_pipeline.engine.intake.notes import EXAMPLES, note
from discovery_pipeline.engine.intake.records import Dialect, Fault, Reader, Record
from discovery_pipeline.engine.intake.spool import Spool
from discovery_pipeline.engine.intake.suspects import Suspects
from discovery_pipeline.engine.intake.values import filled
from discovery_pipeline.engine.intake.work import Work
from discovery_pipeline.engine.phrases import counted
from discovery_pipeline.engine.tables import Column

_COMMENT = re.compile(r"\s*(?:#|//|%|--)+(?:\s.*|$)", re.DOTALL)
"""What a line within a table begins with that is a remark on it."""
_DOS_END = "\x1a"
_RULES = {
    Fault.STRAY_QUOTE: "stray_quotes",
    Fault.OPEN_QUOTE: "open_quotes",
    Fault.ESCAPED_DELIMITER: "escaped_delimiters",
    Fault.OTHER_DELIMITER: "other_delimiter",
}
_MENDED = {
    "short_rows": "fewer cells than the header; what is missing is empty",
    "long_rows": "empty cells beyond the header, which are left out",
    "stray_quotes": "a quote inside a quoted cell that is not doubled",
    "open_quotes": "a quote that never closes, kept as text",
    "escaped_delimiters": "a delimiter escaped by a backslash",
    "other_delimiter": "cells separated by another delimiter",
}


class Repair:
    """One pass over a text's rows."""

    def __init__(self, work: Work, file: str, table: str, names: Sequence[str]) -> None:
        self.work, self.file, self.table = work, file, table
        self.width, self._header = len(names), list(names) if any(names) else None
        self.rejected = self.blank = 0
        self.mended: Counter[str] = Counter()
        self.places: dict[str, list[int]] = {}
        self.reasons: Counter[str] = Counter()
        self.footers: list[Record] = []
        self.comments: list[Record] = []
        self.headers = 0
        self._held = HeldBack[Record](self.width)
        self._firsts: list[str] = []
        self._suspects = Suspects()

    def write(
        self, lines: Iterator[str], dialect: Dialect, first_line: int, columns: tuple[Column, ...], place: Path
    ) -> int:
        """Write the table; the number of its rows."""
        after_blank = False
        with Spool(self.work.draft(".csv")) as spool:
            for record in Reader(dialect, self.width).records(lines, first_line):
                if not filled(record.cells) and record.fault is None:
                    self.blank += bool(record.cells)
                    after_blank = True
                    continue
                if record.cells == self._header:
                    self._repeated(record, spool)
                elif self._narrow(record, after_blank=after_blank) and self._held.room:
                    self._held.add(record, record.cells, after_blank=after_blank)
                else:
                    for row, blank_above in (*self._held.released(), (record, after_blank)):
                        self._take(row, spool, after_blank=blank_above)
                after_blank = False
            self._end(spool)
            return spool.to_parquet(self.work.con, columns, place)

    def _narrow(self, record: Record, *, after_blank: bool) -> bool:
        if self.width < 2 or record.fault is not None:
            return False
        if is_total(record.cells, self.width):
            return True
        short = len(record.cells) < self.width or after_blank or bool(self._held)
        return short and filled(record.cells) <= max(1, self.width // 4)

    def _end(self, spool: Spool) -> None:
        """What was held back when the text ends."""
        last, self.footers = self._held.parted(self._firsts)
        for record, after_blank in last:
            self._take(record, spool, after_blank=after_blank)
        for record in self.footers:
            self._keep(record, "a note below the table, not a row of it")

    def _repeated(self, record: Record, spool: Spool) -> None:
        """The header stands in the text once more, and right above it perhaps the title of a page."""
        held = self._held.released()
        at = next((at for at, (_, after_blank) in enumerate(held) if after_blank), len(held))
        for row, after_blank in held[:at]:
            self._take(row, spool, after_blank=after_blank)
        for title, _ in held[at:]:
            self._keep(title, "a line above the header, not a row")
        self._keep(record, "the header once more, not a row")
        self.headers += 1

    def _take(self, record: Record, spool: Spool, *, after_blank: bool) -> None:
        cells = record.cells
        if record.fault is Fault.TOO_LONG:
            self._reject(record, Fault.TOO_LONG)
            return
        if is_rule(cells) or record.raw.strip() == _DOS_END:
            self.blank += 1
            return
        if self.width > 1 == len(cells) and _COMMENT.fullmatch(cells[0]):
            self._keep(record, "a comment, not a row")
            self.comments.append(record)
            return
        if len(cells) > self.width and filled(cells[self.width :]):
            self._reject(record, f"{counted(len(cells), 'cell')} where the table has {self.width}")
            return
        if len(cells) < self.width:
            self._mend("short_rows", record.line)
            cells = [*cells, *[""] * (self.width - len(cells))]
        elif len(cells) > self.width:
            self._mend("long_rows", record.line)
            cells = cells[: self.width]
        if record.fault is not None:
            self._mend(_RULES[record.fault], record.line)
        if len(self._firsts) < 1000:
            self._firsts.append(cells[0])
        self._suspects.see(record.line, cells, after_blank=after_blank)
        spool.add(record.line, cells)

    def _reject(self, record: Record, reason: str) -> None:
        self._keep(record, reason)
        self.reasons[reason] += 1
        self._remember("rejected", record.line)

    def _keep(self, record: Record, reason: str) -> None:
        self.work.reject(self.file, self.table, record.line, reason, record.raw)
        self.rejected += 1

    def _mend(self, rule: str, line: int) -> None:
        self.mended[rule] += 1
        self._remember(rule, line)

    def _remember(self, rule: str, line: int) -> None:
        places = self.places.setdefault(rule, [])
        if len(places) < EXAMPLES:
            places.append(line)

    def findings(self) -> Iterator[Finding]:
        """What was mended and what was rejected."""
        if self.reasons:
            why = "; ".join(f"{n:,} × {reason}" for reason, n in self.reasons.most_common(4))
            lost = self.reasons.total()
            what = f"{counted(lost, 'row')} can't be read: {why}."
            yield note(self.table, "rejected_rows", lost, what, self._lines("rejected"))
        if self.headers:
            what = f"{counted(self.headers, 'row')} below the header that repeat it not taken as rows."
            yield note(self.table, "repeated_headers", self.headers, what)
        if self.footers:
            what = f"{counted(len(self.footers), 'line')} below the table not taken as part of it."
            yield note(self.table, "notes_below", len(self.footers), what, [record.raw for record in self.footers])
        if self.comments:
            what = f"{counted(len(self.comments), 'line')} within the table that are comments not taken as rows."
            yield note(self.table, "comments", len(self.comments), what, [record.raw for record in self.comments])
        yield from self._suspects.findings(self.table)
        for rule, said in _MENDED.items():
            if number := self.mended[rule]:
                yield note(self.table, rule, number, f"{counted(number, 'row')} with {said}.", self._lines(rule))

    def _lines(self, rule: str) -> list[str]:
        return [f"line {line}" for line in self.places.get(rule, ())]
