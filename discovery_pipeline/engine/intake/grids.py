"""Grids: rows of cells, from a sheet or from arrays in JSON, become a table like any other.

Where the table lies in the grid is found as in text; columns that are empty all the way down and have
no name are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from discovery_pipeline.engine.findings import Finding
from discovery_pipeline.engine.intake import layouts
from discovery_pipeline.engine.intake.model import TOP_ROWS, Glimpse, TableRead, TopRow
from discovery_pipeline.engine.intake.notes import counted, header_notes, layout_notes, note
from discovery_pipeline.engine.intake.spool import Spool
from discovery_pipeline.engine.intake.values import filled
from discovery_pipeline.engine.intake.work import Upload, Work
from discovery_pipeline.engine.tables import Source, Table, columns_named
from discovery_pipeline.errors import InputRefused

SAMPLE = 400
"""Rows that the layout is found on."""
HELD = 40
WIDEST = 2_000

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
    taken = _Taken(layout.width)
    kept = _columns_kept(grid.rows(), layout)
    columns = columns_named([layout.names[at] for at in kept])
    name = work.named(grid.name)
    place = work.place(name)
    with Spool(work.draft(".csv")) as spool:
        spool.extend(
            [number, *(cells[at] for at in kept)]
            for number, cells in taken.body(islice(grid.rows(), layout.body, None))
        )
        rows = spool.to_parquet(work.con, columns, place)
    for number, cells in taken.footers:
        work.reject(upload.file, name, number, "a note below the table, not a row of it", _joined(cells))
    findings = [
        *_findings(name, layout, [cells for _, cells in sample], taken, layout.width - len(kept)),
        *(
            header_notes(name, [layout.names[at] for at in kept], [c.name for c in columns])
            if layout.header_rows
            else ()
        ),
    ]
    return TableRead(
        table=Table(name=name, path=place, columns=columns, row_count=rows, source=grid.source),
        rejected_count=len(taken.footers),
        header_rows=layout.header_rows,
        preamble_rows=layout.preamble,
        top=top,
        reasons=tuple(layout.reasons),
        findings=tuple(findings),
    )


def _columns_kept(rows: Iterable[Row], layout: layouts.Layout) -> list[int]:
    """Positions of the columns that have a name or hold anything."""
    missing = {at for at, name in enumerate(layout.names) if not name.strip()}
    for _, cells in islice(rows, layout.body, None):
        if not missing:
            break
        missing -= {at for at in missing if at < len(cells) and cells[at].strip()}
    return [at for at in range(layout.width) if at not in missing]


class _Taken:
    """The body of a grid, padded to one width, without blank rows and the notes below."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.blank = self.short = 0
        self.footers: list[Row] = []

    def body(self, rows: Iterable[Row]) -> Iterator[Row]:
        held: list[tuple[Row, bool]] = []
        firsts: list[str] = []
        after_blank = False
        for number, cells in rows:
            full = filled(cells)
            if not full:
                self.blank, after_blank = self.blank + 1, True
                continue
            row = (number, [*cells, *[""] * (self.width - len(cells))][: self.width])
            narrow = full <= max(1, self.width // 4) and (after_blank or bool(held))
            if (narrow or layouts.is_total(cells, self.width)) and len(held) < HELD:
                held.append((row, after_blank))
            else:
                yield from chain((kept for kept, _ in held), [row])
                held.clear()
                if len(firsts) < 1000:
                    firsts.append(row[1][0])
            after_blank = False
        for at, ((_, cells), blank) in enumerate(held):
            if layouts.is_footer(cells, self.width, after_blank=blank, first_cells=firsts):
                self.footers = [row for row, _ in held[at:]]
                held = held[:at]
                break
        yield from (row for row, _ in held)


def _findings(
    name: str, layout: layouts.Layout, sample: Sequence[Sequence[str]], taken: _Taken, dropped: int
) -> Iterator[Finding]:
    above = [_joined(row) for row in sample[: layout.preamble] if filled(row)]
    yield from layout_notes(name, layout.header_rows, above, layout.names)
    if taken.blank:
        yield note(name, "empty_rows", taken.blank, f"{counted(taken.blank, 'row')} without any value left out.")
    if taken.footers:
        what = f"{counted(len(taken.footers), 'row')} below the table not taken as part of it."
        yield note(name, "notes_below", len(taken.footers), what, [_joined(cells) for _, cells in taken.footers])
    if dropped:
        yield note(name, "empty_columns", dropped, f"{counted(dropped, 'column')} without name and values left out.")


def _joined(cells: Sequence[str]) -> str:
    return " | ".join(cell for cell in cells if cell)
