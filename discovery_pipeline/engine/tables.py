"""Tables: the one shape in which data goes from stage to stage.

A table is a Parquet file whose source columns are all text (typing is a later stage's finding, so
"00123" stays "00123"), plus the line of the source each row came from. Which row is which is the
row's position in that file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer, SerializationInfo, ValidationInfo

LINE = "__line"
"""Physical column of every table's Parquet file: 1-based line (CSV, JSON Lines) or row (sheets) in the source."""


def _resolved(path: Path, info: ValidationInfo) -> Path:
    root = (info.context or {}).get("root")
    return Path(root) / path if root else path


def _relative(path: Path, info: SerializationInfo) -> str:
    root = (info.context or {}).get("root")
    return path.relative_to(root).as_posix() if root else str(path)


Located = Annotated[Path, AfterValidator(_resolved), PlainSerializer(_relative)]
"""A path that is written relative to `context["root"]` and read back below it, so that artifacts can move."""


class Column(BaseModel):
    """One column of a table."""

    model_config = ConfigDict(frozen=True)

    name: str = Field(description="the header verbatim; numbered where a header repeats, 'column_N' where empty")
    key: str = Field(description="name in the Parquet file: unique without regard to case")
    position: int = Field(ge=0)
    declared_type: str | None = Field(default=None, description="the type a typed source states, e.g. BIGINT")


class Source(BaseModel):
    """Where a table came from."""

    model_config = ConfigDict(frozen=True)

    file: str = Field(description="file name as uploaded, without folders")
    sheet: str | None = None
    sha256: str = ""
    byte_size: int = 0


class Table(BaseModel):
    """Rows of text in a Parquet file, with the headers they came under."""

    model_config = ConfigDict(frozen=True)

    name: str = Field(description="the file's stem; with the sheet's name where a file holds several tables")
    path: Located
    columns: tuple[Column, ...]
    row_count: int = Field(ge=0)
    source: Source

    def column(self, name: str) -> Column:
        """The column of that header. Raises KeyError where there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)


Tables = tuple[Table, ...]


def columns_named(headers: Sequence[str | None], types: Sequence[str | None] | None = None) -> tuple[Column, ...]:
    """Columns for these headers, each with a name of its own and a key that DuckDB can tell apart."""
    names = _numbered([h if h else f"column_{i + 1}" for i, h in enumerate(headers)], str)
    keys = _numbered([_safe(n) for n in names], str.casefold)
    declared = types or [None] * len(names)
    return tuple(
        Column(name=name, key=key, position=i, declared_type=kind)
        for i, (name, key, kind) in enumerate(zip(names, keys, declared, strict=True))
    )


def _safe(name: str) -> str:
    plain = name.replace("\x00", "")
    return f"_{plain}" if not plain or plain.startswith("__") or plain == "file_row_number" else plain


def _numbered(names: Iterable[str], sameness: Callable[[str], str]) -> list[str]:
    wanted = list(names)
    taken: set[str] = set()
    reserved = {sameness(n) for n in wanted}
    out = []
    for name in wanted:
        given, n = name, 2
        while sameness(given) in taken or (given != name and sameness(given) in reserved):
            given, n = f"{name}_{n}", n + 1
        taken.add(sameness(given))
        out.append(given)
    return out
