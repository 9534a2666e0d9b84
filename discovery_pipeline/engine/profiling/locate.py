"""Locating: the first rows in which values stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import duckdb

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.profiling import describe
from discovery_pipeline.engine.profiling.aggregate import LONGEST_UNFIT
from discovery_pipeline.engine.profiling.partial import TablePartial
from discovery_pipeline.engine.profiling.plan import TablePlan

PAGE = 1_000


def located(
    con: duckdb.DuckDBPyConnection, plan: TablePlan, relation: str, row: str, counted: TablePartial
) -> TablePartial:
    """What was counted, with the first rows of the values that don't fit."""
    wanted = {i: describe.exceptional(p, c) for i, (p, c) in enumerate(zip(plan.columns, counted.columns, strict=True))}
    found = first_rows(con, plan, relation, row, wanted)
    columns = tuple(replace(c, first_rows=found.get(i, {})) for i, c in enumerate(counted.columns))
    return replace(counted, columns=columns)


def first_rows(
    con: duckdb.DuckDBPyConnection,
    plan: TablePlan,
    relation: str,
    row: str,
    wanted: Mapping[int, Sequence[str]],
) -> dict[int, dict[str, int]]:
    """The first row of each value wanted, by column; it reads no further than the last of them.

    Parameters
    ----------
    row
        SQL of a row's 0-based position.
    wanted
        Values by the position of their column.
    """
    wanted = {i: values for i, values in wanted.items() if values}
    if not wanted:
        return {}
    keys = {i: duck.col(plan.columns[i].column) for i in wanted}
    cut = {i: f"left({keys[i]}, {LONGEST_UNFIT})" for i in wanted}
    known = " or ".join(f"v{i} in ({', '.join(map(duck.text, values))})" for i, values in wanted.items())
    texts = ", ".join(f"{cut[i]} as v{i}" for i in wanted)
    con.execute(f"select * from (select {row} as place, {texts} from {relation}) where {known}")
    missing = {(i, v) for i, values in wanted.items() for v in values}
    found: dict[int, dict[str, int]] = {i: {} for i in wanted}
    while missing and (page := con.fetchmany(PAGE)):
        for place, *values in page:
            for i, value in zip(wanted, values, strict=True):
                if (i, value) in missing:
                    missing.discard((i, value))
                    found[i][value] = place
    return found
