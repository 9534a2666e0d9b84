"""File types: which uploads are read, by name and by content."""

from __future__ import annotations

from pathlib import Path

from discovery_pipeline.engine.intake.kinds import ForeignFile, Kind, kind_of
from discovery_pipeline.errors import InputRefused
from discovery_pipeline.web.faults import UnknownFileType, UploadUnreadable

READ = frozenset({
    ".csv", ".tsv", ".tab", ".psv", ".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".json", ".jsonl", ".ndjson", ".geojson",
    ".parquet", ".pq", ".zip",
})  # fmt: skip
"""Suffixes of what is read, as it is or packed by gzip."""
PACKED = ".gz"
OPEN = frozenset({"", ".txt", ".dat", ".asc", ".out", ".export"})
"""Suffixes that say nothing: the content has to look like a table."""
DELIMITERS = b",;\t|"
TELLING = 3
"""Lines that have to hold the same number of one delimiter."""
TAKEN = "CSV, TSV, XLSX, JSON, JSON Lines, Parquet and ZIP or gzip of these are read"


def check(path: Path, name: str) -> Kind:
    """What the file is.

    Raises
    ------
    UnknownFileType
        It is of a type that isn't read, by its name or by its content.
    UploadUnreadable
        It is empty, or a damaged archive.
    """
    suffix = Path(name).suffix.lower()
    try:
        kind = kind_of(path)
    except ForeignFile as refusal:
        raise UnknownFileType(f"Invalid file type: {name}: {refusal.reason} {refusal.action} {TAKEN}.") from None
    except InputRefused as refusal:
        _known(suffix, name)
        reason = f"{refusal.reason} {refusal.action}"
        raise UploadUnreadable(f"{name}: {reason}", errors=[{"file": name, "line": 1, "reason": reason}]) from None
    _known(suffix, name)
    if suffix in OPEN and kind is Kind.DELIMITED and not _tabular(path):
        raise UnknownFileType(f"Invalid file type: {name} holds no columns that could be told apart. {TAKEN}.")
    return kind


def _known(suffix: str, name: str) -> None:
    if suffix == PACKED and Path(name).with_suffix("").suffix.lower() in READ - {".zip"}:
        return
    if suffix not in READ | OPEN:
        raise UnknownFileType(f"Invalid file type: {name} ends in {suffix}. {TAKEN}.")


def _tabular(path: Path) -> bool:
    """Whether the first lines hold one delimiter equally often. UTF-16 holds its bytes, too."""
    with path.open("rb") as stream:
        lines = [line for line in (stream.readline(65_536) for _ in range(TELLING)) if line.strip(b"\r\n\x00 ")]
    return len(lines) > 1 and any(
        len({line.count(mark) for line in lines}) == 1 and lines[0].count(mark)
        for mark in (bytes([each]) for each in DELIMITERS)
    )
