"""Checking: what is wrong with a contract although each part of it has the right type, one sentence each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from discovery_pipeline.engine import patterns
from discovery_pipeline.engine.targets.contract import PLACE, Target, TargetField, TargetTable

NAME = re.compile(r"[^\x00-\x1f\x7f,/\\+]{1,64}")
"""Names of targets: they stand in lists, addresses and names of folders."""
FIELDS = 2_000
PLACES = 2
"""Keys that one name takes. A header is compared with all the ways to part it among them."""
OURS = frozenset({"__feed", "__line", "__row", "__source", "__table", "__whole", "file_row_number"})
"""Columns that stand beside a target's own while rows are judged and written."""


def faults(target: Target) -> tuple[str, ...]:
    """What is wrong with it; empty where it can be worked with."""
    return tuple(_faults(target))


def _faults(target: Target) -> Iterator[str]:
    if not NAME.fullmatch(target.name):
        yield "name: one line of at most 64 characters, without commas, slashes and plus signs."
    if len(target.delimiter) != 1 or target.delimiter in '"\r\n':
        yield "delimiter: one character, and no quote."
    if target.line_terminator not in ("\n", "\r\n"):
        yield 'line_terminator: "\\n" or "\\r\\n".'
    if not target.tables:
        yield "tables: there is none."
    yield from (f"tables: {name!r} stands twice." for name in _twice(table.name for table in target.tables))
    yield from (f"tables: two write {file!r}." for file in _twice(table.file for table in target.tables))
    for table in target.tables:
        yield from (f"{table.name}: {wrong}" for wrong in _wrong_with(table, target))


def _wrong_with(table: TargetTable, target: Target) -> Iterator[str]:
    if not below(table.file):
        yield f"file: {table.file!r} is no path below the folder of results."
    if not 0 < len(table.fields) <= FIELDS:
        yield f"fields: there are {len(table.fields):,}; a table has one at least, and at most {FIELDS:,}."
    yield from (f"fields: {name!r} stands twice." for name in _twice(field.name for field in table.fields))
    if any(most is not None and most < 1 for most in (table.max_rows, table.max_bytes)):
        yield "max_rows and max_bytes: one at least."
    for field in table.fields:
        yield from (f"{field.name or 'a field'}: {wrong}" for wrong in _wrong_with_field(field, target))
    for rule in table.rules:
        named = dict.fromkeys((*rule.fields, *(name for group in rule.groups for name in group)))
        yield from (f"rules: {rule.kind}: there is no field {name!r}." for name in named if not _has(table, name))


def _wrong_with_field(field: TargetField, target: Target) -> Iterator[str]:
    if not field.name.strip() or not field.name.isprintable():
        yield "a name is one line of text."
    if field.keyed and len(PLACE.findall(field.name)) > PLACES:
        yield f"a name takes at most {PLACES} keys."
    if field.name.casefold() in OURS:
        yield "a field can't be called so: the rows carry a column of that name until they are written."
    for pattern in (field.pattern, *(p for each in field.vocabulary_patterns.values() for p in each)):
        if pattern is not None and (why := patterns.fault(pattern)):
            yield f"{pattern!r} is no regular expression (RE2: {why})."
    if field.minimum is not None and field.maximum is not None and field.minimum > field.maximum:
        yield "minimum is above maximum."
    if field.references:
        name, _, column = field.references.partition(".")
        if not any(table.name == name and _has(table, column) for table in target.tables):
            yield f"references: there is no {field.references!r}."


def below(file: str) -> bool:
    """Whether a file's path stays below the folder that it is written into."""
    place = PurePosixPath(file)
    inside = place.name and not place.is_absolute() and ".." not in place.parts
    return bool(inside) and file.isprintable() and "\\" not in file


def _has(table: TargetTable, name: str) -> bool:
    return any(field.name == name or field.stands_for(name) for field in table.fields)


def _twice(names: Iterable[str]) -> list[str]:
    seen = list(names)
    return sorted({name for name in seen if seen.count(name) > 1})
