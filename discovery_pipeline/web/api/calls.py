"""Calls: what the functions of the API share: who asks, the services, versions, and which problems they document."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Depends, Header, Path, Request, Response, params
from fastapi.dependencies.utils import get_flat_params
from pydantic import Field, StringConstraints

from discovery_pipeline.errors import StaleVersionError
from discovery_pipeline.web.faults import InvalidRequest, NotAuthenticated, PreconditionFailed
from discovery_pipeline.web.problems import MEDIA_TYPE, Problem, members
from discovery_pipeline.web.services import Caller, Services
from discovery_pipeline.web.services.flows import FlowView


def _caller(request: Request) -> Caller:
    """Who the door let in."""
    caller = getattr(request.state, "caller", None)
    if not isinstance(caller, Caller):
        raise NotAuthenticated("Send a token: `Authorization: Bearer …`.")
    return caller


def only_known(request: Request) -> None:
    """Refuse parameters that the call doesn't have: without them it would answer something else than was asked.

    Raises
    ------
    InvalidRequest
        Names each of them, and those there are.
    """
    if not request.query_params:
        return
    taken = get_flat_params(request.scope["route"].dependant)
    known = [parameter.alias for parameter in taken if isinstance(parameter.field_info, params.Query)]
    if strange := [name for name in request.query_params if name not in known]:
        there = f"takes {', '.join(known)}" if known else "takes none"
        faults = [{"where": "query", "error": f"there is no {name[:100]!r}; this call {there}"} for name in strange]
        raise InvalidRequest("; ".join(f"{one['where']}: {one['error']}" for one in faults[:5]) + ".", errors=faults)


def _services(request: Request) -> Services:
    return request.app.state.services


Who = Annotated[Caller, Depends(_caller)]
The = Annotated[Services, Depends(_services)]
FlowRef = Annotated[str, Path(description="the flow's id or slug", examples=["9f3c01ab-5d1e-4c1f-9f55-0c6f0d4d5a11"])]
Line = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")
]
"""A line of text that a person typed."""
Text = Annotated[str, StringConstraints(max_length=20_000, pattern=r"^[^\x00]*$")]
"""Text that the database can keep."""
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key", min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$",
        description="sent again with the same request within a day, the first answer comes again",
    ),
]  # fmt: skip
Version = Annotated[
    int | None,
    Field(ge=1, le=2**31 - 1, description="which version of the flow the caller saw: refused where it moved on since"),
]
IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match", max_length=100, description="the `ETag` that the flow had when it was read",
        # Said, not held: `_version` says better what is wrong.
        json_schema_extra={"pattern": r'^(\*|(W/)?("[0-9]{1,9}"|[0-9]{1,9}))$'},
    ),
]  # fmt: skip

REASONS = {
    400: "Headers are missing, or a file is of a type that isn't read",
    401: "No token, or one that is worth nothing",
    403: "Not a member of the engagement, or the role is too low",
    404: "No such flow for this engagement, or a result that isn't there yet",
    408: "The body was announced, and didn't come",
    409: "The flow moved on, or doesn't stand where this can be done",
    412: "`If-Match` names another version",
    413: "The file, or the body, is larger than it may be",
    416: "The file has no such range",
    422: "What was sent can't be taken; every error is listed",
    429: "Faster than one token may ask",
    431: "The address and the headers are too large",
    503: "A part that is needed doesn't answer; try again",
}
TAGGED: dict[int | str, dict[str, Any]] = {
    200: {"headers": {"ETag": {"description": "the flow's version, for `If-Match`", "schema": {"type": "string"}}}}
}
"""An answer that says at which version the flow is."""
ALWAYS = (400, 401, 403, 422, 429, 431, 503)
"""Any call can end so."""

Responses = dict[int | str, dict[str, Any]]


def refusals(*statuses: int) -> Responses:
    """What a call documents beside its answer."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    said = sorted({*ALWAYS, *statuses, *({408, 413} if 422 in statuses else ())})
    return {status: {"description": REASONS[status], "content": content} for status in said}


def on_flow(*statuses: int) -> Responses:
    """The same for a call on one flow."""
    return refusals(404, *statuses)


def download(name: str, otherwise: str) -> dict[str, str]:
    """Headers by which an answer is kept as a file of that name, or of another where only ASCII is understood."""
    return {"Content-Disposition": f"attachment; filename=\"{otherwise}\"; filename*=UTF-8''{quote(name, safe='')}"}


def tagged(response: Response, flow: FlowView) -> FlowView:
    """The flow, with its version as the answer's ETag."""
    response.headers["ETag"] = f'"{flow.version}"'
    return flow


@contextmanager
def expected(match: str | None, version: int | None = None) -> Iterator[int | None]:
    """The version that the caller saw, by If-Match or in the body. One that If-Match names, and isn't it, is a 412.

    Raises
    ------
    InvalidRequest
        If-Match is no ETag of ours.
    """
    by_header = _version(match)
    try:
        yield version if by_header is None else by_header
    except StaleVersionError as error:
        if by_header is None:
            raise
        raise PreconditionFailed(str(error), members=members(error)) from error


def _version(match: str | None) -> int | None:
    if match is None or match.strip() == "*":
        return None
    tag = match.strip().removeprefix("W/").strip('"')
    if not (tag.isascii() and tag.isdigit() and len(tag) < 10):
        raise InvalidRequest(f'If-Match takes the flow\'s ETag, such as "3"; not {match!r}.')
    return int(tag)


__all__ = [
    "FlowRef",
    "IdempotencyKey",
    "IfMatch",
    "Line",
    "Problem",
    "Text",
    "The",
    "Version",
    "Who",
    "expected",
    "on_flow",
]
