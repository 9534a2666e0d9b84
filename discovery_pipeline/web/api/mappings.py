"""Field mapping over HTTP: what is suggested, and what is to be delivered."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from discovery_pipeline.engine.mapping import Preview as TriedTransformation
from discovery_pipeline.store.idempotency import Once
from discovery_pipeline.web.api.calls import FlowRef, IdempotencyKey, IfMatch, Text, The, Who, expected, on_flow
from discovery_pipeline.web.services.affecting import Affected
from discovery_pipeline.web.services.schemas import Preview
from discovery_pipeline.web.services.submissions import MOST, FieldMappingItem, Submission, ValidationRule
from discovery_pipeline.web.services.trials import Trial

router = APIRouter(prefix="/api/v1/field-mapping", tags=["Field mapping"])

AGAIN_SECONDS = 5


class FieldMappingRequest(BaseModel):
    """A mapping to be approved."""

    flow_id: str = Field(description="the flow's id or slug")
    mappings: list[FieldMappingItem] = Field(max_length=MOST)
    auto_map_remaining: bool = Field(
        default=False,
        description="columns left out take their suggestion where its confidence reaches the auto-approval threshold",
    )
    validation_rules: dict[Text, list[ValidationRule]] = Field(
        default={},
        description="checks by column or target field, kept with the mapping and run in validation",
        examples=[{"owner": [{"check": "not_null", "severity": "error"}]}],
    )


class FieldMappingResponse(BaseModel):
    """What came of it."""

    status: Literal["success"] = "success"
    flow_id: str
    version: int = Field(description="of the flow now")
    mapped_fields: int = Field(description="target fields that are filled")
    unmapped_fields: list[str] = Field(description="source columns that fill nothing")
    validation_warnings: list[str] = Field(description="what the mapping costs, a sentence each")


class Patience(BaseModel):
    """The suggestions are still being made."""

    status: Literal["pending"] = "pending"
    flow_id: str
    detail: str = "The suggestions are being made. Ask again."


@router.get(
    "/preview/{flow_id}",
    response_model=Preview,
    responses={**on_flow(409), 202: {"model": Patience, "description": "Still being made; see `Retry-After`"}},
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
async def affected(wanted: FieldMappingRequest, who: Who, the: The) -> Affected:
    """What submitting this would change in files that are delivered already: targets, rows, cells. Changes nothing.

    It is worked out on the cleansed rows, as the run would; targets whose mapping stays aren't run again.
    """
    return await the.affected.of(who, wanted.flow_id, _submission(wanted))


@router.post("/submit", responses=on_flow(409, 412, 422))
async def submit(
    wanted: FieldMappingRequest,
    who: Who,
    the: The,
    response: Response,
    match: IfMatch = None,
    key: IdempotencyKey = None,
) -> FieldMappingResponse:
    """Approve a mapping; cleansing, validation and delivery begin at once.

    Submitting the same again gives the first answer, by its content or by `Idempotency-Key`. `If-Match` that names
    another version is a 412. Without it, a flow whose mapping somebody else submitted meanwhile is a 409 that says what
    changed; with the present version it opens the review again.
    """
    once = Once.of(key, "submit", wanted.model_dump(mode="json"))
    with expected(match) as version:
        done = await the.mapping.submit(who, wanted.flow_id, _submission(wanted), version, once)
    response.headers["ETag"] = f'"{done.flow.version}"'
    return FieldMappingResponse(
        flow_id=str(done.flow.id),
        version=done.flow.version,
        mapped_fields=done.mapped,
        unmapped_fields=list(done.unmapped),
        validation_warnings=list(done.warnings),
    )


def _submission(wanted: FieldMappingRequest) -> Submission:
    return Submission(wanted.mappings, wanted.auto_map_remaining, wanted.validation_rules)
