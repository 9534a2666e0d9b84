"""Profiling: plan on a sample, count in one reading, describe."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import duckdb

from discovery_pipeline.engine.profiling import describe, locate
from discovery_pipeline.engine.profiling.count import count
from discovery_pipeline.engine.profiling.model import Profile, TableProfile
from discovery_pipeline.engine.profiling.partial import TablePartial
from discovery_pipeline.engine.profiling.plan import TablePlan, draw
from discovery_pipeline.engine.profiling.source import Source, of_table
from discovery_pipeline.engine.tables import Tables


def profile(con: duckdb.DuckDBPyConnection, tables: Tables, *, today: date) -> Profile:
    """What the columns of all tables look like.

    Parameters
    ----------
    today
        The day from which dates are judged fresh or ahead.
    """
    return Profile(tables=tuple(of_source(con, of_table(table), today=today) for table in tables))


def of_source(con: duckdb.DuckDBPyConnection, source: Source, *, today: date) -> TableProfile:
    """What the columns of one relation look like."""
    plan = draw(con, source)
    counted = count(con, plan, source.relation, today)
    return describe.table(source.name, plan, _located(con, source, plan, counted))


def _located(con: duckdb.DuckDBPyConnection, source: Source, plan: TablePlan, counted: TablePartial) -> TablePartial:
    """The same, with the first rows of the values that don't fit."""
    wanted = {i: describe.exceptional(p, c) for i, (p, c) in enumerate(zip(plan.columns, counted.columns, strict=True))}
    found = locate.first_rows(con, plan, source.relation, source.row, wanted)
    columns = tuple(replace(c, first_rows=found.get(i, {})) for i, c in enumerate(counted.columns))
    return replace(counted, columns=columns)


__all__ = ["of_source", "profile"]
