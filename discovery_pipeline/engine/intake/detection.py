"""Detection: how a delimited text is to be read, found on its first lines, with reasons.

Encoding, dialect and layout in one value, each overruled by what the caller says.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from discovery_pipeline.engine.intake import dialects, drawn, encodings, layouts
from discovery_pipeline.engine.intake.encodings import Encoding, Survey
from discovery_pipeline.engine.intake.layouts import Layout
from discovery_pipeline.engine.intake.model import TOP_ROWS, WIDEST, Glimpse, Options, TopRow
from discovery_pipeline.engine.intake.records import LONGEST, Dialect, Reader, Record
from discovery_pipeline.engine.intake.values import filled
from discovery_pipeline.engine.intake.work import NoTable, Upload
from discovery_pipeline.errors import InputRefused

SAMPLE = 96 << 10
"""Characters that detection looks at; more, up to MOST, only where these are fewer than MANY lines."""
MANY = 30
MOST = 16 << 20
_TOO_WIDE = (
    f"It has more than {WIDEST:,} columns.",
    "Check the delimiter, or turn the table so that its columns are rows.",
)


@dataclass(frozen=True, slots=True)
class Detection:
    """How a delimited text is to be read: what a sample of it says, with reasons."""

    text: Path  # the file itself, or its UTF-8 copy
    survey: Survey  # of `text`
    encoding: Encoding
    dialect: Dialect
    layout: Layout
    names: tuple[str, ...]
    first_line: int  # physical line of the first row below the header
    preamble: tuple[str, ...]  # the lines above the header
    top: tuple[TopRow, ...]  # the first rows as they came
    rows: int  # rows of the sample below the header
    multiline: bool  # some record of the sample spans lines
    nulls: int  # NUL characters that were taken out
    strays: int  # lines read as Windows-1252 in a text of UTF-8
    undecodable: int  # characters that the encoding doesn't have
    irregular: bool  # the sample itself holds rows that a strict reader turns down
    reasons: tuple[str, ...]
    drawing: drawn.Drawing | None = None  # how it is to be rewritten first, where it is laid out for people's eyes

    @property
    def glimpse(self) -> Glimpse:
        """What is shown of the text where no table comes of it."""
        return Glimpse(
            top=self.top,
            encoding=self.encoding.name,
            delimiter=self.dialect.delimiter,
            header_rows=self.layout.header_rows,
            preamble_rows=self.layout.preamble,
            reasons=self.reasons,
        )


def detect(upload: Upload, scratch: Path, options: Options, survey: Survey) -> Detection:
    """How the text is to be read. Writes a UTF-8 copy into `scratch` where the text is in another encoding."""
    nulls = survey.nulls
    text, encoding, survey, (strays, undecodable) = _as_utf8(upload, scratch, options, survey)
    newline = "\r" if survey.lone_returns > survey.line_feeds else "\n"
    lines = _sample(text, newline)
    _check_width(upload, max((line.count(mark) for line in lines[:5] for mark in ",;\t|"), default=0) // 4)
    telling = [line for line in lines[options.skip_rows or 0 :] if len(line) <= SAMPLE] or lines[:1]
    verdict = dialects.detect(telling, newline, delimiter=options.delimiter, quote=options.quote, escape=options.escape)
    records = list(Reader(verdict.dialect, verdict.width).records(lines))
    layout = _layout(records, options)
    body = records[layout.body :]
    first = body[0].line if body else (records[-1].line + 1 if records else 1)
    rows = [record for record in body if filled(record.cells)]
    found = Detection(
        text=text,
        survey=survey,
        encoding=encoding,
        dialect=verdict.dialect,
        layout=layout,
        names=tuple(layout.names),
        first_line=first,
        preamble=tuple(r.raw for r in records[: layout.preamble] if r.cells),
        top=tuple(TopRow.of(r.line, r.cells) for r in records[:TOP_ROWS]),
        rows=len(rows),
        multiline=any("\n" in record.raw.rstrip("\n") for record in body),
        nulls=0 if encoding.codec.startswith(("utf-16", "utf-32")) else nulls,
        strays=strays,
        undecodable=undecodable,
        irregular=survey.endless
        or verdict.dialect.escape not in ("", verdict.dialect.quote)
        or any(record.fault or len(record.cells) != layout.width for record in body if record.cells),
        reasons=(encoding.reason, *verdict.reasons, *layout.reasons),
        drawing=drawn.drawing(telling) if options.delimiter is None and newline == "\n" else None,
    )
    if layout.width > WIDEST:
        raise NoTable(upload, *_TOO_WIDE, found.glimpse)
    return found


def _as_utf8(
    upload: Upload, scratch: Path, options: Options, survey: Survey
) -> tuple[Path, Encoding, Survey, tuple[int, int]]:
    """The text itself or a copy in UTF-8, its survey, and how many lines and characters had to be guessed."""
    if options.encoding:
        encoding = Encoding(encodings.check(options.encoding, upload.file), "Encoding given.")
    else:
        with upload.path.open("rb") as stream:
            encoding = encodings.detect(stream.read(SAMPLE), utf8=survey.utf8)
    if encoding.codec.startswith("utf-8") and survey.utf8 and not (survey.nulls or survey.marks):
        return upload.path, encoding, survey, (0, 0)
    copy = scratch / f"{survey.sha256[:16]}.txt"
    guessed = encodings.rewritten(upload.path, encoding, copy)
    return copy, encoding, encodings.survey(copy), guessed


def _sample(text: Path, newline: str) -> list[str]:
    """The first lines."""
    lines, size = [], 0
    with text.open(encoding="utf-8-sig", newline=newline) as stream:
        for line in physical_lines(stream, newline):
            lines.append(line)
            size += len(line)
            if size >= MOST or (size >= SAMPLE and len(lines) >= MANY):
                break
    return lines


def physical_lines(stream: TextIO, newline: str) -> Iterator[str]:
    """Lines; one longer than LONGEST comes cut."""
    while line := stream.readline(LONGEST):
        yield line
        while len(line) >= LONGEST and not line.endswith(newline):
            line = stream.readline(LONGEST)


def _check_width(upload: Upload, width: int) -> None:
    if width > WIDEST:
        raise InputRefused(upload.file, *_TOO_WIDE)


def _layout(records: list[Record], options: Options) -> Layout:
    rows = [record.cells for record in records]
    skip = None
    if options.skip_rows is not None:
        skip = next((i for i, record in enumerate(records) if record.line > options.skip_rows), len(records))
    return layouts.find(rows, options.header_rows, skip)
