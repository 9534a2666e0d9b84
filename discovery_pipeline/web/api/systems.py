"""Systems over HTTP: where data comes from and where it goes, and contracts for targets of one's own."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import PlainTextResponse

from discovery_pipeline.engine import targets
from discovery_pipeline.web.api.calls import The, Who, download, refusals
from discovery_pipeline.web.faults import InvalidRequest
from discovery_pipeline.web.services import systems
from discovery_pipeline.web.services.systems import ContractView, SourceView, TargetView

router = APIRouter(prefix="/api/v1", tags=["Systems"])

NAME = r"^[^\x00-\x1f\x7f,/\\+]+$"
Named = Annotated[str, Path(max_length=64, pattern=NAME, description="the target's name", examples=["aws"])]
YAML = "application/yaml"
SMALLEST = """\
name: register
title: Our register
tables:
  - name: server
    file: servers.csv
    fields: [{name: Name, required: true, identity: true, unique: true}]
"""
BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The contract, as `discovery target show aws --yaml` prints one; JSON is YAML, too; else a 422",
        "content": {YAML: {"schema": {"type": "string", "maxLength": systems.LONGEST}, "example": SMALLEST}},
    }
}


@router.get("/source-systems", responses=refusals())
async def source_systems(who: Who) -> list[SourceView]:
    """Systems that files may come from. Any other name is taken as a flow's `source_system`, too."""
    return systems.sources()


@router.get("/targets", responses=refusals())
async def all_targets(who: Who, the: The) -> list[TargetView]:
    """Every target with its files and their fields: those that ship, then those of the engagement."""
    return await the.system.targets(who)


@router.get("/targets/{name}", responses=refusals(404, 422))
async def target(name: Named, who: Who, the: The) -> ContractView:
    """One target with all that its contract says: types, allowed values, limits and rules."""
    return await the.system.target(who, name)


@router.get(
    "/targets/{name}/file",
    response_class=PlainTextResponse,
    responses={
        **refusals(404, 422),
        200: {"description": "The contract", "content": {YAML: {"schema": {"type": "object"}}}},
    },
)
async def file(name: Named, who: Who, the: The) -> Response:
    """A contract as a file, to start one's own from."""
    found = await the.system.target(who, name)
    headers = download(f"{found.contract.name}.yaml", "target.yaml")
    return Response(targets.written(found.contract), media_type=YAML, headers=headers)


@router.put("/targets/{name}", responses=refusals(422), openapi_extra=BODY)
async def keep(name: Named, who: Who, the: The, request: Request) -> ContractView:
    """Keep a contract for a target of one's own, in the place of the one before; flows can be begun to it then.

    Flows that were begun before keep the contract that they began with.
    """
    try:
        text = (await request.body()).decode()
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"The contract is no UTF-8: byte {error.start + 1}.") from None
    return await the.system.keep(who, name, text)


@router.delete("/targets/{name}", status_code=204, responses=refusals(404, 422))
async def remove(name: Named, who: Who, the: The) -> None:
    """Forget a contract of the engagement's own. Flows that were begun with it keep it."""
    await the.system.remove(who, name)
