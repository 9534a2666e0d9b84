"""Clusters over HTTP: values that may be spellings of one, and making them one."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from discovery_pipeline.web.api.calls import FlowRef, Text, The, Who, on_flow
from discovery_pipeline.web.bodies import Body
from discovery_pipeline.web.services.clusters import Merge

router = APIRouter(prefix="/api/v1/clusters", tags=["Cleansing"])

Named = Annotated[str, Query(max_length=500, pattern=r"^[^\x00]*$")]


class ClusteredView(BaseModel):
    """A column with several spellings of something."""

    table: str
    column: str
    distinct: int
    clusters: int


class MemberView(BaseModel):
    """A value, and how many cells hold it."""

    value: str
    cells: int


class ClusterView(BaseModel):
    """Values that may be one, the most frequent first."""

    members: list[MemberView]
    cells: int


class MergeRequest(Body):
    """Values that become one, wherever the source holds them."""

    table: Text = Field(examples=["servers"])
    column: Text = Field(examples=["owner"])
    members: list[Text] = Field(
        min_length=1, max_length=5_000, description="leave out what is something else", examples=[["Acme", "ACME Inc."]]
    )
    winner: Text = Field(description="what they become: one of them, or another", examples=["Acme"])
    reason: Text = ""
    dry_run: bool = Field(default=False, description="only say what would change")


class MergedView(BaseModel):
    """What changes from the next run on."""

    batch: UUID | None = Field(description="of the decisions, to be undone; null where nothing was decided")
    rows: int
    changed: dict[str, int] = Field(description="rows by value")


@router.get("/{flow_id}", responses=on_flow(422))
async def columns(flow_id: FlowRef, who: Who, the: The) -> list[ClusteredView]:
    """Columns in which values cluster by their fingerprints, those with most clusters first."""
    flow = await the.flow.get(who, flow_id)
    found = await the.clusters.columns(who, flow)
    return [ClusteredView.model_validate(one, from_attributes=True) for one in found]


@router.get("/{flow_id}/column", responses=on_flow(422))
async def column(
    flow_id: FlowRef, who: Who, the: The, table: Named, column: Named,
    method: Annotated[
        Literal["fingerprint", "nearest"], Query(description="what makes values alike")
    ] = "fingerprint",
) -> list[ClusterView]:  # fmt: skip
    """The clusters of one column, by fingerprint (case, accents, marks and order folded) or by nearness."""
    flow = await the.flow.get(who, flow_id)
    found = await the.clusters.of(who, flow, table, column, method)
    return [ClusterView.model_validate(one, from_attributes=True) for one in found]


@router.post("/{flow_id}", responses=on_flow(409, 422))
async def merge(flow_id: FlowRef, wanted: MergeRequest, who: Who, the: The) -> MergedView:
    """Make values one, as one step; it stands in the log as decisions on values, and each run follows it."""
    flow = await the.flow.get(who, flow_id)
    asked = Merge(wanted.table, wanted.column, tuple(wanted.members), wanted.winner)
    done = await the.clusters.merge(who, flow, asked, wanted.reason, dry_run=wanted.dry_run)
    return MergedView(batch=done.batch, rows=done.rows, changed=done.changed)
