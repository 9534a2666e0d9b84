"""Parts: a table whose rows lie on many machines is planned once, counted where its parts lie, and described as one.

Every part is counted by DuckDB and by the same plan, so that parts add up to what one machine would have counted;
`partial` says what of it is sketched then and not exact.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from functools import reduce
from operator import add
from pathlib import Path
from typing import Protocol

import duckdb

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.profiling import describe
from discovery_pipeline.engine.profiling.count import count
from discovery_pipeline.engine.profiling.locate import located
from discovery_pipeline.engine.profiling.model import TableProfile
from discovery_pipeline.engine.profiling.partial import TablePartial
from discovery_pipeline.engine.profiling.plan import EXACT_CELLS, TablePlan, draw
from discovery_pipeline.engine.profiling.source import Source
from discovery_pipeline.engine.tables import Column


class Parts(Protocol):
    """A table in parts, on machines that run our code."""

    @property
    def name(self) -> str: ...
    @property
    def columns(self) -> tuple[Column, ...]: ...
    @property
    def rows(self) -> int: ...

    def sampled(self, rows: int) -> AbstractContextManager[tuple[str, bool]]:
        """A FROM item over about so many rows from everywhere, and whether these are all."""
        ...

    def counted(self, plan: TablePlan, today: date, *, together: bool) -> Iterator[TablePartial]:
        """What `counted_here` says of each part, in the order of rows; `together`: of all rows as one part."""
        ...

    def different(self, columns: Sequence[Column]) -> int:
        """How many rows there are that differ in these columns; a null is a value, too."""
        ...


@dataclass(frozen=True, slots=True)
class _Spread(Source):
    parts: Parts = field(kw_only=True)

    @contextmanager
    def sampled(self) -> Iterator[tuple[str, bool]]:
        with self.parts.sampled(self.sample_rows) as sample:
            yield sample


def of_parts(con: duckdb.DuckDBPyConnection, parts: Parts, *, today: date) -> TableProfile:
    """What the columns of a table in parts look like. A small one is counted as one part, and so exactly."""
    together = parts.rows * len(parts.columns) <= EXACT_CELLS
    source = _Spread(parts.name, parts.columns, relation="", rows=parts.rows, row="", parts=parts)
    plan = replace(draw(con, source), exact=together)
    counted = reduce(add, parts.counted(plan, today, together=together))
    return describe.table(parts.name, plan, counted if together else _across(parts, plan, counted))


def counted_here(con: duckdb.DuckDBPyConnection, plan: TablePlan, part: Path, today: date) -> TablePartial:
    """What is counted of one part, a Parquet file of text columns named by their keys."""
    relation = duck.numbered(part)
    return located(con, plan, relation, "file_row_number", count(con, plan, relation, today))


def _across(parts: Parts, plan: TablePlan, counted: TablePartial) -> TablePartial:
    """The same, with what only all rows together can tell: how many are different, and whether the key is one."""
    columns = list(counted.columns)
    if plan.key is not None:
        key = columns[plan.key]
        distinct = parts.different([plan.columns[plan.key].column]) - (key.count < counted.rows)
        columns[plan.key] = replace(key, distinct=distinct)
        if distinct == counted.rows:
            return replace(counted, columns=tuple(columns), duplicates=0)
    duplicates = counted.rows - parts.different(parts.columns)
    return replace(counted, columns=tuple(columns), duplicates=duplicates)
