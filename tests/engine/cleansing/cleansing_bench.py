"""A bench: small tables, cleansed in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import duckdb

from discovery_pipeline.engine import cleansing, duck
from discovery_pipeline.engine.cleansing.model import Cleansed, CleansingPlan
from discovery_pipeline.engine.profiling.model import Profile
from discovery_pipeline.engine.schema.model import SchemaAnalysis
from discovery_pipeline.engine.tables import Source, Table, columns_named

Cells = Mapping[str, Sequence[str | None]]


@dataclass
class Bench:
    """A place to make tables and cleanse them."""

    con: duckdb.DuckDBPyConnection
    folder: Path
    used: int = 0

    def fresh(self) -> Path:
        self.used += 1
        return self.folder / str(self.used)

    def table(self, cells: Cells, name: str = "servers") -> Table:
        columns = columns_named(list(cells))
        rows = max((len(c) for c in cells.values()), default=0)
        lists = ", ".join(f"unnest(${n}::VARCHAR[]) AS {duck.col(c)}" for n, c in enumerate(columns, 1))
        path = self.fresh() / f"{name}.parquet"
        path.parent.mkdir(parents=True)
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE made AS SELECT {lists}", [list(c) for c in cells.values()])
        duck.write(self.con, "SELECT *, 2 + row_number() OVER () AS __line FROM made", path)
        return Table(name=name, path=path, columns=columns, row_count=rows, source=Source(file=f"{name}.csv"))

    def plan(
        self, *tables: Table, tier: Literal["auto", "suggest"] = "suggest", analysis: SchemaAnalysis | None = None
    ) -> CleansingPlan:
        return cleansing.plan(self.con, tables, Profile(tables=()), analysis or SchemaAnalysis(), tier=tier)

    def cleanse(
        self, *tables: Table, tier: Literal["auto", "suggest"] = "auto", analysis: SchemaAnalysis | None = None
    ) -> Cleansed:
        plan = self.plan(*tables, tier=tier, analysis=analysis)
        return cleansing.cleanse(self.con, tables, plan, self.fresh(), tier)

    def cells(self, table: Table) -> dict[str, list[str | None]]:
        chosen = ", ".join(duck.col(c) for c in table.columns)
        rows = self.con.execute(f"SELECT {chosen} FROM {duck.scan(table)} ORDER BY file_row_number").fetchall()
        return {c.name: [row[n] for row in rows] for n, c in enumerate(table.columns)}

    def column(self, cells: Sequence[str | None], name: str = "c", tier: Literal["auto", "suggest"] = "auto") -> list:
        """One column, cleansed."""
        done = self.cleanse(self.table({name: cells}), tier=tier)
        return self.cells(done.tables[0])[name]
