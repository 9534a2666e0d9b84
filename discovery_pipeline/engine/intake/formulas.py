"""Formulas: cells of an XLSX workbook that look filled but are read as empty, since their result was never stored."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

from discovery_pipeline.engine.intake.archives import BROKEN

SHEETS = re.compile(r"xl/worksheets/[^/]+\.xml", re.IGNORECASE)
UNCALCULATED = re.compile(rb"(?:</f>|<f\b[^<>]*/>)\s*(?:<v\s*/>|<v>\s*</v>)?\s*</c>")
ERROR = re.compile(rb"<c\b[^<>]*\bt=[\"']e[\"']")
CELL_END = b"</c>"
CHUNK = 1 << 20
BYTES = 2 << 30
"""Bytes of sheets that are looked through; whoever packs more has been counted enough."""


def unread(path: Path) -> tuple[int, int]:
    """How many cells have a formula without a stored result, and how many an error; 0 where it is no XLSX."""
    formulas = errors = 0
    try:
        for cells in _cells(path):
            formulas += len(UNCALCULATED.findall(cells))
            errors += len(ERROR.findall(cells))
    except BROKEN:
        return formulas, errors  # no XLSX, or one that is damaged: who reads it says so
    return formulas, errors


def _cells(path: Path) -> Iterator[bytes]:
    """The text of all sheets in pieces that end where a cell does."""
    taken = 0
    with zipfile.ZipFile(path) as book:
        for name in filter(SHEETS.fullmatch, book.namelist()):
            with book.open(name) as sheet:
                held = b""
                while (chunk := sheet.read(CHUNK)) and taken < BYTES:
                    taken += len(chunk)
                    whole, end, rest = (held + chunk).rpartition(CELL_END)
                    yield whole + end
                    held = rest[-CHUNK:]
                yield held
