"""Grids: rows of cells, from a sheet or from arrays in JSON, become a table like any other.

Where the table lies in the grid is found as in text; columns that are empty all the way down and have
no name are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from discovery_pipeline.engine.findings import Finding
from discovery_pipeline.engine.intake import layouts
from discovery_pipeline.engine.intake.footers import HeldBack
from discovery_pipeline.engine.intake.model import TOP_ROWS, WIDEST, Glimpse, TableRead, TopRow
from discovery_pipeline.engine.intake.notes import header_notes, layout_notes, note
from discovery_pipeline.engine.intake.spool import Spool
from discovery_pipeline.engine.intake.suspects import Suspects
from discovery_pipeline.engine.intake.values import filled
from discovery_pipeline.engine.intake.work import Upload, Work
from discovery_pipeline.engine.phrases import counted
from discovery_pipeline.engine.tables import Source, Table, columns_named
from discovery_pipeline.errors import InputRefused

SAMPLE = 400
"""Rows that the layout is found on."""

Row = tuple[int, list[str]]
"""A row's number in its source (1-based) and its cells."""


@dataclass(frozen=True, slots=True)
class Grid:
    """What is known of a grid before its rows are read."""

    name: str  # what its table wants to be called
    source: Source
    rows: Callable[[], Iterator[Row]]  # from the top, each time it is called


def read(work: Work, upload: Upload, grid: Grid) -> TableRead | Glimpse:
    """The table in a grid, or what is seen of it where there is none."""
    sample = list(islice(grid.rows(), SAMPLE))
    skip = work.options.skip_rows
    preamble = None if skip is None else sum(number <= skip for number, _ in sample)
    layout = layouts.find([cells for _, cells in sample], work.options.header_rows, preamble)
    top = tuple(TopRow.of(number, cells) for number, cells in sample[:TOP_ROWS])
    below = any(filled(cells) for _, cells in islice(grid.rows(), layout.body, None))
    if not layout.width or not (below or work.options.keep_rowless):
        return Glimpse(
            top=top,
            header_rows=layout.header_rows,
            preamble_rows=layout.preamble,
            reasons=tuple(layout.reasons),
        )
    if layout.width > WIDEST:
        raise InputRefused(upload.file, f"It has {layout.width:,} columns; a table can have {WIDEST:,}.", "")
    kept = _columns_kept(grid.rows(), layout)
    body = _Body(layout.width)
    table = _written(work, grid, body.rows(islice(grid.rows(), layout.body, None)), layout, kept)
    for number, cells in body.footers:
        work.reject(upload.file, table.name, number, "a note below the table, not a row of it", _joined(cells))
    above = [_joined(cells) for _, cells in sample[: layout.preamble] if filled(cells)]
    findings = [*layout_notes(table.name, layout.header_rows, above, layout.names)]
    findings += _findings(table.name, body, layout.width - len(kept))
    findings += _beside(table.name, kept, [layout.names[at] for at in kept])
    if layout.header_rows:
        findings += header_notes(table.name, [layout.names[at] for at in kept], [c.name for c in table.columns])
    return TableRead(
        table=table,
        rejected_count=len(body.footers),
        header_rows=layout.header_rows,
        preamble_rows=layout.preamble,
        top=top,
        reasons=tuple(layout.reasons),
        findings=tuple(findings),
    )


def _written(work: Work, grid: Grid, rows: Iterable[Row], layout: layouts.Layout, kept: Sequence[int]) -> Table:
    """The table of these rows, with the columns at these positions."""
    columns = columns_named([layout.names[at] for at in kept])
    name = work.named(grid.name)
    place = work.place(name)
    with Spool(work.draft(".csv")) as spool:
        spool.extend([number, *(cells[at] for at in kept)] for number, cells in rows)
        count = spool.to_parquet(work.con, columns, place)
    return Table(name=name, path=place, columns=columns, row_count=count, source=grid.source)


def _columns_kept(rows: Iterable[Row], layout: layouts.Layout) -> list[int]:
    """Positions of the columns that have a name or hold anything."""
    missing = {at for at, name in enumerate(layout.names) if not name.strip()}
    for _, cells in islice(rows, layout.body, None):
        if not missing:
            break
        missing -= {at for at in missing if at < len(cells) and cells[at].strip()}
    return [at for at in range(layout.width) if at not in missing]


class _Body:
    """The rows of a grid below its header, padded to one width, without blank ones and the notes below them."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.blank = 0
        self.footers: list[Row] = []
        self.suspects = Suspects()

    def rows(self, rows: Iterable[Row]) -> Iterator[Row]:
        """The table's rows; what was left out is known when all of them are read."""
        held = HeldBack[Row](self.width)
        firsts: list[str] = []
        after_blank = False
        for number, cells in rows:
            full = filled(cells)
            if not full:
                self.blank, after_blank = self.blank + 1, True
                continue
            row = (number, [*cells, *[""] * (self.width - len(cells))][: self.width])
            narrow = full <= max(1, self.width // 4) and (after_blank or bool(held))
            if (narrow or layouts.is_total(cells, self.width)) and held.room:
                held.add(row, row[1], after_blank=after_blank)
            else:
                yield from self._taken([*held.released(), (row, after_blank)])
                if len(firsts) < 1000:
                    firsts.append(row[1][0])
            after_blank = False
        last, self.footers = held.parted(firsts)
        yield from self._taken(last)

    def _taken(self, rows: Iterable[tuple[Row, bool]]) -> Iterator[Row]:
        for (number, cells), after_blank in rows:
            self.suspects.see(number, cells, after_blank=after_blank)
            yield number, cells


def _findings(name: str, body: _Body, dropped: int) -> Iterator[Finding]:
    """What was left out of a table: blank rows, notes below it, so many columns without name and values."""
    if body.blank:
        yield note(name, "empty_rows", body.blank, f"{counted(body.blank, 'row')} without any value left out.")
    if body.footers:
        what = f"{counted(len(body.footers), 'row')} below the table not taken as part of it."
        yield note(name, "notes_below", len(body.footers), what, [_joined(cells) for _, cells in body.footers])
    yield from body.suspects.findings(name)
    if dropped:
        yield note(name, "empty_columns", dropped, f"{counted(dropped, 'column')} without name and values left out.")


def _beside(name: str, kept: Sequence[int], names: Sequence[str]) -> Iterator[Finding]:
    """What stands on both sides of an empty column, where that is two columns and more."""
    gaps = [n for n in range(2, len(kept) - 1) if kept[n] > kept[n - 1] + 1]
    if gaps:
        what = f"{counted(len(gaps), 'empty column')} between others: there may be several tables side by side."
        yield note(name, "tables_beside", len(gaps), what, [f"{names[n - 1]} | {names[n]}" for n in gaps])


def _joined(cells: Sequence[str]) -> str:
    return " | ".join(cell for cell in cells if cell)
