"""Affecting: what a mapping would change in files that are delivered already, counted before it is submitted.

The engine works the new mapping out on the cleansed rows, as the run would, and holds the result to what was delivered.
Where people decided on rows since, these are cleansed again first: the run would do so, too.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, Field

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.cleansing.decisions import Decisions
from discovery_pipeline.engine.cleansing.model import Cleansed, CleansingPlan
from discovery_pipeline.engine.intake.model import Intake
from discovery_pipeline.engine.mapping.model import Mapping
from discovery_pipeline.engine.tables import Tables
from discovery_pipeline.engine.targets import Target
from discovery_pipeline.engine.validation.differing import FileChange
from discovery_pipeline.engine.validation.model import Verdict
from discovery_pipeline.flow.contracts import contract
from discovery_pipeline.flow.state import Flow, Phase, PhaseStatus
from discovery_pipeline.store.flows import Flows
from discovery_pipeline.store.reviews import decisions, mappings
from discovery_pipeline.store.reviews.decisions import changed_since
from discovery_pipeline.web.rereading import rereads
from discovery_pipeline.web.services.caller import Caller
from discovery_pipeline.web.services.flows import checked
from discovery_pipeline.web.services.mappings import MappingService
from discovery_pipeline.web.services.mending import KINDS
from discovery_pipeline.web.services.submissions import Submission
from discovery_pipeline.web.services.values import Values

if TYPE_CHECKING:
    from discovery_pipeline.settings import Settings

MOST_ROWS = 2_000_000
"""Rows of the source up to which changes are counted beforehand: a minute's work on two busy cores."""


class AffectedTarget(BaseModel):
    """One target, and what becomes of its files."""

    target_system: str
    runs_again: bool = Field(description="false: its mapping is what it was, and its files stay")
    counted: bool = Field(default=False, description="false: nothing was delivered so far, or there are too many rows")
    files: list[FileChange] = Field(default=[], description="those that would differ")
    rejected_before: int = 0
    rejected_after: int = 0


class Affected(BaseModel):
    """What a mapping would change."""

    flow_id: str
    version: int
    delivered: bool = Field(description="whether there is a delivery that it would change")
    targets: list[AffectedTarget]

    @property
    def rows(self) -> int:
        """Rows of files that would differ."""
        return sum(file.rows for target in self.targets for file in target.files)


@dataclass(frozen=True, slots=True)
class _Again:
    """How rows are cleansed again."""

    plan: CleansingPlan
    decided: Decisions


@dataclass(frozen=True, slots=True)
class _Rows:
    """The cleansed rows; or the source's, where people decided on them since."""

    tables: Tables
    again: _Again | None = None

    @property
    def many(self) -> bool:
        """Whether there are more of them than are counted beforehand."""
        return sum(table.row_count for table in self.tables) > MOST_ROWS


class AffectedService:
    """Counts what a mapping would change."""

    def __init__(self, flows: Flows, values: Values, mapping: MappingService, settings: Settings) -> None:
        self._flows, self._values, self._mapping, self._settings = flows, values, mapping, settings

    @rereads
    async def of(self, who: Caller, ref: str, wanted: Submission) -> Affected:
        """What submitting this would change in what is delivered. Changes nothing.

        Raises
        ------
        InvalidRequest
            The mapping can't be followed; lists every error.
        """
        who.must_be("reviewer")  # the first of what differs is shown as it is
        flow = await self._flows.get(who.tenant, checked(ref))
        found = await self._mapping.check(flow, wanted)
        approved = await self._flows.approved_mappings(who.tenant, flow)
        verdicts = {v.target: v for v in await self._values.all_of(flow, "validated_tables", Verdict)}
        rows = await self._rows(who, flow)
        demands = flow.data.get(mappings.DEMANDS, []) if found.demands is None else list(found.demands)
        same_rules = demands == flow.data.get(mappings.DEMANDS, [])
        told = []
        for mapping in found.mappings:
            former = approved.get(mapping.target)
            stays = former and same_rules and not (rows and rows.again)
            if former and stays and mappings.fingerprint([former]) == mappings.fingerprint([mapping]):
                told.append(AffectedTarget(target_system=mapping.target, runs_again=False, counted=True))
                continue
            before = verdicts.get(mapping.target)
            if before is None or rows is None or rows.many:
                told.append(AffectedTarget(target_system=mapping.target, runs_again=True))
            else:
                told.append(
                    await asyncio.to_thread(
                        self._counted, rows, mapping, contract(flow, mapping.target), before, demands
                    )
                )
        delivered = flow.phases[Phase.VALIDATION].status is PhaseStatus.COMPLETED
        return Affected(flow_id=str(flow.id), version=flow.version, delivered=delivered, targets=told)

    async def _rows(self, who: Caller, flow: Flow) -> _Rows | None:
        """What the run would begin with; None before anything was cleansed."""
        cleansed = await self._values.of(flow, "cleansed_tables", Cleansed)
        if cleansed is None:
            return None
        log = await self._flows.decision_history(who.tenant, flow)
        begun = flow.phases[Phase.CLEANSING].started_at
        intake = await self._values.of(flow, "source_tables", Intake)
        plan = await self._values.of(flow, "cleansing_plan", CleansingPlan)
        if intake is None or plan is None or not changed_since((one for one in log if one.kind in KINDS), begun):
            return _Rows(cleansed.tables)
        held = await self._flows.decisions(who.tenant, flow)
        return _Rows(intake.tables, _Again(plan, decisions.cleansing(held.values())))

    def _counted(
        self, rows: _Rows, mapping: Mapping, target: Target, before: Verdict, demands: Sequence
    ) -> AffectedTarget:
        """What becomes of one target's files, by the engine."""
        from discovery_pipeline.engine import cleansing, validation
        from discovery_pipeline.engine.validation import asked
        from discovery_pipeline.engine.validation.demands import Demand
        from discovery_pipeline.engine.validation.differing import differing

        limits = {"threads": self._settings.threads, "memory_limit": self._settings.memory_limit}
        with tempfile.TemporaryDirectory(prefix="affected-") as folder, duck.connect(**limits) as con:
            today = datetime.now(UTC).date()
            tables = rows.tables
            if rows.again:
                into = Path(folder) / "cleansed"
                tables = cleansing.cleanse(con, tables, rows.again.plan, into, decisions=rows.again.decided).tables
            asks = asked.resolved(tuple(Demand.model_validate(one) for one in demands), tables, mapping)
            after = validation.validate(con, tables, mapping, target, Path(folder), demands=asks, today=today)
            return AffectedTarget(
                target_system=mapping.target,
                runs_again=True,
                counted=True,
                files=list(differing(con, before, after)),
                rejected_before=before.rows_rejected,
                rejected_after=after.rows_rejected,
            )


def delivered(flow: Flow) -> bool:
    """Whether a submission would change a mapping that was approved before."""
    return flow.phases[Phase.FIELD_MAPPING].status is PhaseStatus.COMPLETED
