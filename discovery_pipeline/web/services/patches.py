"""Patches: what cleansing changed, cell by cell, and how it stands."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import BaseModel, Field

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.cleansing.model import Cleansed, CleansingPlan, PatchLog, PlannedRule
from discovery_pipeline.engine.findings import Finding
from discovery_pipeline.flow.state import Phase, PhaseStatus
from discovery_pipeline.store.flows import Flows
from discovery_pipeline.web.faults import NotYet
from discovery_pipeline.web.services.caller import Caller
from discovery_pipeline.web.services.flows import checked
from discovery_pipeline.web.services.masking import MaskingService
from discovery_pipeline.web.services.values import Values

COLUMNS = ("table", "row", "column", "before", "after", "rule", "tier", "confidence", "reason")


class CleansingView(BaseModel):
    """How cleansing stands."""

    flow_id: str
    status: PhaseStatus
    rules: list[PlannedRule] = Field(description="those that run, in their order")
    changed: Mapping[str, int] = Field(description="cells that each rule changed")
    cells: int = Field(description="cells that were changed in all")
    for_people: list[Finding] = Field(description="what no rule may decide")


class Patch(BaseModel):
    """One changed cell."""

    table: str
    row: int = Field(description="0-based row of the source")
    column: str
    before: str | None
    after: str | None
    rule: str
    tier: str
    confidence: float
    reason: str


class PatchPage(BaseModel):
    """Some of the changed cells."""

    flow_id: str
    patches: list[Patch]
    total: int = Field(description="of those that were asked for, on all pages")


@dataclass(frozen=True, slots=True)
class Patches:
    """Which changed cells are asked for."""

    table: str | None = None
    column: str | None = None
    rule: str | None = None
    tier: str | None = None
    offset: int = 0
    limit: int = 100


class PatchService:
    """Reads what cleansing did."""

    def __init__(self, flows: Flows, values: Values, masking: MaskingService) -> None:
        self._flows, self._values, self._masking = flows, values, masking

    async def overview(self, who: Caller, ref: str) -> CleansingView:
        """The plan, what each rule did, and what needs a person. Empty before cleansing began."""
        flow = await self._flows.get(who.tenant, checked(ref))
        plan = await self._values.of(flow, "cleansing_plan", CleansingPlan)
        cleansed = await self._values.of(flow, "cleansed_tables", Cleansed)
        log = cleansed.patches if cleansed else None
        view = CleansingView(
            flow_id=str(flow.id),
            status=flow.phases[Phase.CLEANSING].status,
            rules=list(plan.rules) if plan else [],
            changed=log.by_rule if log else {},
            cells=log.count if log else 0,
            for_people=list(cleansed.findings) if cleansed else [],
        )
        return await self._masking.shown(who, flow, view)

    async def page(self, who: Caller, ref: str, wanted: Patches) -> PatchPage:
        """Changed cells, in order of table and row.

        Raises
        ------
        NotYet
            Nothing was cleansed so far.
        """
        flow = await self._flows.get(who.tenant, checked(ref))
        log = await self._values.of(flow, "patch_log", PatchLog)
        if log is None:
            raise NotYet(f"Flow {flow.slug} has no patches yet: it is at {flow.current_phase.value}.")
        total, found = await asyncio.to_thread(_read, log, wanted)
        return await self._masking.shown(who, flow, PatchPage(flow_id=str(flow.id), patches=found, total=total))


def _read(log: PatchLog, wanted: Patches) -> tuple[int, list[Patch]]:
    narrowed = {name: getattr(wanted, name) for name in ("table", "column", "rule", "tier")}
    said = [f"{duck.name(name)} = {duck.text(value)}" for name, value in narrowed.items() if value is not None]
    where = f" WHERE {' AND '.join(said)}" if said else ""
    source = f"{duck.parquet(log.path)}{where}"
    named = ", ".join(map(duck.name, COLUMNS))
    with duck.connect() as con:
        count = con.execute(f"SELECT count(*) FROM {source}").fetchone()
        page = f'ORDER BY "table", row, "column", rule LIMIT {wanted.limit} OFFSET {wanted.offset}'
        rows = con.execute(f"SELECT {named} FROM {source} {page}").fetchall()
    return count[0] if count else 0, [Patch(**dict(zip(COLUMNS, row, strict=True))) for row in rows]
