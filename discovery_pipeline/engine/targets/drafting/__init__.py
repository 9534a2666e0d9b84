"""Drafts: the contract of a target of the user's own, from a sample, a DDL or a JSON Schema.

A draft says what its source says. A sample says little for certain, so a person reads the draft before it is used.
"""

from __future__ import annotations

from pathlib import Path

from discovery_pipeline.engine.targets.contract import Target
from discovery_pipeline.engine.targets.drafting import json_schema, samples
from discovery_pipeline.engine.targets.drafting.parts import plain
from discovery_pipeline.errors import TargetError

_TO_DO = "A draft: correct types, units, required fields and allowed values before you rely on it."


def draft(sample: Path, name: str | None = None) -> Target:
    """A contract drafted from a sample (CSV, TSV), a DDL (.sql), or a JSON Schema or OpenAPI document (.json).

    Raises
    ------
    TargetError
        The file can't be read as what its name says.
    """
    called = plain(name or sample.stem)
    kind = sample.suffix.lower()
    notes: tuple[str, ...] = ()
    if kind in (".sql", ".ddl"):
        from discovery_pipeline.engine.targets.drafting import ddl  # and sqlglot with it

        tables = ddl.tables(_text(sample), sample)
    elif kind == ".json":
        tables, notes = json_schema.tables(_text(sample), sample, called)
    else:
        tables = (samples.table(sample, called),)
    return Target(
        name=called, title=name or sample.stem, source=f"drafted from {sample.name}", tables=tables,
        note=" ".join((_TO_DO, *notes)),
    )  # fmt: skip


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise TargetError(f"{path}: can't be read ({error}).") from None
