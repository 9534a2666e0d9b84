"""Workbooks: every sheet of XLSX, XLSM, XLSB, XLS and ODS that holds a table."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from discovery_pipeline.engine.findings import Finding
from discovery_pipeline.engine.intake import encodings, formulas, grids
from discovery_pipeline.engine.intake.grids import Grid
from discovery_pipeline.engine.intake.model import Glimpse, Sheet, TableRead
from discovery_pipeline.engine.intake.notes import note
from discovery_pipeline.engine.intake.work import NoTable, Upload, Work
from discovery_pipeline.engine.phrases import counted
from discovery_pipeline.errors import InputRefused

MEMORY = 1_400_000_000
"""Bytes of address space for the process that unpacks a workbook."""
SECONDS = 15
"""Time to unpack a workbook, and as much again for each further 4 MB of it."""


def read(work: Work, upload: Upload) -> tuple[list[TableRead], list[Sheet]]:
    """All tables of a workbook, and what became of each sheet.

    Raises
    ------
    InputRefused
        Where it is damaged, protected by a password, too large to unpack, or has no sheet with rows.
    """
    folder = work.draft(".sheets")
    folder.mkdir()
    sheets = _unpacked(upload, folder, work.options.sheets)
    source = upload.source(encodings.survey(upload.path).sha256)
    unwanted = work.leaves_out(upload.file)
    full = [sheet for sheet in sheets if sheet.get("rows")]
    found, told = [], []
    for sheet in sheets:
        if not sheet.get("rows") or sheet["name"] in unwanted:
            told.append(_unread(sheet, unwanted))
            continue
        name = upload.stem if len(full) == 1 else f"{upload.stem}.{sheet['name']}"
        origin = source.model_copy(update={"sheet": sheet["name"]})
        grid = Grid(name, origin, partial(_rows, folder / sheet["file"]))
        table = grids.read(work.on(upload.file, sheet["name"]), upload, grid)
        if isinstance(table, Glimpse):
            told.append(Sheet(name=sheet["name"], read=False, why="no rows below a header", glimpse=table))
            continue
        told.append(Sheet(name=sheet["name"], read=True))
        found.append(table.model_copy(update={"findings": (*table.findings, *_of_sheet(table.table.name, sheet))}))
    if not found:
        broken = next((f" Sheet {s['name']!r}: {s['error']}." for s in sheets if "error" in s), "")
        none = "Its sheet has no" if len(sheets) == 1 else f"None of its {len(sheets)} sheets has"
        what = f"{none} rows below a header.{broken}"
        raise NoTable(upload, what, "Check the workbook.", sheets=told)
    lost = [sheet for sheet in sheets if "error" in sheet]
    noticed = (*found[0].findings, *_lost(found[0], lost), *_unfilled(found[0], upload.path))
    first = found[0].model_copy(update={"findings": noticed})
    return [first, *found[1:]], told


def _unread(sheet: dict[str, Any], unwanted: set[str]) -> Sheet:
    why = "left out by choice" if sheet["name"] in unwanted else sheet.get("error", "it is empty")
    return Sheet(name=sheet["name"], read=False, why=why)


def _unpacked(upload: Upload, folder: Path, only: tuple[str, ...]) -> list[dict[str, Any]]:
    size = upload.path.stat().st_size
    command = [sys.executable, "-I", str(Path(__file__).with_name("workbook_process.py"))]
    command += [str(upload.path.resolve()), str(folder), str(MEMORY), *only]
    try:
        done = subprocess.run(command, capture_output=True, timeout=SECONDS * (1 + size / 4e6), check=False)
    except subprocess.TimeoutExpired:
        what = "The workbook takes too long to unpack; its size does not explain why."
        raise InputRefused(upload.file, what, "Save it again, or save its sheets as CSV.") from None
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        what = "The workbook can't be unpacked: it is damaged, or needs more memory than there is."
        raise InputRefused(upload.file, what, "Save it again, or save its sheets as CSV.") from None
    if answer.get("errno"):
        raise OSError(answer["errno"], os.strerror(answer["errno"]))
    if "error" in answer:
        raise _refusal(upload, answer)
    return answer["sheets"]


def _refusal(upload: Upload, answer: dict[str, Any]) -> InputRefused:
    said = answer["error"].rstrip(".")
    if answer["kind"] == "PasswordError" or "password" in said.lower():
        what = "The workbook is protected by a password."
        return InputRefused(upload.file, what, "Save it without one.")
    if answer["kind"] == "MemoryError":
        what = "The workbook needs more memory than one file may take."
        return InputRefused(upload.file, what, "Save its sheets as CSV.")
    return InputRefused(upload.file, f"The workbook is damaged: {said}.", "Save it again, or save its sheets as CSV.")


def _rows(path: Path) -> Iterator[grids.Row]:
    csv.field_size_limit(1 << 30)
    with path.open(encoding="utf-8", newline="") as stream:
        for number, *cells in csv.reader(stream):
            yield int(number), cells


def _of_sheet(table: str, sheet: dict[str, Any]) -> Iterator[Finding]:
    if sheet["hidden"]:
        yield note(table, "hidden_sheet", 0, f"The sheet {sheet['name']!r} is hidden in the workbook.")
    if merged := sheet["merged"]:
        what = f"{counted(merged, 'cell')} merged over several rows; each of these rows has the value."
        yield note(table, "merged_cells", merged, what)


def _lost(first: TableRead, lost: list[dict[str, Any]]) -> Iterator[Finding]:
    for sheet in lost:
        what = f"The sheet {sheet['name']!r} can't be read: {sheet['error']}."
        yield note(first.table.name, "broken_sheet", 0, what)


def _unfilled(first: TableRead, path: Path) -> Iterator[Finding]:
    """What of the workbook's cells is read as empty although something stands there."""
    uncalculated, errors = formulas.unread(path)
    if uncalculated:
        what = f"{counted(uncalculated, 'formula')} of the workbook without a stored result, read as empty."
        yield note(first.table.name, "uncalculated", uncalculated, what)
    if errors:
        what = (
            f"{counted(errors, 'cell')} of the workbook with an error in place of a value, such as #N/A, read as empty."
        )
        yield note(first.table.name, "error_cells", errors, what)
