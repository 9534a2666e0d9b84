"""Trials: a transformation worked out on a few rows, before anybody decides on it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from pydantic import Field

from discovery_pipeline.engine import duck, mapping
from discovery_pipeline.engine.mapping import transformations
from discovery_pipeline.engine.mapping.model import DataType
from discovery_pipeline.engine.tables import Table
from discovery_pipeline.errors import TransformationError
from discovery_pipeline.web.bodies import Body
from discovery_pipeline.web.faults import InvalidRequest
from discovery_pipeline.web.services.submissions import Text

ROWS = 20
LOOKED_AT = 100_000
"""Rows among which different ones are looked for."""


class Trial(Body):
    """A transformation to be tried on a column."""

    source_table: Text
    source_field: Text = Field(description="empty where the transformation is a constant")
    transformation: Text | None = Field(default=None, examples=["trim | upper"])
    data_type: DataType = "string"


def tried(wanted: Trial, tables: Sequence[Table]) -> mapping.Preview:
    """What it makes of rows that differ in what it reads."""
    table = next((each for each in tables if each.name == wanted.source_table), None)
    if table is None:
        raise InvalidRequest(f"There is no table {wanted.source_table!r}.")
    known = {column.name: column for column in table.columns}
    if wanted.source_field and wanted.source_field not in known:
        raise InvalidRequest(f"There is no column {wanted.source_field!r} in {table.name}.")
    names = [wanted.source_field] if wanted.source_field else []
    with suppress(TransformationError):  # the preview tells what is wrong with it
        names += transformations.parse(wanted.transformation).references if wanted.transformation else ()
    read = [known[name] for name in dict.fromkeys(names) if name in known]
    with duck.connect() as con:
        rows = []
        if read:
            columns = ", ".join(map(duck.col, read))
            some = f"SELECT {columns} FROM {duck.scan(table)} LIMIT {LOOKED_AT}"
            rows = con.execute(
                f"SELECT DISTINCT {columns} FROM ({some}) ORDER BY ALL NULLS LAST LIMIT {ROWS}"
            ).fetchall()
        sample = {column.name: [row[at] for row in rows] for at, column in enumerate(read)}
        return mapping.preview(con, sample, wanted.source_field, wanted.transformation, wanted.data_type)
