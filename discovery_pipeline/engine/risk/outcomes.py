"""Outcomes: of the rows that a target refused, which were ever meant for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import duckdb

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.validation.feeds import NOT_MAPPED
from discovery_pipeline.engine.validation.model import Verdict


@dataclass(frozen=True, slots=True)
class Outcome:
    """A verdict's rows in three parts: delivered, to be corrected, and in tables that don't go to this target."""

    verdict: Verdict
    elsewhere: int

    @property
    def meant(self) -> int:
        """Rows of tables that go to this target; all rows where none does."""
        return self.verdict.rows_in - self.elsewhere

    @property
    def delivered(self) -> int:
        """Rows that stand in a target file."""
        return self.verdict.rows_delivered

    @property
    def to_correct(self) -> int:
        """Rows of those tables that were rejected for a reason of their own."""
        return self.verdict.rows_rejected - self.elsewhere


def outcomes(con: duckdb.DuckDBPyConnection, verdicts: Iterable[Verdict]) -> tuple[Outcome, ...]:
    """How each verdict ended."""
    return tuple(Outcome(verdict, _elsewhere(con, verdict)) for verdict in verdicts)


def _elsewhere(con: duckdb.DuckDBPyConnection, verdict: Verdict) -> int:
    if not verdict.rows_rejected or not verdict.rows_delivered:
        return 0
    log = f"read_parquet({duck.text(str(verdict.rejected))})"
    return (con.execute(f"SELECT count(*) FROM {log} WHERE {unmapped('reasons')}").fetchone() or (0,))[0]


def unmapped(reasons: str) -> str:
    """An SQL condition: the rejected row stands in a table that doesn't go to the target."""
    return f"starts_with({reasons}, {duck.text(NOT_MAPPED)})"
