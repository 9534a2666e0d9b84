"""Flows over HTTP: begin one, list them, look how one stands, retry, cancel, archive, follow its events."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import ConfigDict, Field

from discovery_pipeline.flow.state import Flow, FlowStatus
from discovery_pipeline.store.events.outbox import Cursor
from discovery_pipeline.store.idempotency import Once
from discovery_pipeline.web.api.calls import (
    TAGGED,
    FlowRef,
    IdempotencyKey,
    IfMatch,
    Line,
    The,
    Version,
    Who,
    expected,
    on_flow,
    refusals,
    tagged,
)
from discovery_pipeline.web.bodies import Body
from discovery_pipeline.web.faults import InvalidRequest
from discovery_pipeline.web.security import still_in
from discovery_pipeline.web.services.deciding import LARGEST
from discovery_pipeline.web.services.flows import PAGE, AuditPage, Begun, FlowPage, FlowView, Listing

router = APIRouter(prefix="/api/v1/unified-discovery", tags=["Flows"])


class NewFlow(Body):
    """What to call the flow, where its data comes from, and where it goes."""

    name: Line = Field(examples=["Q3 estate"])
    source_system: Line = Field(description="what exported the files", examples=["ServiceNow"])
    target_system: Line = Field(
        description="one of `GET /api/v1/targets`, or several with commas between", examples=["AWS"]
    )


class Change(Body):
    """Which version of the flow the caller saw, and why it is changed."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"version": 3, "reason": "the export was the wrong one"}]}
    )

    version: Version = None
    reason: Annotated[str, Field(max_length=500, pattern=r"^[^\x00]*$")] = ""


@router.post("/flow/initialize", responses=refusals(409, 422))
async def initialize(new: NewFlow, who: Who, the: The, key: IdempotencyKey = None) -> Begun:
    """Begin a flow. It waits for files then."""
    once = Once.of(key, "initialize", new.model_dump())
    return await the.flow.initialize(who, new.name, new.source_system, new.target_system, once)


@router.get("/flow/status/{flow_id}", responses={**on_flow(), **TAGGED})
async def status(flow_id: FlowRef, who: Who, the: The, response: Response) -> FlowView:
    """How the flow stands. `ETag` is its version, for `If-Match` when it is changed."""
    return tagged(response, await the.flow.status(who, flow_id))


@router.get("/flows", responses=refusals(422))
async def flows(
    who: Who,
    the: The,
    status: Annotated[FlowStatus | None, Query(description="only flows of that status")] = None,
    search: Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00]*$", description="words of the name")] = None,
    cursor: Annotated[
        str | None, Query(max_length=200, description="`next_cursor` of the page before, as it came")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = PAGE,
) -> FlowPage:
    """The engagement's flows, newest first, by page."""
    return await the.flow.list(who, Listing(status, search, cursor, limit))


@router.post("/flow/{flow_id}/retry", responses={**on_flow(409, 412, 422), **TAGGED})
async def retry(
    flow_id: FlowRef, who: Who, the: The, response: Response, change: Change | None = None, match: IfMatch = None
) -> FlowView:
    """Run the failed phase again; what was done before it stays."""
    with expected(match, change.version if change else None) as version:
        return tagged(response, await the.flow.retry(who, flow_id, version))


@router.post("/flow/{flow_id}/cancel", responses={**on_flow(409, 412, 422), **TAGGED})
async def cancel(
    flow_id: FlowRef, who: Who, the: The, response: Response, change: Change | None = None, match: IfMatch = None
) -> FlowView:
    """End the flow without a result. What it found stays to be read."""
    with expected(match, change.version if change else None) as version:
        return tagged(response, await the.flow.cancel(who, flow_id, version, change.reason if change else ""))


@router.post("/flow/{flow_id}/archive", responses=on_flow(409, 412, 422))
async def archive(
    flow_id: FlowRef, who: Who, the: The, change: Change | None = None, match: IfMatch = None
) -> FlowView:
    """Put a flow away that is delivered, failed or cancelled: it leaves every list, and can't be brought back.

    Its files stay until they are purged. That takes the role admin.
    """
    with expected(match, change.version if change else None) as version:
        return await the.flow.archive(who, flow_id, version, change.reason if change else "")


@router.get("/flow/audit/{flow_id}", responses=on_flow(422))
async def audit(
    flow_id: FlowRef,
    who: Who,
    the: The,
    after: Annotated[int, Query(ge=0, le=LARGEST, description="`next_after` of the page before")] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = PAGE,
) -> AuditPage:
    """Who changed the flow, when, why, from what and to what; oldest first."""
    page = await the.flow.audit(who, flow_id, after, limit)
    return await the.masking.shown(who, await the.flow.get(who, flow_id), page)


async def _followed(flow_id: FlowRef, who: Who, the: The) -> Flow:
    return await the.flow.get(who, flow_id)


Last = Annotated[
    str | None,
    Header(
        alias="Last-Event-ID", description="the `id` of the last event seen",
        # Said, not held: `Cursor` says better what is wrong.
        json_schema_extra={"pattern": "^[0-9]{1,18}:[0-9]{1,18}$"},
    ),
]  # fmt: skip


def _last(last: Last = None) -> Cursor | None:
    try:
        return Cursor.parse(last) if last else None
    except ValueError as error:
        raise InvalidRequest(f"Last-Event-ID: {error}.") from None


@router.get(
    "/flow/events/{flow_id}",
    response_class=EventSourceResponse,
    response_description="The events, as they come",
    responses=on_flow(422),
)
async def events(
    request: Request,
    flow: Annotated[Flow, Depends(_followed)],
    after: Annotated[Cursor | None, Depends(_last)],
    who: Who,
    the: The,
) -> AsyncIterator[ServerSentEvent]:
    """Every event of the flow, from the first or from the one after `Last-Event-ID`, and each new one as it comes.

    `event` is its type, `id` what to send as `Last-Event-ID`, `data` who did it, when, and what. The stream ends with
    the token or session that it was begun with.
    """
    async for posted in the.flow.follow(who, flow, after):
        if not await still_in(request, who):
            return
        event = posted.event
        said = await the.masking.told(who, flow, event.data)
        told: dict[str, Any] = {"flow_id": str(flow.id), "by": event.by, "at": event.at, **said}
        yield ServerSentEvent(event=event.type.value, id=str(posted.cursor), data=told)
