"""Results over HTTP: what was found, and the files that were delivered."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Response

from discovery_pipeline.engine.profiling.model import Profile
from discovery_pipeline.engine.risk.model import RiskAssessment
from discovery_pipeline.engine.schema.model import SchemaAnalysis
from discovery_pipeline.engine.validation.model import QualityReport
from discovery_pipeline.web.api.calls import FlowRef, Responses, The, Who, on_flow, refusals
from discovery_pipeline.web.downloads import Download, has
from discovery_pipeline.web.services.outcomes import OutcomeView
from discovery_pipeline.web.services.results import Lineage, Output, Result, media_type

router = APIRouter(prefix="/api/v1", tags=["Results"])

IfNoneMatch = Annotated[
    str | None,
    Header(alias="If-None-Match", max_length=200, description="the `ETag` of the answer that the caller has"),
]
TAG = {"ETag": {"description": "for `If-None-Match`", "schema": {"type": "string"}}}
UNCHANGED: Responses = {**on_flow(), 200: {"headers": TAG}, 304: {"description": "Still what `If-None-Match` names"}}
INERT = {"Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"}
"""What is delivered holds a client's text: where a browser shows it, it can do nothing."""


@router.get("/profile/{flow_id}", response_model=Profile, responses=UNCHANGED)
async def profile(flow_id: FlowRef, who: Who, the: The, match: IfNoneMatch = None) -> Response:
    """What every column looks like: types, nulls, distributions, patterns, quality."""
    return _json(await the.result.read(who, flow_id, "profile"), match)


@router.get("/quality/{flow_id}", response_model=QualityReport, responses=UNCHANGED)
async def quality(flow_id: FlowRef, who: Who, the: The, match: IfNoneMatch = None) -> Response:
    """How good the data was and is, by dimension, with every finding."""
    return _json(await the.result.read(who, flow_id, "quality"), match)


@router.get("/risk/{flow_id}", response_model=RiskAssessment, responses=UNCHANGED)
async def risk(flow_id: FlowRef, who: Who, the: The, match: IfNoneMatch = None) -> Response:
    """What may go wrong in the move, with numbers."""
    return _json(await the.result.read(who, flow_id, "risk"), match)


@router.get("/relationships/{flow_id}", response_model=SchemaAnalysis, responses=UNCHANGED)
async def relationships(flow_id: FlowRef, who: Who, the: The, match: IfNoneMatch = None) -> Response:
    """Keys, references, hierarchies, dependencies and rules, with their evidence."""
    return _json(await the.result.read(who, flow_id, "relationships"), match)


@router.get("/outcome/{flow_id}", responses=on_flow())
async def outcome(flow_id: FlowRef, who: Who, the: The) -> OutcomeView:
    """What became of the rows, by target and file, and why some are to be corrected; the parts sum to all rows in."""
    return await the.outcome.of(who, await the.flow.get(who, flow_id))


@router.get("/lineage/{flow_id}", responses=on_flow())
async def lineage(flow_id: FlowRef, who: Who, the: The) -> Lineage:
    """From each target field back to the columns and files it is made of, and who approved it."""
    return await the.result.lineage(who, flow_id)


@router.get("/output/{flow_id}", responses=on_flow())
async def output(flow_id: FlowRef, who: Who, the: The) -> Output:
    """The delivered files."""
    return await the.result.output(who, flow_id)


@router.get(
    "/output/{flow_id}/{name:path}",
    response_class=Download,
    response_description="The file",
    responses={
        **UNCHANGED,
        200: {
            "headers": TAG,
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        },
        206: {"description": "The range that was asked for"},
        416: refusals(416)[416],
    },
)
async def file(
    flow_id: FlowRef,
    name: Annotated[str, Path(description="a file of `GET /api/v1/output/{flow_id}`", examples=["aws.csv"])],
    who: Who,
    the: The,
) -> Download:
    """One delivered file, streamed; ranges are served, and `If-None-Match` is answered."""
    path = await the.result.file(who, flow_id, name)
    more: dict[str, Any] = INERT if path.suffix == ".html" else {}
    return Download(path, media_type=media_type(path), filename=path.name, headers=more)


def _json(found: Result, match: str | None) -> Response:
    tag = f'"{found.digest}"'
    if has(match, tag):
        return Response(status_code=304, headers={"ETag": tag})
    return Response(found.value.model_dump_json(), media_type="application/json", headers={"ETag": tag})
