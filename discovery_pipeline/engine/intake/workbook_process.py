"""A process of its own that unpacks a workbook into one CSV a sheet, within limits.

The library that reads workbooks is native code: on a hostile file it may panic, or ask for more memory
than there is, and take its process along. So this process holds nothing else, not even this package:
it is run by its path, `python -I workbook_process.py FILE FOLDER MEMORY [SHEET…]`, and prints JSON.
"""

from __future__ import annotations

import csv
import json
import sys
from contextlib import suppress
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any

CELLS = 60_000_000
"""Cells that a sheet may claim to span; the rest is left to the memory limit."""


def as_text(value: object) -> str:
    """A cell as text: what was stored, without what the file format adds to it."""
    match value:
        case str():
            return value.replace("\x00", "")
        case bool():
            return "TRUE" if value else "FALSE"
        case float() if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        case date() | time():
            return value.isoformat().removesuffix("T00:00:00")
        case timedelta():
            minutes, seconds = divmod(int(value.total_seconds()), 60)
            return f"{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}"
        case _:
            return str(value)


def unpack(path: Path, folder: Path, only: list[str]) -> dict[str, Any]:
    """Write each sheet as CSV (row number, cells); what there is, or what went wrong."""
    from python_calamine import CalamineWorkbook

    sheets: list[dict[str, Any]] = []
    with CalamineWorkbook.from_path(path) as book:
        for at, about in enumerate(book.sheets_metadata):
            if only and about.name not in only:
                continue
            told: dict[str, Any] = {"name": about.name, "hidden": "Visible" not in str(about.visible)}
            sheets.append(told)
            try:
                told["rows"], told["merged"] = _sheet(book, at, folder / f"{at}.csv")
                told["file"] = f"{at}.csv"
            except BaseException as error:  # a Rust panic is a BaseException
                if isinstance(error, KeyboardInterrupt | SystemExit | MemoryError) or getattr(error, "errno", None):
                    raise
                told["error"] = _message(error)
    return {"sheets": sheets}


def _sheet(book: Any, at: int, target: Path) -> tuple[int, int]:
    """How many rows were written, and how many cells stand for several of them."""
    sheet = book.get_sheet_by_index(at)
    if sheet.start is None:
        target.touch()
        return 0, 0
    top, left = sheet.start
    bottom, right = sheet.end
    if (bottom - top + 1) * (right - left + 1) > CELLS:
        raise ValueError(f"it spans {bottom - top + 1:,} rows × {right - left + 1:,} columns")
    rows, merged = 0, _merged_down(sheet, left)
    still: dict[int, tuple[int, str]] = {}  # columns in which a merged cell goes on: to which row, with what value
    with target.open("w", encoding="utf-8", errors="backslashreplace", newline="") as out:
        writer = csv.writer(out, lineterminator="\r\n")
        for rows, values in enumerate(sheet.iter_rows(), 1):
            cells = list(map(as_text, values))
            still = {column: found for column, found in still.items() if found[0] >= rows}
            if any(cells):
                for column, (_, value) in still.items():
                    cells[column] = cells[column] or value
            still |= {column: (last, cells[column]) for column, last in merged.get(rows, ()) if column < len(cells)}
            writer.writerow([rows, *cells])
    return rows, sum(map(len, merged.values()))


def _merged_down(sheet: Any, first: int) -> dict[int, list[tuple[int, int]]]:
    """By its first row, each cell of one column that is merged over several rows: the column and the last row.

    Rows count from 1; columns from 0, which is the column `first` of the sheet.
    """
    found: dict[int, list[tuple[int, int]]] = {}
    for (top, left), (bottom, right) in sheet.merged_cell_ranges or ():
        if bottom > top and left == right >= first:
            found.setdefault(top + 1, []).append((left - first, bottom + 1))
    return found


def _message(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


def main(arguments: list[str]) -> int:
    """Unpack under the given limit of memory (bytes); 0 also where the answer is an error."""
    path, folder, memory, *only = arguments
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (int(memory), int(memory)))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        answer = unpack(Path(path), Path(folder), only)
    except MemoryError:
        answer = {"error": "it needs too much memory", "kind": "MemoryError"}
    except BaseException as error:  # a Rust panic is a BaseException
        answer = {"error": _message(error), "kind": type(error).__name__, "errno": getattr(error, "errno", None)}
    json.dump(answer, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
