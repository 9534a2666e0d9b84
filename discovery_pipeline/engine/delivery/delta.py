"""Deltas: how a delivery differs from the one before it, row by row: new, changed, gone.

`pairing` says which rows of two deliveries are about one thing.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import duckdb
from pydantic import BaseModel, ConfigDict, Field

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.cleansing.log import inert
from discovery_pipeline.engine.delivery import files, pairing
from discovery_pipeline.engine.delivery.bundle import MANIFEST
from discovery_pipeline.engine.delivery.model import DeliveredFile, Manifest
from discovery_pipeline.engine.targets.contract import Target, TargetTable
from discovery_pipeline.engine.validation.model import ValidRows, Verdict
from discovery_pipeline.errors import InputRefused

FOLDER = "delta"
CHANGES = f"{FOLDER}/changes.csv"
KINDS = ("new", "changed", "gone")


class TableDelta(BaseModel):
    """What became of the rows of one target table."""

    model_config = ConfigDict(frozen=True)

    target: str
    target_table: str
    since: str = Field(description="which delivery it is held against")
    key: tuple[str, ...] = Field(description="fields by which rows were known again; none: only whole rows were")
    new: int
    changed: int
    gone: int
    same: int
    changed_fields: dict[str, int] = Field(description="rows in which a field has another value")
    files: tuple[DeliveredFile, ...] = Field(description="new, changed and gone rows, as the target takes rows")


class Delta(BaseModel):
    """What a delivery changes of earlier ones."""

    model_config = ConfigDict(frozen=True)

    tables: tuple[TableDelta, ...]


@dataclass(frozen=True, slots=True)
class Against:
    """What one target is given, and the earlier delivery to hold it against."""

    verdict: Verdict
    target: Target
    before: Path  # folder of its results
    since: str  # what people call it


def delta(con: duckdb.DuckDBPyConnection, asked: Sequence[Against], into: Path) -> Delta:
    """Write what deliveries change of earlier ones, as files below `into`/delta.

    New, changed and gone rows each have a file in the target's form; `changes.csv` tells people of every cell.

    Raises
    ------
    InputRefused
        A folder holds no delivery.
    """
    (into / FOLDER).mkdir(parents=True, exist_ok=True)
    texts = ", ".join(f"{duck.name(c)} VARCHAR" for c in _CHANGE)
    con.execute(f"CREATE OR REPLACE TEMP TABLE delta_changes ({texts})")
    tables = tuple(found for each in asked for found in _of_target(con, each, into))
    shown = ", ".join(f"{inert(duck.name(c))} AS {duck.name(c)}" for c in _CHANGE)
    con.execute(f"COPY (SELECT {shown} FROM delta_changes) TO {duck.text(str(into / CHANGES))} (FORMAT csv, HEADER)")
    for table in ("delta_changes", "delta_before", "delta_after", "delta_pairs"):
        con.execute(f"DROP TABLE IF EXISTS {table}")
    return Delta(tables=tables)


def _of_target(con: duckdb.DuckDBPyConnection, asked: Against, into: Path) -> Iterator[TableDelta]:
    delivered = _delivered(asked.before)
    after = {valid.target_table: valid.path for valid in asked.verdict.valid}
    for table in asked.target.tables:
        earlier = [asked.before / path for path in _of_table(delivered, table)]
        if earlier or table.name in after:
            compared = _Compared.of(con, asked.target, table, earlier, after.get(table.name))
            yield compared.written(into, asked.since)


_CHANGE = ("target", "target_table", "change", "key", "field", "before", "after")


def _delivered(folder: Path) -> list[str]:
    """The files of the delivery in a folder."""
    try:
        return [f.path for f in Manifest.model_validate_json((folder / MANIFEST).read_text(encoding="utf-8")).files]
    except (OSError, ValueError):
        raise InputRefused(
            str(folder), "It holds no delivery to compare with.", "Name the folder that --out named."
        ) from None


def _of_table(paths: Sequence[str], table: TargetTable) -> list[str]:
    """Those of the paths that hold rows of a table, first to last: azure.csv, azure-2.csv, …"""
    place = PurePosixPath(table.file)
    form = re.compile(rf"{re.escape(str(place.with_suffix('')))}(?:-(\d+))?{re.escape(place.suffix)}")
    numbered = [(int(found[1] or 1), path) for path in paths if (found := form.fullmatch(path))]
    return [path for _, path in sorted(numbered)]


@dataclass(frozen=True, slots=True)
class _Compared:
    """The rows of one table as temporary tables: `delta_before`, `delta_after`, and which are about one thing."""

    con: duckdb.DuckDBPyConnection
    target: Target
    table: TargetTable
    columns: tuple[str, ...]
    key: tuple[str, ...]

    @classmethod
    def of(
        cls,
        con: duckdb.DuckDBPyConnection,
        target: Target,
        table: TargetTable,
        before: Sequence[Path],
        after: Path | None,
    ) -> _Compared:
        old = _from_files(before, target)
        new = duck.numbered(after) if after else None
        held = {"delta_before": _columns(con, old), "delta_after": _columns(con, new)}
        columns = tuple(dict.fromkeys((*held["delta_after"], *held["delta_before"])))
        telling = pairing.fields_that_tell(table, columns)
        for name, relation in (("delta_before", old), ("delta_after", new)):
            cells = ", ".join(f"{_cell(c, held[name])} AS {duck.name(c)}" for c in columns)
            source = f"FROM {relation}" if relation else "LIMIT 0"
            con.execute(
                f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT *, {pairing.label(telling, columns)} AS __key "
                f"FROM (SELECT row_number() OVER () AS __n, {cells} {source})"
            )
        return cls(con, target, table, columns, pairing.pair(con, telling, columns))

    def written(self, into: Path, since: str) -> TableDelta:
        """Write the rows of each kind; what was found."""
        counts: dict[str, int] = {}
        written: list[DeliveredFile] = []
        for kind in KINDS:
            rows = into / FOLDER / f".{kind}.parquet"
            named = ", ".join(map(duck.name, self.columns))
            counts[kind] = duck.write(self.con, f"SELECT {named} FROM ({self._rows(kind)}) ORDER BY __n", rows)
            written += self._files(kind, rows, counts[kind], into)
            rows.unlink()
        after = self.con.execute("SELECT count(*) FROM delta_after").fetchall()[0][0]
        return TableDelta(
            target=self.target.name,
            target_table=self.table.name,
            since=since,
            key=self.key,
            **counts,
            same=after - counts["new"] - counts["changed"],
            changed_fields=self._tell(),
            files=tuple(written),
        )

    def _files(self, kind: str, rows: Path, count: int, into: Path) -> Iterator[DeliveredFile]:
        """The rows of one kind as the target takes rows."""
        if not count:
            return
        place = PurePosixPath(self.table.file)
        named = self.table.model_copy(update={"file": f"{FOLDER}/{place.with_stem(f'{place.stem}-{kind}')}"})
        others = tuple(t for t in self.target.tables if t.name != self.table.name)
        target = self.target.model_copy(update={"tables": (named, *others)})
        yield from files.written(self.con, ValidRows(target_table=named.name, path=rows, row_count=count), target, into)

    def _rows(self, kind: str) -> str:
        if kind == "changed":
            return f"SELECT a.* FROM {self._pairs()} WHERE {self._differs()}"
        side = "after" if kind == "new" else "before"
        return f"SELECT r.* FROM delta_{side} AS r ANTI JOIN delta_pairs AS p ON r.__n = p.{side}"

    def _pairs(self) -> str:
        return "delta_pairs AS p JOIN delta_after AS a ON a.__n = p.after JOIN delta_before AS b ON b.__n = p.before"

    def _differs(self) -> str:
        return " OR ".join(f"a.{duck.name(c)} IS DISTINCT FROM b.{duck.name(c)}" for c in self.columns)

    def _tell(self) -> dict[str, int]:
        """Add a line for each new and gone row and each changed cell; how many rows have another value, by field."""
        about = f"{duck.text(self.target.name)}, {duck.text(self.table.name)}"
        for kind in ("new", "gone"):
            self.con.execute(
                f"INSERT INTO delta_changes SELECT {about}, '{kind}', r.__key, NULL, NULL, NULL "
                f"FROM ({self._rows(kind)}) AS r ORDER BY __n"
            )
        changed: dict[str, int] = {}
        for column in self.columns:
            cell = duck.name(column)
            rows = self.con.execute(
                f"INSERT INTO delta_changes SELECT {about}, 'changed', a.__key, {duck.text(column)}, "
                f"b.{cell}, a.{cell} FROM {self._pairs()} WHERE a.{cell} IS DISTINCT FROM b.{cell} ORDER BY a.__n"
            ).fetchall()[0][0]
            if rows:
                changed[column] = rows
        return changed


def _from_files(paths: Sequence[Path], target: Target) -> str | None:
    """A FROM item over the files of one table, which begin with the same header."""
    if not paths:
        return None
    with paths[0].open(encoding="utf-8", newline="") as file:
        names = next(csv.reader(file, delimiter=target.delimiter), [])
    struct = ", ".join(f"{duck.text(name)}: 'VARCHAR'" for name in names)
    listed = ", ".join(duck.text(str(path)) for path in paths)
    return (
        f"read_csv([{listed}], auto_detect=false, header=true, delim={duck.text(target.delimiter)}, quote='\"', "
        f"escape='\"', columns={{{struct}}})"
    )


def _cell(column: str, held: Sequence[str]) -> str:
    return f"nullif({duck.name(column)}, '')" if column in held else "NULL::VARCHAR"


def _columns(con: duckdb.DuckDBPyConnection, relation: str | None) -> list[str]:
    if relation is None:
        return []
    described = con.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    return [name for name, *_ in described if name not in (*files.OURS, "file_row_number")]
