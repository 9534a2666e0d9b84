"""The verdict: tables, a mapping and a contract in; valid rows, rejected rows, patches and findings out.

Every row of every table ends in exactly one of two places: it stands in at least one of the target's files, or
among the rejected rows with every reason.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import duckdb

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.mapping.model import Mapping
from discovery_pipeline.engine.tables import LINE, Table, Tables
from discovery_pipeline.engine.targets.contract import Target, TargetTable
from discovery_pipeline.engine.validation.demands import Demand, refused
from discovery_pipeline.engine.validation.feeds import NOT_MAPPED, Plan, plan
from discovery_pipeline.engine.validation.joining import described
from discovery_pipeline.engine.validation.model import ValidRows, Verdict
from discovery_pipeline.engine.validation.rows import Rows, judge_demand, judge_each, judge_together, mapped_columns
from discovery_pipeline.engine.validation.summary import findings
from discovery_pipeline.engine.validation.values import ISSUES, REWRITTEN, WHOLE_ROW, read


def validate(  # noqa: PLR0913 - what the target demands, and what the user does
    con: duckdb.DuckDBPyConnection,
    tables: Tables,
    mapping: Mapping,
    target: Target,
    into: Path,
    *,
    demands: Sequence[Demand] = (),
    today: date = date.max,
) -> Verdict:
    """Which rows the target takes, as they will stand in its files.

    A value that an optional field can't take is blanked (a list keeps its good items), with a patch and a finding,
    and its row goes on. A row is rejected if a required field has no valid value, it breaks a rule across fields or
    rows, doesn't meet a demand of severity `error`, or is a duplicate (see `rows`). A table that the mapping doesn't
    feed is rejected as a whole.

    Parameters
    ----------
    into : Path
        Folder for the verdict's Parquet files; what else stands there stays.
    demands
        What the user asks of the rows.
    today
        The day from which dates are stale; needed where a demand speaks of age.

    Raises
    ------
    MappingError
        The mapping doesn't fit the tables or the target.
    """
    planned = plan(con, tables, mapping, target)
    into.mkdir(parents=True, exist_ok=True)
    work = into / ".work"
    work.mkdir(exist_ok=True)
    try:
        # A cursor of its own: its temporary tables go with it.
        with con.cursor() as own:
            return _Judge(own, planned, into, work, demands, today).verdict()
    finally:
        shutil.rmtree(work, ignore_errors=True)


class _Judge:
    """One validation, step by step."""

    def __init__(  # noqa: PLR0913, PLR0917 - the judge keeps what `validate` was given
        self, con: duckdb.DuckDBPyConnection, plan: Plan, into: Path, work: Path, demands: Sequence[Demand], today: date
    ) -> None:
        self.con, self.plan, self.into, self.work = con, plan, into, work
        self.demands, self.today = demands, today
        self.tables, self.target = plan.tables, plan.target
        self.valid: dict[str, Path] = {}

    def verdict(self) -> Verdict:
        self.con.execute(ISSUES)
        self.con.execute(REWRITTEN)
        self.con.execute("CREATE TEMP TABLE delivered (feed INTEGER, source INTEGER, row BIGINT)")
        valid = tuple(v for t in self.target.tables if (v := self.table(t)) is not None)
        rejected = self.into / "rejected.parquet"
        patches = self.into / "patches.parquet"
        rows_rejected = duck.write(self.con, self.rejected(), rejected)
        blanked = duck.write(self.con, self.patches(), patches)
        rows_in = sum(t.row_count for t in self.tables)
        return Verdict(
            target=self.target.name,
            rows_in=rows_in,
            rows_delivered=rows_in - rows_rejected,
            rows_rejected=rows_rejected,
            valid=valid,
            rejected=rejected,
            patches=patches,
            blanked=blanked,
            findings=(*self.plan.findings, *findings(self.con, self.plan, rejected)),
        )

    def table(self, table: TargetTable) -> ValidRows | None:
        """Judge all that goes into one of the target's files, and write what remains."""
        gathered = [Rows(feed, read(self.con, feed, self.work)) for feed in self.plan.of(table)]
        if not gathered:
            return None
        for rows in gathered:
            judge_each(self.con, rows)
            for rule, failing in refused(rows.feed.source, self.demands, today=self.today):
                judge_demand(self.con, rows.feed, rule, failing)
        judge_together(self.con, self.plan, table, gathered, self.valid)
        self.con.execute("INSERT INTO delivered SELECT __feed, __source, __row FROM standing")
        path = self.into / f"valid-{table.name}.parquet"
        count = duck.write(self.con, self.standing(table), path)
        self.valid[table.name] = path
        for rows in gathered:
            rows.path.unlink()
        return ValidRows(target_table=table.name, path=path, row_count=count)

    def standing(self, table: TargetTable) -> str:
        """The rows that remain, in the columns of the target's file."""
        columns = mapped = mapped_columns(table, self.plan.of(table))
        if table.write_all_columns:
            every = dict.fromkeys((*(f.name for f in table.fields if not f.template), *mapped))
            columns = tuple(sorted(every, key=table.position))
        fields = ", ".join(duck.name(c) if c in mapped else f"CAST(NULL AS VARCHAR) AS {duck.name(c)}" for c in columns)
        place = f"{self.named('__source')} AS __table, __row"
        return f"SELECT {fields}, {place} FROM standing ORDER BY __source, __row, __feed"

    def named(self, place: str) -> str:
        """The name of the source table at that place, as SQL."""
        return f"CASE {place} {' '.join(f'WHEN {i} THEN {duck.text(t.name)}' for i, t in enumerate(self.tables))} END"

    def rejected(self) -> str:
        """Source rows that stand in no file, with all reasons and the row itself."""
        parts = " UNION ALL ".join(self.rejected_of(place, table) for place, table in enumerate(self.tables))
        return f"""
            WITH reasons AS (
                SELECT source, row, string_agg(reason, '; ' ORDER BY place, reason) AS reasons
                FROM (SELECT source, row, reason, min(place) AS place FROM issues GROUP BY ALL) GROUP BY source, row
            )
            SELECT {duck.text(self.target.name)} AS target, "table", file, line, row, reasons, record
            FROM ({parts}) ORDER BY place, row
        """

    def rejected_of(self, place: int, table: Table) -> str:
        pairs = ", ".join(f"{duck.text(c.name)}, s.{duck.col(c)}" for c in table.columns)
        return f"""
            (SELECT {place} AS place, s.file_row_number AS row, s.{duck.name(LINE)} AS line,
                {duck.text(table.name)} AS "table", {duck.text(table.source.file)} AS file,
                {self.why(table)} AS reasons,
                CAST(json_object({pairs}) AS VARCHAR) AS record
            FROM {duck.scan(table)} AS s
            LEFT JOIN reasons AS r ON r.source = {place} AND r.row = s.file_row_number
            WHERE NOT EXISTS (FROM delivered AS d WHERE d.source = {place} AND d.row = s.file_row_number))
        """

    def why(self, table: Table) -> str:
        """Why a row of that table stands in no file, as SQL over the row as s and what was noticed of it as r."""
        told = next((t for t in self.plan.told if t.source is table), None)
        if told and not told.mapped:
            return duck.text(told.reason)
        if told:
            nowhere = duck.text(f"{told.by.column} is that of no row of {told.main.name}")
            about = described(table, told.main, told.by)
            return f"coalesce(r.reasons, CASE WHEN {about} THEN {duck.text(told.reason)} ELSE {nowhere} END)"
        if any(f.source is table for f in self.plan.feeds):
            return "r.reasons"
        refused = dict.fromkeys(r.reason for r in self.plan.refusals if r.source is table)
        return duck.text(f"{NOT_MAPPED}: {'; '.join(refused)}")

    def patches(self) -> str:
        """What was blanked in rows that are delivered."""
        rule = f"{duck.text(self.target.name + '.')} || i.rule"
        return f"""
            SELECT {self.named("i.source")} AS "table", row, source_column AS "column", before, after, {rule} AS rule,
                'auto' AS tier, 1.0::DOUBLE AS confidence, reason
            FROM issues AS i SEMI JOIN delivered AS d ON d.feed = i.feed AND d.row = i.row
            WHERE place < {WHOLE_ROW} ORDER BY source, row, place
        """
