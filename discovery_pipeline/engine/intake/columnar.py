"""Columnar files: Parquet as text, with the types it declares kept beside the columns."""

from __future__ import annotations

import duckdb

from discovery_pipeline.engine import disk, duck
from discovery_pipeline.engine.intake import encodings
from discovery_pipeline.engine.intake.model import TableRead
from discovery_pipeline.engine.intake.spool import write
from discovery_pipeline.engine.intake.work import Upload, Work
from discovery_pipeline.engine.tables import LINE, Table, columns_named
from discovery_pipeline.errors import InputRefused

_NESTED = ("STRUCT", "MAP", "UNION", "LIST")


def read(work: Work, upload: Upload) -> TableRead:
    """The table in a Parquet file. Raises InputRefused where the file is damaged or has no rows."""
    scan = duck.parquet(upload.path)
    name = place = None
    try:
        described = work.con.execute(f"DESCRIBE SELECT * FROM {scan}").fetchall()
        columns = columns_named([row[0] for row in described], [row[1] for row in described])
        cells = [
            f"{as_text(duck.name(row[0]), row[1])} AS {duck.col(c)}" for row, c in zip(described, columns, strict=True)
        ]
        name = work.named(upload.stem)
        place = work.place(name)
        query = f"SELECT {', '.join(cells)}, row_number() OVER () AS {duck.name(LINE)} FROM {scan}"
        rows = write(work.con, query, len(columns), place)
    except duckdb.Error as error:
        if disk.full(error):
            raise
        said = str(error).split("\n", 1)[0].removeprefix("Invalid Input Error: ").rstrip(".")
        said = said.replace(str(upload.path), upload.file)  # where it lies on this machine is nobody's business
        what = f"The Parquet file is damaged or uses a feature that can't be read: {said[:200]}."
        raise InputRefused(upload.file, what, "Write it again.") from None
    if not rows and not work.options.keep_rowless:
        place.unlink()
        raise InputRefused(upload.file, "It has columns but no rows.", "Check the export.")
    source = upload.source(encodings.survey(upload.path).sha256)
    table = Table(name=name, path=place, columns=columns, row_count=rows, source=source)
    return TableRead(table=table, rejected_count=0, reasons=("Parquet states its columns and types.",))


def as_text(name: str, kind: str) -> str:
    """An expression that gives a typed column as text; empty text is null."""
    if kind == "BLOB":
        return f"nullif(coalesce(try(decode({name})), hex({name})), '')"
    if kind.endswith("]") or kind.startswith(_NESTED):
        return f"to_json({name})::VARCHAR"
    return f"nullif(CAST({name} AS VARCHAR), '')"
