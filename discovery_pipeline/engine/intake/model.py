"""What intake hands on: tables, what was refused, and what could not be read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from discovery_pipeline.engine.findings import Finding
from discovery_pipeline.engine.tables import Located, Table

TOP_ROWS, TOP_CELLS, TOP_TEXT = 25, 12, 60
"""What is kept of a table's first rows, for people to look at: rows, cells of a row, characters of a cell."""
WIDEST = 2_000
"""Columns of one table; DuckDB writes wider ones only with more memory than it is given."""


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


class Choice(BaseModel):
    """How people want one file to be read, or one sheet of a workbook; what they leave open is detected."""

    model_config = ConfigDict(frozen=True)

    file: str = Field(description="as it is named in the intake")
    sheet: str | None = None
    options: Options = Options()
    left_out: bool = Field(default=False, description="the sheet isn't read")


class TopRow(BaseModel):
    """A row at the top of a file or sheet, before anything is made of it."""

    model_config = ConfigDict(frozen=True)

    line: int = Field(ge=1, description="line (CSV) or row (sheets) in the source")
    cells: tuple[str, ...] = Field(description="the first ones, cut off where they are long")
    width: int = Field(ge=0, description="how many cells there are")

    @classmethod
    def of(cls, line: int, cells: Sequence[str]) -> TopRow:
        """The row as it is shown."""
        return cls(line=line, cells=tuple(cell[:TOP_TEXT] for cell in cells[:TOP_CELLS]), width=len(cells))


class Glimpse(BaseModel):
    """The first rows of a file or sheet in which no table was found, and what was made of them."""

    model_config = ConfigDict(frozen=True)

    top: tuple[TopRow, ...]
    encoding: str | None = None
    delimiter: str | None = None
    header_rows: int = 0
    preamble_rows: int = 0
    reasons: tuple[str, ...] = ()


class Sheet(BaseModel):
    """One sheet of a workbook, and whether a table was read from it."""

    model_config = ConfigDict(frozen=True)

    name: str
    read: bool
    why: str = Field(default="", description="why no table was read from it")
    glimpse: Glimpse | None = Field(default=None, description="where no table was found in what stands there")


class TableRead(BaseModel):
    """One table as it was found in a file, and how it was read."""

    model_config = ConfigDict(frozen=True)

    table: Table
    rejected_count: int = Field(ge=0, description="rows kept in `rejected` because they can't be read")
    encoding: str | None = None
    marked: bool = Field(default=False, description="whether it is UTF-8 that starts with a byte order mark")
    delimiter: str | None = None
    quote: str | None = None
    escape: str | None = None
    header_rows: int = 1
    preamble_rows: int = 0
    top: tuple[TopRow, ...] = Field(default=(), description="the first rows as they came, those left out included")
    reasons: tuple[str, ...] = Field(default=(), description="why it was read this way, a sentence a decision")
    findings: tuple[Finding, ...] = ()

    @property
    def above(self) -> tuple[str, ...]:
        """What stands above the header, cell by cell; two cells of a row are one text: "Region: eu-west-1"."""
        rows = self.top[: self.preamble_rows]
        filled = [[cell for cell in row.cells if cell.strip()] for row in rows]
        return tuple(text for cells in filled for text in ([": ".join(cells)] if len(cells) == 2 else cells))


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
    sheets: tuple[Sheet, ...] = Field(default=(), description="of a workbook, all of them")
    glimpse: Glimpse | None = Field(default=None, description="of a text that was refused for how it is laid out")

    @property
    def legible(self) -> bool:
        """Whether it was read, or may be once somebody says where its table lies."""
        return self.status == "read" or bool(self.glimpse) or any(sheet.glimpse for sheet in self.sheets)


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
    def stated(self) -> dict[str, tuple[str, ...]]:
        """What stands above each table, by the table's name."""
        return {read.table.name: read.above for file in self.files for read in file.tables if read.above}

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings of all tables, in order."""
        return tuple(f for file in self.files for read in file.tables for f in read.findings)
