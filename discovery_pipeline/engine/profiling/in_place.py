"""In place: a large regular CSV file is profiled where it lies, without a copy.

Intake's detection says how it is written; whatever that can't vouch for goes through intake and is repaired there.
"""

from __future__ import annotations

import codecs
from pathlib import Path

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.intake import Options, delimited, detection
from discovery_pipeline.engine.intake.detection import Detection
from discovery_pipeline.engine.intake.encodings import LATER_BOM, Survey
from discovery_pipeline.engine.intake.kinds import Kind, kind_of
from discovery_pipeline.engine.intake.work import Upload
from discovery_pipeline.engine.profiling.source import CsvSource
from discovery_pipeline.engine.tables import Column, columns_named
from discovery_pipeline.errors import InputRefused

SMALLEST = 16_000_000
"""Bytes below which a file goes through intake, which takes less than a second then and sees every byte."""

HEAD = 1 << 20


def source(path: Path) -> CsvSource | None:
    """A source over a CSV file; None where the file is small, or not as regular at its head as it has to be."""
    if not path.is_file() or path.stat().st_size < SMALLEST or kind_of(path) is not Kind.DELIMITED:
        return None
    with path.open("rb") as file:
        head = file.read(HEAD)
    survey = _survey(head, path.stat().st_size)
    found = _detected(path, survey)
    if found is None:
        return None
    columns = columns_named(found.names)

    def reader(text: Path) -> str:
        return (
            f"read_csv({duck.text(str(text))}, auto_detect=false, header=false, ignore_errors=true, "
            f"delim={duck.text(found.dialect.delimiter)}, quote={duck.text(found.dialect.quote)}, "
            f"escape={duck.text(found.dialect.escape)}, columns={{{_struct(columns)}}})"
        )

    body = _offset(head, found.first_line - 1)
    if body is None:
        return None
    lines = max(1, head.count(b"\n", body))
    return CsvSource(
        Path(path.name).stem,
        columns,
        _filled(delimited.relation(found, columns), columns),
        rows=round((survey.size - body) * lines / max(1, len(head) - body)),
        row="row_number() over () - 1",
        path=path,
        body=body,
        reader=reader,
    )


def regular(path: Path) -> Detection | None:
    """How the lines of a CSV file are written; None where they are not as regular as a strict reader wants them."""
    with path.open("rb") as file:
        return _detected(path, _survey(file.read(HEAD), path.stat().st_size))


def _detected(path: Path, survey: Survey) -> Detection | None:
    if not survey.utf8 or survey.nulls or survey.marks or survey.lone_returns or not survey.line_feeds:
        return None
    try:
        found = detection.detect(Upload(path, path.name), path.parent, Options(), survey)
    except InputRefused:
        return None
    if found.irregular or found.drawing or not found.rows or found.text != path or found.dialect.newline != "\n":
        return None
    return found


def _filled(relation: str, columns: tuple[Column, ...]) -> str:
    """The rows that hold anything, as intake keeps them."""
    keys = ", ".join(duck.col(c) for c in columns)
    return f"(select * from {relation} where coalesce({keys}) is not null)"


def _struct(columns: tuple[Column, ...]) -> str:
    return ", ".join(f"{duck.text(c.key)}: 'VARCHAR'" for c in columns)


def _offset(head: bytes, lines: int) -> int | None:
    """The byte after so many lines; None where the head has fewer."""
    place = 3 if head.startswith(codecs.BOM_UTF8) and not lines else 0
    for _ in range(lines):
        place = head.find(b"\n", place) + 1
        if not place:
            return None
    return place


def _survey(head: bytes, size: int) -> Survey:
    """What a file's head says of its bytes. The engine's strict reader finds out about the rest."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
        utf8 = True
    except UnicodeDecodeError:
        utf8 = False
    return Survey(
        sha256="",
        size=size,
        line_feeds=head.count(b"\n"),
        returns=head.count(b"\r"),
        returns_before_feeds=head.count(b"\r\n"),
        nulls=head.count(b"\0"),
        marks=head.count(LATER_BOM),
        utf8=utf8,
        endless=b"\n" not in head,
    )
