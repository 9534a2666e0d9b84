"""Repair: rows of a text that a strict reader turns down, one by one: mended, or rejected with a reason.

Mended is what is certain to mean nothing else: cells missing at a row's end, empty cells beyond it, a
quote that never closes. A row with a value too many is rejected: nobody can say which cell is whose.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from discovery_pipeline.engine.findings import Dimension, Finding, Severity
from discovery_pipeline.engine.intake.layouts import is_footer, is_rule
from discovery_pipeline.engine.intake.records import Dialect, Fault, Reader, Record
from discovery_pipeline.engine.intake.spool import Spool
from discovery_pipeline.engine.intake.values import filled
from discovery_pipeline.engine.intake.work import Work, counted, note
from discovery_pipeline.engine.tables import Column

HELD = 40
"""Narrow rows held back until it is clear that they don't end the text as notes."""


class Repair:
    """One pass over a text's rows."""

    def __init__(self, work: Work, file: str, table: str, width: int) -> None:
        self.work, self.file, self.table, self.width = work, file, table, width
        self.rejected = self.blank = 0
        self.faults: Counter[Fault] = Counter()
        self.places: dict[str, list[int]] = {}
        self.reasons: Counter[str] = Counter()
        self.footers: list[Record] = []
        self._held: list[tuple[Record, bool]] = []
        self._firsts: list[str] = []

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
                if self._narrow(record, after_blank=after_blank) and len(self._held) < HELD:
                    self._held.append((record, after_blank))
                else:
                    self._release(spool)
                    self._take(record, spool)
                after_blank = False
            self._end(spool)
            return spool.to_parquet(self.work.con, columns, place)

    def _narrow(self, record: Record, *, after_blank: bool) -> bool:
        if self.width < 2 or record.fault is not None:
            return False
        short = len(record.cells) < self.width or after_blank or bool(self._held)
        return short and filled(record.cells) <= max(1, self.width // 4)

    def _release(self, spool: Spool) -> None:
        for record, _ in self._held:
            self._take(record, spool)
        self._held.clear()

    def _end(self, spool: Spool) -> None:
        """What was held back when the text ends: from the first note on, all of it is footer."""
        for at, (record, after_blank) in enumerate(self._held):
            if is_footer(record.cells, self.width, after_blank=after_blank, first_cells=self._firsts):
                self.footers = [held for held, _ in self._held[at:]]
                del self._held[at:]
                break
        self._release(spool)
        for record in self.footers:
            self._reject(record, "a note below the table, not a row of it")

    def _take(self, record: Record, spool: Spool) -> None:
        cells = record.cells
        if record.fault is Fault.TOO_LONG:
            self._reject(record, Fault.TOO_LONG)
            return
        if is_rule(cells):
            self.blank += 1
            return
        if len(cells) > self.width and filled(cells[self.width :]):
            self._reject(record, f"{counted(len(cells), 'cell')} where the table has {self.width}")
            return
        if len(cells) < self.width:
            self._remember("short", record.line)
            cells = [*cells, *[""] * (self.width - len(cells))]
        elif len(cells) > self.width:
            self._remember("long", record.line)
            cells = cells[: self.width]
        if record.fault is not None:
            self._remember(record.fault, record.line)
        if len(self._firsts) < 1000:
            self._firsts.append(cells[0])
        spool.add(record.line, cells)

    def _reject(self, record: Record, reason: str) -> None:
        self.work.reject(self.file, self.table, record.line, reason, record.raw)
        self.rejected += 1
        self.reasons[reason] += 1
        self._remember("rejected", record.line, count=False)

    def _remember(self, what: str, line: int, *, count: bool = True) -> None:
        places = self.places.setdefault(what, [])
        if len(places) < 5:
            places.append(line)
        if count:
            self.faults[what] += 1  # pyright: ignore[reportArgumentType]

    def findings(self) -> Iterator[Finding]:
        """What was mended and what was rejected."""
        if self.rejected:
            why = "; ".join(f"{n:,} × {reason}" for reason, n in self.reasons.most_common(4))
            yield note(
                self.table,
                "rejected_rows",
                self.rejected,
                f"{counted(self.rejected, 'row')} can't be read: {why}.",
                "They are kept with line and reason among the rejected rows; mend them in the source.",
                severity=Severity.ERROR if self.rejected > len(self.footers) else Severity.INFO,
                dimension=Dimension.COMPLETENESS,
                examples=[f"line {n}" for n in self.places["rejected"]],
            )
        told = {
            "short": ("short_rows", "have fewer cells than the header; what is missing is empty", "Check their ends."),
            "long": ("long_rows", "have empty cells beyond the header, which were left out", "Nothing."),
            Fault.STRAY_QUOTE: ("stray_quotes", "have a quote inside a quoted cell that is not doubled", "Check them."),
            Fault.OPEN_QUOTE: ("open_quotes", "have a quote that never closes; it is kept as text", "Check them."),
            Fault.ESCAPED_DELIMITER: ("escaped_delimiters", "escape a delimiter by a backslash", "Check them."),
            Fault.OTHER_DELIMITER: ("other_delimiter", "use another delimiter than the rest", "Check them."),
        }
        for what, (rule, said, action) in told.items():
            if number := self.faults[what]:  # pyright: ignore[reportArgumentType]
                yield note(
                    self.table,
                    rule,
                    number,
                    f"{counted(number, 'row')} {said}.",
                    action,
                    severity=Severity.WARNING,
                    examples=[f"line {n}" for n in self.places[what]],
                )
