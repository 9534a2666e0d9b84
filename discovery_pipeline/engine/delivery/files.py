"""Target files: CSV that the vendor's importer takes as it is.

Values are written untouched. A value that a spreadsheet might run as a formula becomes a finding: the importer is no
spreadsheet, and an apostrophe in front would go into the target with the value.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import duckdb

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.cleansing.log import inert
from discovery_pipeline.engine.delivery.model import DeliveredFile, Delivery
from discovery_pipeline.engine.findings import Dimension, Finding, Severity
from discovery_pipeline.engine.phrases import counted
from discovery_pipeline.engine.targets.checking import below
from discovery_pipeline.engine.targets.contract import Target, TargetTable
from discovery_pipeline.engine.validation.model import ValidRows, Verdict
from discovery_pipeline.errors import TargetError

OURS = ("__table", "__row")
"""Columns of valid rows that say which row of the source it was, and go into no file."""


def deliver(con: duckdb.DuckDBPyConnection, verdict: Verdict, target: Target, into: Path) -> Delivery:
    """Write the valid rows as the target's files below `into`, split where a file may not hold them all.

    A table without valid rows gives no file: an importer takes a header alone for a success, or fails on it.

    Raises
    ------
    TargetError
        The contract wants a file outside the folder.
    """
    files: list[DeliveredFile] = []
    findings: list[Finding] = []
    for valid in verdict.valid:
        table = target.table(valid.target_table)
        if valid.row_count:
            files += written(con, valid, target, into)
            findings += _formulas(con, valid, target)
        elif table.file and not files:
            findings.append(_nothing(target, table, verdict))
    if not verdict.valid:
        findings.append(_nothing(target, target.tables[0], verdict))
    return Delivery(target=target.name, files=tuple(files), findings=tuple(findings))


def columns(con: duckdb.DuckDBPyConnection, valid: ValidRows) -> tuple[str, ...]:
    """The columns of valid rows that go into the target's file."""
    described = con.execute(f"DESCRIBE SELECT * FROM {duck.parquet(valid.path)}").fetchall()
    return tuple(name for name, *_ in described if name not in OURS)


def written(con: duckdb.DuckDBPyConnection, valid: ValidRows, target: Target, into: Path) -> Iterator[DeliveredFile]:
    """Write valid rows of one table as its files."""
    table = target.table(valid.target_table)
    named = columns(con, valid)
    parts = _parts(con, valid, table, named)
    for number, (first, last) in enumerate(parts, start=1):
        path = _below(into, table.file, number)
        path.parent.mkdir(parents=True, exist_ok=True)
        fields = ", ".join(duck.name(c) for c in named)
        rows = duck.numbered(valid.path)
        con.execute(
            f"COPY (SELECT {fields} FROM {rows} WHERE file_row_number BETWEEN {first} AND {last})"
            f" TO {duck.text(str(path))}"
            f" (FORMAT csv, HEADER, DELIMITER {duck.text(target.delimiter)}, QUOTE '\"', ESCAPE '\"', NULLSTR '')"
        )
        if target.line_terminator != "\n":
            _end_lines(path, target.line_terminator)
        yield DeliveredFile(
            target_table=table.name,
            path=path.relative_to(into).as_posix(),
            row_count=last - first + 1,
            byte_size=path.stat().st_size,
            sha256=digest(path),
        )


def _parts(
    con: duckdb.DuckDBPyConnection, valid: ValidRows, table: TargetTable, named: tuple[str, ...]
) -> list[tuple[int, int]]:
    """First and last row of each file. Sizes are upper bounds: each value counted as if it were quoted."""
    most_rows = table.max_rows or max(valid.row_count, 1)
    if not table.max_bytes:
        return [(at, min(at + most_rows, valid.row_count) - 1) for at in range(0, valid.row_count, most_rows)]
    sizes = " + ".join(f"coalesce(octet_length(encode(replace({duck.name(c)}, '\"', '\"\"'))), 0) + 3" for c in named)
    header = sum(len(c.encode()) + 3 for c in named) + 2
    rows = duck.numbered(valid.path)
    longest = con.execute(f"SELECT max({sizes} + 2) FROM {rows}").fetchone()
    # A file is closed before the longest row could overflow it, so that its number is a plain division.
    room = max(table.max_bytes - header - (longest[0] if longest else 0), 1)
    return con.execute(f"""
        WITH sized AS (
            SELECT file_row_number AS row, sum({sizes} + 2) OVER (ORDER BY file_row_number) - ({sizes} + 2) AS before
            FROM {rows}
        ), by_size AS (SELECT row, before // {room} AS part FROM sized),
        numbered AS (SELECT row, part, row - first_value(row) OVER (PARTITION BY part ORDER BY row) AS nth FROM by_size)
        SELECT min(row), max(row) FROM numbered GROUP BY part, nth // {most_rows} ORDER BY 1
    """).fetchall()


def _below(into: Path, file: str, number: int) -> Path:
    """The place of a table's n-th file: azure.csv, azure-2.csv, …"""
    place = PurePosixPath(file)
    if not below(file):
        raise TargetError(f"The contract wants the file '{file}', which isn't below the folder of results.")
    numbered = place if number == 1 else place.with_name(f"{place.stem}-{number}{place.suffix}")
    return into / numbered


def _end_lines(path: Path, terminator: str) -> None:
    """End the rows of a CSV file as the target wants; line breaks within quotes stay."""
    draft = path.with_name(path.name + ".part")
    quoted = False
    with path.open(encoding="utf-8", newline="") as read, draft.open("w", encoding="utf-8", newline="") as write:
        for line in read:
            quoted ^= line.count('"') % 2 == 1
            write.write(line if quoted or not line.endswith("\n") else line[:-1] + terminator)
    draft.replace(path)


def digest(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _formulas(con: duckdb.DuckDBPyConnection, valid: ValidRows, target: Target) -> Iterator[Finding]:
    named = columns(con, valid)
    counts = ", ".join(f"count(*) FILTER ({inert(duck.name(c))} <> {duck.name(c)})" for c in named)
    found = con.execute(f"SELECT {counts} FROM {duck.parquet(valid.path)}").fetchone() or ()
    for name, count in zip(named, found, strict=False):
        if count:
            told = counted(count, f"value of {name} starts", f"values of {name} start")
            yield Finding(
                table=valid.target_table,
                column=name,
                rule="formula",
                severity=Severity.WARNING,
                count=count,
                evidence=f"{told} like a formula; what goes to {target.name} stands as it is.",
                action="Don't open the target file in a spreadsheet, or correct the values at their source.",
            )


def _nothing(target: Target, table: TargetTable, verdict: Verdict) -> Finding:
    return Finding(
        table=table.name,
        rule="nothing_delivered",
        severity=Severity.ERROR,
        dimension=Dimension.COMPLETENESS,
        count=verdict.rows_in,
        evidence=f"None of {counted(verdict.rows_in, 'row')} is valid for {target.name}: there is no {table.file}.",
        action="Look at the reasons in rejected_rows.csv, then correct the mapping or the source.",
    )
