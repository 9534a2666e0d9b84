"""What intake hands on: tables, what was refused, and what could not be read."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from discovery_pipeline.engine.findings import Finding
from discovery_pipeline.engine.tables import Located, Table


class TableRead(BaseModel):
    """One table as it was found in a file, and how it was read."""

    model_config = ConfigDict(frozen=True)

    table: Table
    rejected_count: int = Field(ge=0, description="rows kept in `rejected` because they can't be read")
    encoding: str | None = None
    delimiter: str | None = None
    quote: str | None = None
    header_rows: int = 1
    preamble_rows: int = 0
    findings: tuple[Finding, ...] = ()


class FileRead(BaseModel):
    """One file: read, or refused with a reason."""

    model_config = ConfigDict(frozen=True)

    file: str
    status: Literal["read", "refused"]
    reason: str | None = None
    media_type: str | None = None
    sha256: str = ""
    byte_size: int = 0
    tables: tuple[TableRead, ...] = ()


class Intake(BaseModel):
    """Everything that came in with one call."""

    model_config = ConfigDict(frozen=True)

    files: tuple[FileRead, ...]
    rejected: Located = Field(
        description="Parquet, one row an unreadable row: file, table, line (bigint), reason, raw; always there"
    )

    @property
    def tables(self) -> tuple[Table, ...]:
        """All tables of all files, in order."""
        return tuple(read.table for file in self.files for read in file.tables)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings of all tables, in order."""
        return tuple(f for file in self.files for read in file.tables for f in read.findings)
