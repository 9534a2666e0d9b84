"""The bundle: what stands beside the target files, for people and for the next run.

A CSV for people is opened in a spreadsheet sooner or later; nothing in it can run there.
"""

from __future__ import annotations

from collections.abc import Mapping as Named
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
from pydantic import BaseModel

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.cleansing.log import inert
from discovery_pipeline.engine.cleansing.model import PATCH_COLUMNS
from discovery_pipeline.engine.delivery import mappings
from discovery_pipeline.engine.delivery.files import digest
from discovery_pipeline.engine.delivery.model import Manifest, ManifestFile
from discovery_pipeline.engine.mapping.model import Mapping
from discovery_pipeline.engine.validation.model import Verdict

MANIFEST = "manifest.json"
_REJECTED = ("target", "table", "file", "line", "reasons", "record")


@dataclass(frozen=True, slots=True)
class Bundle:
    """What goes beside the target files."""

    verdicts: tuple[Verdict, ...]
    mappings: tuple[Mapping, ...]
    unreadable: Path | None = None  # Parquet of rows that intake could not read
    patches: tuple[Path, ...] = ()  # Parquet of cells that cleansing changed; the verdicts' own are added
    documents: Named[str, BaseModel | str] = field(default_factory=dict)  # profile.json, report.html, … by name


def bundle(con: duckdb.DuckDBPyConnection, contents: Bundle, into: Path) -> Manifest:
    """Write rejected_rows.csv, patches.csv, mapping.yaml and the documents into `into`, and a manifest of all there."""
    into.mkdir(parents=True, exist_ok=True)
    _for_people(con, _rejected(contents), into / "rejected_rows.csv")
    _for_people(con, _patches(contents), into / "patches.csv")
    (into / "mapping.yaml").write_text(mappings.written(contents.mappings), encoding="utf-8")
    for name, document in contents.documents.items():
        text = document if isinstance(document, str) else document.model_dump_json(indent=1) + "\n"
        (into / name).write_text(text, encoding="utf-8")
    return signed(into)


def signed(folder: Path) -> Manifest:
    """Write the manifest of a folder: every file in it, with its size and SHA-256."""
    manifest = Manifest(
        made_by="discovery_pipeline",
        files=tuple(
            ManifestFile(path=f.relative_to(folder).as_posix(), byte_size=f.stat().st_size, sha256=digest(f))
            for f in sorted(folder.rglob("*"))
            if f.is_file() and f != folder / MANIFEST
        ),
    )
    (folder / MANIFEST).write_text(manifest.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return manifest


def _rejected(contents: Bundle) -> str:
    """Rows that a target does not take, by target; then those that nobody could read, which concern every target."""
    logs = [(v.rejected, "target, reasons, record") for v in contents.verdicts]
    if contents.unreadable:
        logs.append((contents.unreadable, "NULL AS target, reason AS reasons, raw AS record"))
    texts = {c: f"{inert(duck.name(c))} AS {duck.name(c)}" for c in _REJECTED if c != "line"}
    shown = ", ".join(texts.get(c, c) for c in _REJECTED)
    every = [f'SELECT "table", file, line, {more} FROM {duck.parquet(log)}' for log, more in logs]
    return f"SELECT {shown} FROM ({' UNION ALL '.join(every) or _none(*_REJECTED)})"


def _patches(contents: Bundle) -> str:
    """What cleansing changed, then what validation left out."""
    logs = (*contents.patches, *(v.patches for v in contents.verdicts))
    named = ", ".join(duck.name(c) for c in PATCH_COLUMNS)
    every = [f"SELECT {named} FROM {duck.parquet(log)}" for log in logs]
    plain = ("row", "confidence")
    shown = ", ".join(duck.name(c) if c in plain else f"{inert(duck.name(c))} AS {duck.name(c)}" for c in PATCH_COLUMNS)
    return f"SELECT {shown} FROM ({' UNION ALL '.join(every) or _none(*PATCH_COLUMNS)})"


def _none(*columns: str) -> str:
    """No rows of these columns."""
    return f"SELECT {', '.join(f'NULL::VARCHAR AS {duck.name(c)}' for c in columns)} LIMIT 0"


def _for_people(con: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    """Write rows in their order, which DuckDB keeps."""
    con.execute(f"COPY ({query}) TO {duck.text(str(path))} (FORMAT csv, HEADER, QUOTE '\"', ESCAPE '\"', NULLSTR '')")
