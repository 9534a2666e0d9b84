"""Field mapping over HTTP: what is suggested, and what is to be delivered."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from discovery_pipeline.engine.mapping import Preview as TriedTransformation
from discovery_pipeline.store.idempotency import Once
from discovery_pipeline.web.api.calls import (
    TAGGED,
    FlowRef,
    IdempotencyKey,
    IfMatch,
    Text,
    The,
    Version,
    Who,
    expected,
    on_flow,
)
from discovery_pipeline.web.bodies import Body
from discovery_pipeline.web.faults import NotYet
from discovery_pipeline.web.services.affecting import Affected
from discovery_pipeline.web.services.flows import FlowView, view
from discovery_pipeline.web.services.mappings import Submitted
from discovery_pipeline.web.services.rehearsing import Rehearsal
from discovery_pipeline.web.services.schemas import Preview
from discovery_pipeline.web.services.submissions import MOST, FieldMappingItem, Submission, ValidationRule
from discovery_pipeline.web.services.trials import Trial

router = APIRouter(prefix="/api/v1/field-mapping", tags=["Field mapping"])

AGAIN_SECONDS = 5


class WantedMapping(Body):
    """A mapping, and what is checked of what it delivers."""

    flow_id: str = Field(description="the flow's id or slug")
    mappings: list[FieldMappingItem] = Field(max_length=MOST)
    auto_map_remaining: bool = Field(
        default=False,
        description="columns left out take their suggestion where its confidence reaches the auto-approval threshold",
    )
    ready_only: bool = Field(
        default=False, description="of several targets, deliver to those that lack nothing, though others do"
    )
    validation_rules: dict[Text, list[ValidationRule]] = Field(
        default={},
        description="checks by column or target field, kept with the mapping and run in validation",
        examples=[{"owner": [{"check": "not_null", "severity": "error"}]}],
    )


class FieldMappingRequest(WantedMapping):
    """A mapping to be approved."""

    version: Version = None


class FieldMappingResponse(BaseModel):
    """What came of it."""

    status: Literal["success"] = "success"
    flow_id: str
    version: int = Field(description="of the flow now")
    mapped_fields: int = Field(description="target fields that are filled")
    unmapped_fields: list[str] = Field(description="source columns that fill nothing")
    validation_warnings: list[str] = Field(description="what the mapping costs, a sentence each")


class Proposed(BaseModel):
    """A mapping that takes a second person's approval before it counts."""

    status: Literal["waiting_for_approval"] = "waiting_for_approval"
    flow_id: str
    version: int
    mapped_fields: int
    unmapped_fields: list[str]
    validation_warnings: list[str]
    detail: str = "Somebody else has to approve it: POST /api/v1/field-mapping/approve/{flow_id}."


class ProposalView(BaseModel):
    """What waits for a second person."""

    flow_id: str
    proposed_by: str
    proposed_at: datetime
    mapped_fields: int
    mappings: list[FieldMappingItem]


class Decline(Body):
    """Why a proposal is sent back."""

    reason: Text = Field(default="", examples=["RAM is in MB here"])


class Patience(BaseModel):
    """The suggestions are still being made."""

    status: Literal["pending"] = "pending"
    flow_id: str
    detail: str = "The suggestions are being made. Ask again."


@router.get(
    "/preview/{flow_id}",
    response_model=Preview,
    responses={
        **on_flow(409),
        **TAGGED,
        202: {"model": Patience, "description": "Still being made; see `Retry-After`"},
    },
)
async def preview(flow_id: FlowRef, who: Who, the: The, response: Response) -> Preview | Response:
    """What is suggested, with all that is known of both sides. Waits up to 30 s for suggestions that are being made.

    What it suggests is accepted by `submit` as it stands.
    """
    found = await the.mapping.preview(who, flow_id)
    if found is None:
        told = Patience(flow_id=flow_id).model_dump()
        return JSONResponse(told, 202, headers={"Retry-After": str(AGAIN_SECONDS)})
    response.headers["ETag"] = f'"{found.version}"'
    return found


@router.post("/trial/{flow_id}", responses=on_flow(422))
async def trial(flow_id: FlowRef, wanted: Trial, who: Who, the: The) -> TriedTransformation:
    """What a transformation makes of some rows, before and after, and what gets lost. Changes nothing."""
    return await the.mapping.trial(who, flow_id, wanted)


@router.post("/affected", responses=on_flow(422))
async def affected(wanted: WantedMapping, who: Who, the: The) -> Affected:
    """What submitting this would change in files that are delivered already: targets, rows, cells. Changes nothing.

    It is worked out on the cleansed rows, as the run would; targets whose mapping stays aren't run again.
    """
    return await the.affected.of(who, wanted.flow_id, _submission(wanted))


@router.post("/rehearse", responses=on_flow(422))
async def rehearse(wanted: WantedMapping, who: Who, the: The) -> Rehearsal:
    """What submitting this would deliver: the first rows of each file, what is rejected and why. Changes nothing.

    It is worked out on the first 5,000 rows of each table, cleansed and validated as the run would. A viewer may look,
    and sees what is personal as initials.
    """
    return await the.rehearsing.of(who, wanted.flow_id, _submission(wanted))


@router.post(
    "/submit",
    response_model=FieldMappingResponse,
    responses={
        **on_flow(409, 412, 422),
        **TAGGED,
        202: {"model": Proposed, "description": "Kept: it takes a second person's approval (where that is demanded)"},
    },
)
async def submit(
    wanted: FieldMappingRequest,
    who: Who,
    the: The,
    response: Response,
    match: IfMatch = None,
    key: IdempotencyKey = None,
) -> FieldMappingResponse | Response:
    """Approve a mapping; cleansing, validation and delivery begin at once.

    Submitting the same again gives the first answer, by its content or by `Idempotency-Key`. `If-Match` that names
    another version is a 412; `version` that does, or a flow whose mapping somebody else submitted meanwhile where
    neither is sent, a 409 that says what changed. With the present version it opens the review again. Where a mapping
    takes two people, it is a 202 until another reviewer submits the same, or approves it.

    Where one of several targets lacks a required field, the 422 says under `ready_targets` which of them don't;
    `ready_only` delivers to these.
    """
    once = Once.of(key, "submit", wanted.model_dump(mode="json", exclude={"version"}))
    with expected(match, wanted.version) as version:
        done = await the.mapping.submit(who, wanted.flow_id, _submission(wanted), version, once)
    if done.proposed:
        return JSONResponse(Proposed.model_validate(_as_json(done)).model_dump(), 202)
    response.headers["ETag"] = f'"{done.flow.version}"'
    return FieldMappingResponse.model_validate(_as_json(done))


@router.get("/proposal/{flow_id}", responses=on_flow())
async def proposal(flow_id: FlowRef, who: Who, the: The) -> ProposalView:
    """The mapping that waits for a second person; 404 where none does."""
    flow = await the.flow.get(who, flow_id)
    found = await the.mapping.proposed(who, flow)
    if found is None:
        raise NotYet(f"Flow {flow.slug} has no mapping that waits for a second person.")
    return ProposalView(
        flow_id=str(flow.id), proposed_by=found.by, proposed_at=found.at, mapped_fields=found.fields,
        mappings=list(found.submission.items),
    )  # fmt: skip


@router.post("/approve/{flow_id}", responses={**on_flow(409, 422), **TAGGED})
async def approve(flow_id: FlowRef, who: Who, the: The, response: Response) -> FieldMappingResponse:
    """Approve what another reviewer proposed, as it was proposed. One's own is a 403 of type `second-person`."""
    done = await the.mapping.approve(who, flow_id)
    response.headers["ETag"] = f'"{done.flow.version}"'
    return FieldMappingResponse.model_validate(_as_json(done))


@router.post("/decline/{flow_id}", responses=on_flow(409, 422))
async def decline(flow_id: FlowRef, who: Who, the: The, wanted: Decline | None = None) -> FlowView:
    """Send a proposed mapping back, with a reason; it stays in the history."""
    return view(await the.mapping.decline(who, flow_id, wanted.reason if wanted else ""))


def _as_json(done: Submitted) -> dict[str, Any]:
    return {
        "flow_id": str(done.flow.id),
        "version": done.flow.version,
        "mapped_fields": done.mapped,
        "unmapped_fields": list(done.unmapped),
        "validation_warnings": list(done.warnings),
    }


def _submission(wanted: WantedMapping) -> Submission:
    return Submission(wanted.mappings, wanted.auto_map_remaining, wanted.validation_rules, ready_only=wanted.ready_only)
