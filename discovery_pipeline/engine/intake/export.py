"""Export: tables as plain CSV, in one fixed dialect, so that nothing has to be guessed."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.intake.model import FileRead, TableRead

DELIMITED = "text/csv"


def to_csv(con: duckdb.DuckDBPyConnection, files: tuple[FileRead, ...], folder: Path) -> list[Path]:
    """Write each table as CSV (UTF-8, comma, RFC 4180, header first), under its own file's name where it is text.

    A table of a workbook, a document or an archive goes by the table's name. Names that repeat are numbered.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for file in files:
        for read in file.tables:
            path = _free(folder / _name(file, read), written)
            _write(con, read, path)
            written.append(path)
    return written


def _name(file: FileRead, read: TableRead) -> str:
    name = Path(file.file).name
    if file.media_type == DELIMITED and len(file.tables) == 1:
        return name
    plain = read.table.name.replace("/", "_").replace("\\", "_").replace("\x00", "")
    return f"{plain.lstrip('.')[:200] or 'table'}.csv"


def _free(path: Path, taken: list[Path]) -> Path:
    free, n = path, 2
    while free in taken:
        free, n = path.with_name(f"{path.stem}_{n}{path.suffix}"), n + 1
    return free


def _write(con: duckdb.DuckDBPyConnection, read: TableRead, path: Path) -> None:
    """One table; the header is written apart, so that it says what the source's header says."""
    columns = read.table.columns
    header = ",".join(_quoted(column.name) for column in columns)
    body, draft = path.with_name(f".{path.name}.rows"), path.with_name(f".{path.name}.part")
    keys = ", ".join(duck.col(column) for column in columns)
    query = f"SELECT {keys} FROM {duck.parquet(read.table.path)}"
    try:
        con.execute(f"COPY ({query}) TO {duck.text(str(body))} (FORMAT csv, HEADER false, DELIMITER ',', QUOTE '\"')")
        with draft.open("wb") as out, body.open("rb") as rows:
            out.write(header.encode() + b"\n")
            shutil.copyfileobj(rows, out, 1 << 20)
        draft.replace(path)
    finally:
        body.unlink(missing_ok=True)
        draft.unlink(missing_ok=True)


def _quoted(name: str) -> str:
    if any(mark in name for mark in ',"\r\n'):
        return '"' + name.replace('"', '""') + '"'
    return name
