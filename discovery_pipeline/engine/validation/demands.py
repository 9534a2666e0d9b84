"""Demands: what the user's own YAML asks of the data, checked in one query a table.

    rules:
      - column: owned_by
        required: true
        where: {used_for: Production}
        severity: error
      - {column: last_discovered, newer_than_days: 60}
      - {column: install_date, not_after: last_discovered}

A demand that isn't met is a finding in its quality dimension: it lowers the score. One of severity `error` also keeps
the rows that don't meet it from being delivered. What a target demands stands in its contract.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any

import duckdb
import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from discovery_pipeline.engine import duck, patterns, yaml_text
from discovery_pipeline.engine.findings import Dimension, Finding, Severity
from discovery_pipeline.engine.mapping.transformations.operations import numbers
from discovery_pipeline.engine.profiling import numerals
from discovery_pipeline.engine.tables import Table, Tables
from discovery_pipeline.engine.targets.schema import NOT_LISTED
from discovery_pipeline.engine.validation.values import quoted
from discovery_pipeline.errors import InputRefused

EXAMPLES, SHOWN = 5, 12
UNLIKE = "doesn't look like"
"""What a reason says of a value before the pattern that it doesn't fit."""


def _usable(pattern: str) -> str:
    if why := patterns.fault(pattern):
        raise ValueError(f"{pattern!r} is no pattern (RE2): {why}")
    return pattern


class Demand(BaseModel):
    """What is asked of one column; each check that is set is counted for itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    column: str
    table: str = Field(default="*", description="name of a table, * and ? stand for letters; default: all that have it")
    where: dict[str, str] = Field(default_factory=dict, description="only rows in which these columns say that")
    severity: Severity = Severity.WARNING
    action: str = Field(default="Correct the values at their source.", description="what to do, said to who reads it")
    required: bool = False
    unique: bool = False
    allowed: tuple[str, ...] = ()
    pattern: Annotated[str, AfterValidator(_usable)] | None = Field(
        default=None, description="regular expression (RE2) that the whole value matches"
    )
    minimum: float | None = None
    maximum: float | None = None
    min_length: int | None = Field(default=None, ge=1)
    max_length: int | None = Field(default=None, ge=1)
    newer_than_days: int | None = Field(default=None, ge=0, description="dates older than that are stale")
    not_after: str | None = Field(default=None, description="a column whose date comes later or on the same day")

    @model_validator(mode="after")
    def asks_for_something(self) -> Demand:
        """A demand without a check is a slip of the pen."""
        if not (self.model_fields_set - {"column", "table", "where", "severity", "action"}):
            raise ValueError(f"nothing is asked of {self.column!r}: add required, unique, allowed, pattern, …")
        for least, most in ((self.minimum, self.maximum), (self.min_length, self.max_length)):
            if least is not None and most is not None and least > most:
                raise ValueError(f"nothing is at least {least:g} and at most {most:g}")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that it looks at."""
        return (self.column, *self.where, *((self.not_after,) if self.not_after else ()))


def read(path: Path) -> tuple[Demand, ...]:
    """The demands of a YAML file.

    Raises
    ------
    InputRefused
        The file can't be read, isn't YAML, or asks for what there isn't; says where.
    """
    try:
        said: Any = yaml_text.read(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as wrong:
        said = " ".join(str(wrong).split())
        raise InputRefused(str(path), f"it can't be read: {said}.", "Quality rules are YAML, in UTF-8.") from None
    if not isinstance(said, dict) or not isinstance(said.get("rules"), list):
        raise InputRefused(str(path), "there is no list of rules in it.", "Write them under 'rules:'.")
    demands = []
    for n, rule in enumerate(said["rules"], start=1):
        try:
            demands.append(Demand.model_validate(rule))
        except ValidationError as wrong:
            raise InputRefused(str(path), f"rule {n}, {wrong_with(wrong)}.") from None
    return tuple(demands)


def wrong_with(error: ValidationError) -> str:
    """What is wrong with a demand, in a clause."""
    first = error.errors()[0]
    return ": ".join((*map(str, first["loc"]), first["msg"].removeprefix("Value error, ")))


def check(
    con: duckdb.DuckDBPyConnection, tables: Tables, demands: Sequence[Demand], *, today: date
) -> tuple[Finding, ...]:
    """What of the demands the tables don't meet, by demand; `today` is the day from which dates are stale.

    A demand that no table can be asked is a finding, too: it would else look met.
    """
    return tuple(finding for demand in demands for finding in _checked(con, tables, demand, today))


def refused(table: Table, demands: Sequence[Demand], *, today: date) -> Iterable[tuple[str, str]]:
    """For each check of severity `error` that the table is asked: its rule, and a query of `row` and `reason`."""
    names = {c.name for c in table.columns}
    for demand in demands:
        if demand.severity is not Severity.ERROR or not fnmatchcase(table.name, demand.table):
            continue
        if set(demand.columns) <= names:
            for check in _checks(table, demand, today):
                column, fault = (duck.text(part.replace("; ", ";")) for part in (demand.column, check.fault))
                held = f"CASE WHEN value IS NULL THEN ' ' ELSE ': ' || {quoted('value')} || ' ' END"
                reason = f"{column} || {held} || {fault}"
                yield f"demand.{check.name}", f"SELECT row, {reason} AS reason FROM ({check.failing})"


def _checked(con: duckdb.DuckDBPyConnection, tables: Tables, demand: Demand, today: date) -> Iterable[Finding]:
    asked = [
        t for t in tables if fnmatchcase(t.name, demand.table) and set(demand.columns) <= {c.name for c in t.columns}
    ]
    if not asked:
        yield Finding(
            table=demand.table,
            column=demand.column,
            rule="demand.unasked",
            severity=Severity.WARNING,
            count=0,
            evidence=f"No table {demand.table!r} has {' and '.join(map(repr, demand.columns))}: nothing was checked.",
            action="Correct the names in the rule, or leave it out.",
        )
    for table in asked:
        for check in _checks(table, demand, today):
            count, rows, examples = con.execute(check.query).fetchone() or (0, 0, [])
            if count:
                yield Finding(
                    table=table.name,
                    column=demand.column,
                    rule=f"demand.{check.name}",
                    severity=demand.severity,
                    dimension=check.dimension,
                    count=count,
                    examples=tuple(str(e)[:80] for e in examples or () if e is not None),
                    evidence=f"{count:,} of {rows:,} {check.says}",
                    action=demand.action,
                )


class _Check(BaseModel):
    """One check of one table."""

    name: str
    dimension: Dimension
    says: str = Field(description="what is wrong with so many rows")
    fault: str = Field(description="what is wrong with one value, which stands before it")
    query: str = Field(description="how many rows fail, of how many, and examples")
    failing: str = Field(description="the rows that fail, as `row`, and what they hold, as `value`")


def _checks(table: Table, demand: Demand, today: date) -> Iterable[_Check]:
    value = duck.col(table.column(demand.column))
    number, day = _number(value, table), f"TRY_CAST({value} AS TIMESTAMP)"
    chosen = " AND ".join(f"{duck.col(table.column(name))} = {duck.text(said)}" for name, said in demand.where.items())
    rows = f"(SELECT * FROM {duck.scan(table)}{f' WHERE {chosen}' if chosen else ''})"

    def fails(name: str, dimension: Dimension, says: tuple[str, str], condition: str) -> _Check:
        query = (
            f"SELECT count(*) FILTER ({condition}), count(*), "
            f"arg_min({value}, file_row_number, {EXAMPLES}) FILTER ({condition}) FROM {rows}"
        )
        failing = f"SELECT file_row_number AS row, {value} AS value FROM {rows} WHERE {condition}"
        return _Check(name=name, dimension=dimension, says=says[0], fault=says[1], query=query, failing=failing)

    if demand.required:
        says = "rows have no value", "has no value"
        yield fails("required", Dimension.COMPLETENESS, says, f"{value} IS NULL")
    if demand.allowed:
        listed = ", ".join(duck.text(one) for one in demand.allowed)
        some = f"{', '.join(demand.allowed[:SHOWN])}{' …' if len(demand.allowed) > SHOWN else ''}"
        says = "rows hold a value that isn't listed", f"{NOT_LISTED} {some}"
        yield fails("allowed", Dimension.ACCURACY, says, f"{value} NOT IN ({listed})")
    if demand.pattern is not None:
        wrong = f"NOT regexp_full_match({value}, {duck.text(demand.pattern)})"
        says = f"rows don't look like '{demand.pattern}'", f"{UNLIKE} {demand.pattern}"
        yield fails("pattern", Dimension.ACCURACY, says, wrong)
    if demand.min_length is not None:
        says = f"rows are shorter than {demand.min_length} characters", f"has fewer than {demand.min_length} characters"
        yield fails("min_length", Dimension.ACCURACY, says, f"length({value}) < {demand.min_length}")
    if demand.max_length is not None:
        says = f"rows are longer than {demand.max_length} characters", f"has more than {demand.max_length} characters"
        yield fails("max_length", Dimension.ACCURACY, says, f"length({value}) > {demand.max_length}")
    if demand.minimum is not None or demand.maximum is not None:
        low, high = demand.minimum, demand.maximum
        parts = [f"{number} IS NULL", *([f"{number} < {low!r}"] if low is not None else [])]
        parts += [f"{number} > {high!r}"] if high is not None else []
        span = f"from {low:g}" if high is None else f"up to {high:g}" if low is None else f"from {low:g} to {high:g}"
        wrong = f"{value} IS NOT NULL AND ({' OR '.join(parts)})"
        yield fails("range", Dimension.ACCURACY, (f"rows are no number {span}", f"is no number {span}"), wrong)
    if demand.newer_than_days is not None:
        oldest = today - timedelta(days=demand.newer_than_days)
        wrong = f"{day} < TIMESTAMP {duck.text(oldest.isoformat())}"
        says = f"rows are older than {oldest}", f"is older than {oldest}"
        yield fails("newer_than_days", Dimension.TIMELINESS, says, wrong)
    if demand.not_after is not None:
        wrong = f"{day} > TRY_CAST({duck.col(table.column(demand.not_after))} AS TIMESTAMP)"
        says = f"rows come after their {demand.not_after}", f"comes after the {demand.not_after}"
        yield fails("not_after", Dimension.CONSISTENCY, says, wrong)
    if demand.unique:
        yield _unique(value, rows)


def _number(value: str, table: Table) -> str:
    """The SQL of a number, as the column writes its decimals."""
    sure = (numerals.SURE_COMMA, numerals.SURE_POINT)
    comma, point = (f"count(DISTINCT {value}) FILTER (regexp_full_match({value}, '{form}'))" for form in sure)
    with_comma = f"(SELECT {comma} > {point} FROM {duck.scan(table)})"
    return (
        f"CASE WHEN {with_comma} THEN TRY_CAST({numbers.to_number(value, (',',))} AS DOUBLE) "
        f"ELSE TRY_CAST({value} AS DOUBLE) END"
    )


def _unique(value: str, rows: str) -> _Check:
    """Every row but the first of those that hold one value."""
    query = f"""
        SELECT coalesce(sum(n - 1), 0)::BIGINT, (SELECT count(*) FROM {rows}), arg_max(v, (n, v), {EXAMPLES})
        FROM (SELECT {value} AS v, count(*) AS n FROM {rows} WHERE {value} IS NOT NULL GROUP BY 1 HAVING n > 1)
    """
    failing = f"""
        SELECT r.file_row_number AS row, r.{value} AS value FROM {rows} AS r
        JOIN (SELECT {value} AS v, min(file_row_number) AS first FROM {rows} GROUP BY 1 HAVING count(*) > 1) AS k
            ON r.{value} = k.v AND r.file_row_number > k.first
    """
    return _Check(
        name="unique", dimension=Dimension.UNIQUENESS, says="rows repeat a value", query=query, failing=failing,
        fault="stands in an earlier row already",
    )  # fmt: skip
