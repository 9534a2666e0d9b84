"""Drafts: the contract of a target of the user's own, from a sample, a DDL or a JSON Schema.

A draft says what its source says. A sample says little for certain, so a person reads the draft before it is used.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from discovery_pipeline.engine.tables import Tables
from discovery_pipeline.engine.targets.contract import Target, TargetTable
from discovery_pipeline.engine.targets.drafting import json_schema, samples
from discovery_pipeline.engine.targets.drafting.parts import plain
from discovery_pipeline.errors import TargetError

_TO_DO = "A draft: correct types, units, required fields and allowed values before you rely on it."
_DDL = (".sql", ".ddl")
_DOCUMENT = (".json", ".yaml", ".yml")


def describes(path: Path) -> bool:
    """Whether a file says of tables what is in them, instead of holding rows: a DDL, a JSON Schema, OpenAPI."""
    kind = path.suffix.lower()
    return kind in (*_DDL, ".yaml", ".yml") or (kind == ".json" and json_schema.is_schema(path))


def draft(description: Path, name: str | None = None) -> Target:
    """A contract drafted from a DDL (.sql), or from a JSON Schema or OpenAPI document (.json, .yaml).

    Raises
    ------
    TargetError
        The file can't be read as what its name says.
    """
    called = plain(name or description.stem)
    if description.suffix.lower() in _DOCUMENT:
        tables, notes = json_schema.tables(_text(description), description, called)
        return _target(description, name, tables, *notes)
    from discovery_pipeline.engine.targets.drafting import ddl  # and sqlglot with it

    tables, notes = ddl.tables(_text(description), description)
    return _target(description, name, tables, *notes)


def draft_of_rows(con: duckdb.DuckDBPyConnection, tables: Tables, sample: Path, name: str | None = None) -> Target:
    """A contract drafted from the tables that were read from a sample."""
    return _target(sample, name, samples.tables(con, tables, plain(name or sample.stem)))


def _target(origin: Path, name: str | None, tables: tuple[TargetTable, ...], *notes: str) -> Target:
    return Target(
        name=plain(name or origin.stem), title=name or origin.stem, source=f"drafted from {origin.name}",
        tables=tables, note=" ".join((_TO_DO, *notes)),
    )  # fmt: skip


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise TargetError(f"{path}: can't be read ({error}).") from None
