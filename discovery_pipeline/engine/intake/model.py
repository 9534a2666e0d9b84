"""What intake hands on: tables, what was refused, and what could not be read."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from discovery_pipeline.engine.findings import Finding
from discovery_pipeline.engine.tables import Located, Table


class Options(BaseModel):
    """What the caller knows better than detection; None where detection decides."""

    model_config = ConfigDict(frozen=True)

    delimiter: str | None = Field(default=None, min_length=1, max_length=4)
    quote: str | None = Field(default=None, max_length=1, description="empty: nothing is quoted")
    escape: str | None = Field(default=None, max_length=1, description="the quote itself where quotes are doubled")
    encoding: str | None = Field(default=None, description="a codec that Python knows, e.g. cp1252")
    header_rows: int | None = Field(default=None, ge=0, le=20, description="0: the file has no header")
    skip_rows: int | None = Field(default=None, ge=0, description="lines above the header")
    sheets: tuple[str, ...] = Field(default=(), description="only these sheets of a workbook; empty: all")
    keep_rowless: bool = Field(default=False, description="take a table that has a header and no rows")


class TableRead(BaseModel):
    """One table as it was found in a file, and how it was read."""

    model_config = ConfigDict(frozen=True)

    table: Table
    rejected_count: int = Field(ge=0, description="rows kept in `rejected` because they can't be read")
    encoding: str | None = None
    delimiter: str | None = None
    quote: str | None = None
    escape: str | None = None
    header_rows: int = 1
    preamble_rows: int = 0
    reasons: tuple[str, ...] = Field(default=(), description="why it was read this way, a sentence a decision")
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
