"""JSON documents and JSON Lines: records become rows, nested objects become dotted columns.

Numbers keep the digits they were written with. A document is valid as a whole or refused; in JSON
Lines each line stands alone, and one that can't be read is rejected.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any

from discovery_pipeline.engine.findings import Finding
from discovery_pipeline.engine.intake import encodings, grids, shapes
from discovery_pipeline.engine.intake.encodings import Encoding
from discovery_pipeline.engine.intake.grids import Grid
from discovery_pipeline.engine.intake.json_text import Invalid, Values, as_text, parse
from discovery_pipeline.engine.intake.kinds import Kind
from discovery_pipeline.engine.intake.model import WIDEST, TableRead
from discovery_pipeline.engine.intake.notes import note
from discovery_pipeline.engine.intake.spool import Spool
from discovery_pipeline.engine.intake.work import Upload, Work
from discovery_pipeline.engine.phrases import counted
from discovery_pipeline.engine.tables import Column, Source, Table, columns_named
from discovery_pipeline.errors import InputRefused

DEEPEST = 6
"""Levels of nested objects that become columns; what lies deeper stays JSON text."""
LINE = 32 << 20
"""Characters of one line of JSON Lines."""
_NOTHING = (None, "", "{}")
"""What stands where there is no object."""


@dataclass(slots=True)
class Part:
    """One array of a document (or its lines), and what its table wants to be called."""

    name: str
    rejected: int = 0
    faults: list[str] = field(default_factory=list)
    pages: int = 0  # objects that were pages of records


def read(work: Work, upload: Upload, kind: Kind) -> list[TableRead]:
    """All tables of a document.

    Raises
    ------
    InputRefused
        Where it is not valid JSON, or holds no records.
    """
    survey = encodings.survey(upload.path)
    text, encoding, strays = _as_utf8(work, upload, survey)
    source = upload.source(survey.sha256)
    try:
        lines = kind is Kind.JSON_LINES or _is_lines(text)
        tables = [_lines(work, upload, text, source)] if lines else _document(work, upload, text, source)
    except Invalid as error:
        what = f"It is not valid JSON: {error}."
        raise InputRefused(upload.file, what, "Export it again, or mend it there.") from None
    return [_with_encoding(table, encoding, strays) for table in tables]


def _with_encoding(table: TableRead, encoding: Encoding, strays: int) -> TableRead:
    """The table with what is known of the text it came from."""
    findings = list(table.findings)
    if strays:
        what = f"{counted(strays, 'line')} not valid UTF-8; read as Windows-1252."
        findings.append(note(table.table.name, "mixed_encodings", strays, what))
    return table.model_copy(update={"encoding": encoding.name, "findings": tuple(findings)})


def _as_utf8(work: Work, upload: Upload, survey: encodings.Survey) -> tuple[Path, Encoding, int]:
    """The text itself or a copy in UTF-8, its encoding, and how many lines of it were not valid.

    JSON is UTF-8 or has a byte order mark; nothing is guessed from its letters.
    """
    with upload.path.open("rb") as stream:
        encoding = encodings.detect(stream.read(1 << 16), utf8=True)
    if encoding.codec.startswith("utf-8") and survey.utf8:
        return upload.path, encoding, 0
    copy = work.draft(".json")
    strays, _ = encodings.rewritten(upload.path, encoding, copy)
    return copy, encoding, strays


def _is_lines(text: Path) -> bool:
    """Whether a text is one JSON object a line: the first line is whole, and the next starts another."""
    with text.open(encoding="utf-8-sig") as stream:
        first = stream.readline(LINE).strip()
        second = stream.readline(LINE).strip()
    if not (first.startswith("{") and second.startswith("{")):
        return False
    try:
        return isinstance(parse(first), dict)
    except Invalid:
        return False


def _document(work: Work, upload: Upload, text: Path, source: Source) -> list[TableRead]:
    parts, about = _parts(text)
    if not parts:
        raise InputRefused(upload.file, "It is valid JSON, but holds no records.", "Export a list of objects.")
    inner = shapes.enveloped(about) if parts == [(None, dict)] and _is_object(text) else None
    tables = []
    header = _header(about) if set(parts) == {(None, dict), (parts[0][0], list)} else []
    for key, shape in parts[:1] if header else parts:
        name = upload.stem if key is None or len(parts) == 1 or header else f"{upload.stem}.{key}"
        values = partial(_elements, text, key)
        if shape is list:
            found = grids.read(work, upload, Grid(name, source, partial(_grid_rows, values, header)))
        else:
            rows = _rows(text, values()) if len(parts) == 1 else values()
            rows = [shapes.without_lists(about)] if inner else rows
            found = _records(work, upload, Part(name), enumerate(rows, 1), source)
        if isinstance(found, TableRead):
            tables.append(found)
    if inner:
        found = _records(work, upload, Part(f"{upload.stem}.{inner[0]}"), enumerate(inner[1], 1), source)
        tables += [found] if found else []
    if not tables:
        raise InputRefused(upload.file, "It is valid JSON, but holds no records.", "Export a list of objects.")
    return tables


def _parts(text: Path) -> tuple[list[tuple[str | None, type]], Any]:
    """The arrays of a document that hold records, None for the document's own, else their keys; and its own value."""
    found: dict[str | None, type] = {}
    about = None
    with text.open(encoding="utf-8-sig") as stream:
        for key, value in Values(stream).items():
            if isinstance(value, dict | list) or key not in found:
                found.setdefault(key, type(value))
            about = value if key is None and about is None else about
    tables = {key: shape for key, shape in found.items() if shape in (dict, list)}
    return list(tables.items()) or [(key, shape) for key, shape in found.items() if key is None], about


def _elements(text: Path, wanted: str | None) -> Iterator[Any]:
    with text.open(encoding="utf-8-sig") as stream:
        for key, value in Values(stream).items():
            if key == wanted:
                yield value


def _rows(text: Path, values: Iterator[Any]) -> Iterator[Any]:
    """The records of a part; an object that is the whole document may itself be a table."""
    first = list(islice(values, 2))
    if len(first) == 1 and isinstance(first[0], dict) and _is_object(text):
        first = shapes.records(first[0]) or first
    yield from chain(first, values)


def _is_object(text: Path) -> bool:
    with text.open(encoding="utf-8-sig") as stream:
        return Values(stream).opening == "{"


def _header(about: dict[str, Any]) -> list[str]:
    """The columns that a document names beside lists of values, as pandas' split form does; none where it says more."""
    named = about.get("columns") if about.keys() <= {"columns", "index"} else None
    return named if isinstance(named, list) and all(isinstance(name, str) for name in named) else []


def _grid_rows(values: Any, header: list[str]) -> Iterator[grids.Row]:
    for number, value in enumerate(chain([header] if header else (), values()), 1):
        cells = value if isinstance(value, list) else [value]
        yield number, [as_text(cell) or "" for cell in cells]


def _lines(work: Work, upload: Upload, text: Path, source: Source) -> TableRead:
    part = Part(upload.stem)
    found = _records(work, upload, part, _parsed_lines(work, upload, text, part), source)
    if found is None:
        what = f"None of its lines is a JSON object{f': {part.faults[0]}' if part.faults else ''}."
        raise InputRefused(upload.file, what, "Export one object a line.")
    return found


def _parsed_lines(work: Work, upload: Upload, text: Path, part: Part) -> Iterator[tuple[int, Any]]:
    with text.open(encoding="utf-8-sig", newline="\n") as stream:
        number = 0
        while line := stream.readline(LINE):
            number += 1
            if not line.strip():
                continue
            try:
                value = parse(line)
            except Invalid as error:
                part.rejected += 1
                if len(part.faults) < 5:
                    part.faults.append(f"line {number}: {error}")
                work.reject(upload.file, part.name, number, f"not valid JSON: {error}", line.rstrip("\r\n"))
                continue
            yield number, value


def _records(
    work: Work, upload: Upload, part: Part, values: Iterable[tuple[int, Any]], source: Source
) -> TableRead | None:
    """A table of records: a column for each path that any of them has, in the order of first sight."""
    places: dict[str, int] = {}
    held: set[str] = set()
    with Spool(work.draft(".csv")) as spool:
        for number, value in _unpaged(part, values):
            flat = flattened(value)
            if not any(cell not in (None, "") for cell in flat.values()):
                continue
            for path in flat:
                places.setdefault(path, len(places))
            if len(places) > WIDEST:
                what = f"Its records have more than {WIDEST:,} different fields."
                raise InputRefused(upload.file, what, "Export records that share their fields.")
            cells: list[str | None] = [None] * len(places)
            for path, cell in flat.items():
                cells[places[path]] = cell
                if cell not in _NOTHING:
                    held.add(path)
            spool.add(number, cells)
        if not spool.rows:
            return None
        # Half a surrogate pair is legal in JSON and in no encoding of text.
        every = columns_named([path.encode("utf-8", "backslashreplace").decode() for path in places])
        columns = _valued(every, list(places), held)
        name = work.named(part.name)
        place = work.place(name)
        rows = spool.to_parquet(work.con, every, place, kept=columns, ragged=True)
    table = Table(name=name, path=place, columns=columns, row_count=rows, source=source)
    return TableRead(
        table=table,
        rejected_count=part.rejected,
        reasons=("Each object is a row; each path to a value is a column.",),
        findings=tuple(_findings(name, part)),
    )


def _unpaged(part: Part, values: Iterable[tuple[int, Any]]) -> Iterator[tuple[int, Any]]:
    """The records themselves, where each value is a page of them."""
    for number, value in values:
        key = shapes.page(value)
        part.pages += bool(key)
        if key:
            yield from ((number, record) for record in value[key])
        else:
            yield number, value


def _valued(columns: Sequence[Column], paths: Sequence[str], held: AbstractSet[str]) -> tuple[Column, ...]:
    """The columns, without those that never hold a value where other records have an object: it is what they lack."""
    objects = {path[:at] for path in paths for at, mark in enumerate(path) if mark == "."}
    kept = [column for column, path in zip(columns, paths, strict=True) if path in held or path not in objects]
    return tuple(column.model_copy(update={"position": at}) for at, column in enumerate(kept))


def _findings(name: str, part: Part) -> Iterator[Finding]:
    if part.rejected:
        what = f"{counted(part.rejected, 'line')} not valid JSON."
        yield note(name, "rejected_rows", part.rejected, what, part.faults)
    if part.pages:
        yield note(
            name, "pages", part.pages, f"{counted(part.pages, 'object')} a page of records; the records are the rows."
        )


def flattened(value: Any) -> dict[str, str | None]:
    """Paths to values: nested objects become dotted paths, arrays JSON text; not an object: the path 'value'."""
    if not isinstance(value, dict):
        return {"value": as_text(value)}
    flat: dict[str, str | None] = {}
    _flatten(value, "", flat, 1)
    return flat


def _flatten(value: dict[str, Any], prefix: str, flat: dict[str, str | None], depth: int) -> None:
    for key, inner in value.items():
        path = f"{prefix}{key}"
        if isinstance(inner, dict) and inner and depth < DEEPEST:
            _flatten(inner, f"{path}.", flat, depth + 1)
            continue
        while path in flat:
            path += "_2"
        flat[path] = as_text(inner)
