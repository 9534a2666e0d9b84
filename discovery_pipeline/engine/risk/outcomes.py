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
    """A verdict's rows in four parts that sum to all: delivered, to be corrected, repeated, and not meant for it."""

    verdict: Verdict
    repeated: int  # duplicates of a row that was judged: nothing is lost with them
    elsewhere: int  # in tables that don't go to this target

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
        """Rows that were rejected for what is in them."""
        return self.verdict.rows_rejected - self.elsewhere - self.repeated


def outcomes(con: duckdb.DuckDBPyConnection, verdicts: Iterable[Verdict]) -> tuple[Outcome, ...]:
    """How each verdict ended."""
    return tuple(_outcome(con, verdict) for verdict in verdicts)


def _outcome(con: duckdb.DuckDBPyConnection, verdict: Verdict) -> Outcome:
    if not verdict.rows_rejected:
        return Outcome(verdict, 0, 0)
    log = duck.parquet(verdict.rejected)
    query = f"SELECT count(*) FILTER ({repeated('reasons')}), count(*) FILTER ({unmapped('reasons')}) FROM {log}"
    twice, elsewhere = con.execute(query).fetchone() or (0, 0)
    # Where nothing goes to the target, that is no choice but what is wrong.
    return Outcome(verdict, twice, elsewhere if verdict.rows_delivered else 0)


def repeated(reasons: str) -> str:
    """An SQL condition: the rejected row is a duplicate, and nothing else is said of it."""
    return f"regexp_full_match({reasons}, 'duplicate of [^;]*')"


def unmapped(reasons: str) -> str:
    """An SQL condition: the rejected row stands in a table that doesn't go to the target."""
    return f"starts_with({reasons}, {duck.text(NOT_MAPPED)})"
