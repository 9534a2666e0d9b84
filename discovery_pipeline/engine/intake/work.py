"""Work: what the files of one intake share: where things go, which names are taken, what was rejected."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

import duckdb

from discovery_pipeline.engine.intake.model import Choice, Glimpse, Options, Sheet
from discovery_pipeline.engine.intake.spool import Spool
from discovery_pipeline.engine.tables import Source
from discovery_pipeline.errors import InputRefused

RAW = 100_000
"""Characters kept of the text of a rejected row."""


@dataclass(frozen=True, slots=True)
class Upload:
    """One file to read, and the name it came under."""

    path: Path
    file: str  # as the user named it, without folders

    @property
    def stem(self) -> str:
        """The name without its last suffix; what its tables are called."""
        return Path(self.inner).stem or self.file

    @property
    def inner(self) -> str:
        """The name without what gzip put behind it."""
        return self.file[:-3] if self.file.lower().endswith(".gz") else self.file

    def source(self, sha256: str, sheet: str | None = None) -> Source:
        """Where a table of this file comes from."""
        return Source(file=self.file, sheet=sheet, sha256=sha256, byte_size=self.path.stat().st_size)


class NoTable(InputRefused):
    """The file is sound, but no table was found where one was looked for."""

    def __init__(
        self, upload: Upload, reason: str, action: str, glimpse: Glimpse | None = None, sheets: Sequence[Sheet] = ()
    ) -> None:
        super().__init__(upload.file, reason, action)
        self.glimpse, self.sheets = glimpse, tuple(sheets)


@dataclass(slots=True)
class Work:
    """One call of intake, while it runs."""

    con: duckdb.DuckDBPyConnection
    into: Path
    scratch: Path
    rejects: Spool
    options: Options
    chosen: Sequence[Choice] = ()
    names: set[str] = field(default_factory=set)
    drafts: Iterator[int] = field(default_factory=count)

    def on(self, file: str, sheet: str | None = None) -> Work:
        """The same work, with what was chosen for a file, or for a sheet of it."""
        said = next((c.options for c in self.chosen if (c.file, c.sheet) == (file, sheet)), None)
        if said is None:
            return self
        return replace(self, options=self.options.model_copy(update=said.model_dump(exclude_defaults=True)))

    def leaves_out(self, file: str) -> set[str]:
        """Sheets of a workbook that aren't wanted."""
        return {c.sheet for c in self.chosen if c.file == file and c.sheet is not None and c.left_out}

    def named(self, wanted: str) -> str:
        """The wanted table name, or a numbered one where another table of this call has it."""
        name, n = wanted, 2
        while name in self.names:
            name, n = f"{wanted}_{n}", n + 1
        self.names.add(name)
        return name

    def place(self, name: str) -> Path:
        """The Parquet file of a table of that name; nothing in the name leads out of the folder."""
        plain = re.sub(r"[^\w-]+", "_", name, flags=re.ASCII).strip("_")[:60] or "table"
        path, n = self.into / f"{plain}.parquet", 2
        while path.name in ("rejected.parquet",) or path.exists():
            path, n = self.into / f"{plain}_{n}.parquet", n + 1
        return path

    def draft(self, suffix: str) -> Path:
        """A new path in the scratch folder."""
        return self.scratch / f"{next(self.drafts)}{suffix}"

    def reject(self, file: str, table: str, line: int, reason: str, raw: str) -> None:
        """Keep a row that can't be read."""
        self.rejects.add(line, (file, table, reason, raw[:RAW]))
