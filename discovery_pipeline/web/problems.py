"""Problems: every error as an answer (RFC 9457), in one table.

The table says status and title; the error itself says what, where and what to do.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match

from discovery_pipeline import errors
from discovery_pipeline.engine import disk
from discovery_pipeline.web.faults import InvalidRequest, RequestFault

MEDIA_TYPE = "application/problem+json"
WHERE = "/docs#"
"""Below this address the reference explains each kind of problem."""
AGAIN_SECONDS = 2
LEFT = 499
"""Who asked left before the request was whole; only the log and the metrics see it."""
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")

log = structlog.get_logger(__name__)


class Problem(BaseModel):
    """What went wrong, and what to do about it. Kinds add members of their own."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="the kind of problem: an address in this reference", examples=["/docs#missing"])
    title: str = Field(description="the kind in a few words", examples=["There is no such thing"])
    status: int = Field(description="the HTTP status", examples=[404])
    detail: str = Field(description="what happened, where, and what to do", examples=["There is no flow q3-estate."])
    instance: str = Field(default="", description="the path that was asked for")
    errors: list[Any] = Field(default=[], description="each single error, where there are several")


@dataclass(frozen=True, slots=True)
class Kind:
    """One row of the table."""

    status: int
    kind: str
    title: str
    text: str = ""


KINDS: dict[type[errors.DiscoveryError], Kind] = {
    errors.FlowNotFoundError: Kind(404, "missing", "There is no such thing"),
    errors.InvalidTransitionError: Kind(409, "not-waiting", "Not now"),
    errors.StaleVersionError: Kind(409, "stale", "The flow moved on"),
    errors.TenantAccessError: Kind(403, "not-authorized", "That isn't yours to do"),
    errors.IntegrityConflictError: Kind(409, "conflict", "It contradicts what is there"),
    errors.OperationTimeoutError: Kind(503, "unavailable", "Not available just now"),
    errors.ConnectionLostError: Kind(503, "unavailable", "Not available just now"),
    errors.OutcomeUnknownError: Kind(503, "outcome-unknown", "It may have happened, or not"),
    errors.FlowOperationError: Kind(500, "unexpected", "Something went wrong"),
    errors.InputRefused: Kind(422, "upload-unreadable", "The file can't be read"),
    errors.MappingError: Kind(422, "invalid", "What was sent can't be taken"),
    errors.TargetError: Kind(422, "invalid", "What was sent can't be taken"),
    errors.DiskFullError: Kind(503, "unavailable", "Not available just now"),
    errors.ServerError: Kind(503, "unavailable", "Not available just now"),
    errors.DiscoveryError: Kind(500, "unexpected", "Something went wrong"),
}
"""The nearest class of an error counts."""

SHOWN = ("version", "expected_version", "status", "current_phase", "changed", "broken")
"""What of an operation's details a client is told; `status` would be the problem's own, so it is said as the flow's."""


def every_kind() -> tuple[Kind, ...]:
    """All kinds of problems there are, by status."""
    faults = [
        Kind(fault.status, fault.kind, fault.title, fault.__doc__ or "") for fault in RequestFault.__subclasses__()
    ]
    known = [replace(kind, text=error.__doc__ or "") for error, kind in KINDS.items()]
    by_name = {kind.kind: kind for kind in (*faults, *known)}
    return tuple(sorted(by_name.values(), key=lambda kind: (kind.status, kind.kind)))


def answer(error: Exception, path: str = "") -> JSONResponse:
    """The answer that an error makes."""
    if isinstance(error, RequestFault):
        kind = Kind(error.status, error.kind, error.title)
        return _response(kind, error.detail, path, {"errors": error.errors, **error.members}, error.retry_after)
    kind = _kind(error)
    detail = str(error) if isinstance(error, errors.DiscoveryError) else UNEXPECTED
    more = members(error) if isinstance(error, errors.FlowOperationError) else {}
    return _response(kind, detail, path, more)


UNEXPECTED = "An error that nobody foresaw. It is in the server's log; what you sent changed nothing, so try again."


def _kind(error: Exception) -> Kind:
    for ancestor in type(error).__mro__:
        if ancestor in KINDS:
            return KINDS[ancestor]
    return KINDS[errors.DiscoveryError]


def members(error: errors.FlowOperationError) -> dict[str, Any]:
    """The members of a problem that an operation's details are."""
    shown = {name: error.details[name] for name in SHOWN if name in error.details}
    if "status" in shown:
        shown["flow_status"] = shown.pop("status")
    return shown


def _response(
    kind: Kind, detail: str, path: str, more: Mapping[str, Any], retry_after: float | None = None
) -> JSONResponse:
    said = Problem(type=WHERE + kind.kind, title=kind.title, status=kind.status, detail=detail, instance=path, **more)
    headers = {"Cache-Control": "no-store"}
    if retry_after is None and kind.status == 503:
        retry_after = AGAIN_SECONDS
    if retry_after is not None:
        headers["Retry-After"] = str(math.ceil(retry_after))
    if kind.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(said.model_dump(mode="json"), kind.status, headers, MEDIA_TYPE)


ErrorPage = Callable[[Request, Problem], Awaitable[Response]]
"""How the pages show a problem to a person."""


def install(app: FastAPI, page: ErrorPage | None = None) -> None:
    """Have the app answer errors so: as problems, and to who looks at pages as a page, or by the way to the login."""

    async def said(request: Request, made: JSONResponse) -> Response:
        if not _looks_at_a_page(request):
            return made
        over = request.method == "POST" and bool(request.cookies)  # a session that ended while somebody typed
        if made.status_code == 401 and not (page and over):
            return RedirectResponse(f"/login?{urlencode({'next': _wanted(request)})}", 303)
        if page is None:
            return made
        shown = await page(request, Problem.model_validate_json(bytes(made.body)))
        shown.status_code = made.status_code
        return shown

    @app.exception_handler(errors.DiscoveryError)
    async def known(request: Request, error: errors.DiscoveryError) -> Response:
        made = answer(error, request.url.path)
        if made.status_code >= 500:
            log.error("request failed", path=request.url.path, status=made.status_code, kind=type(error).__name__)
        return await said(request, made)

    @app.exception_handler(OSError)
    async def of_the_system(request: Request, error: OSError) -> Response:
        if not disk.full(error):
            raise error
        return await known(request, errors.DiskFullError("The server's disk is full. Make room there, and try again."))

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        return await said(request, answer(_invalid(error), request.url.path))

    @app.exception_handler(ClientDisconnect)
    async def gone(request: Request, error: ClientDisconnect) -> Response:
        return Response(status_code=LEFT)

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> Response:
        if fault := _unread(error.__cause__):
            return await said(request, answer(fault, request.url.path))
        allowed = {"Allow": _allowed(app, request)} if error.status_code == 405 else {}
        if allowed and request.method == "OPTIONS":
            return Response(status_code=204, headers=allowed)
        kind = Kind(error.status_code, _HTTP.get(error.status_code, "bad-request"), _phrase(error.status_code))
        made = _response(kind, str(error.detail), request.url.path, {})
        made.headers.update({**(error.headers or {}), **allowed})
        return await said(request, made)

    @app.exception_handler(Exception)
    async def unknown(request: Request, error: Exception) -> Response:
        log.error("request failed", path=request.url.path, kind=type(error).__name__, exc_info=error)
        return await said(request, answer(error, request.url.path))


def _allowed(app: FastAPI, request: Request) -> str:
    """What can be done at this address: of all its calls, not only of the first one that was found there."""
    scope = {**request.scope, "route": None}
    known = {m for m in METHODS if any(route.matches({**scope, "method": m})[0] is Match.FULL for route in app.routes)}
    return ", ".join(sorted(known | ({"HEAD"} if "GET" in known else set()) | {"OPTIONS"}))


def _looks_at_a_page(request: Request) -> bool:
    machine = request.url.path.startswith(("/api/", "/health/", "/metrics"))
    return not machine and "text/html" in request.headers.get("accept", "")


def _wanted(request: Request) -> str:
    """Where to go after the login: the page that was asked for, or the first one where something was to be changed."""
    query = f"?{request.url.query}" if request.url.query else ""
    return request.url.path + query if request.method == "GET" else "/discovery"


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in HTTPStatus.__members__.values() else "Error"


_HTTP = {404: "missing", 405: "method-not-allowed", 413: "too-large"}


def _invalid(error: RequestValidationError) -> InvalidRequest:
    """What pydantic found wrong, a sentence each."""
    faults = [_fault(found, error.body) for found in error.errors()]
    told = "; ".join(f"{fault['where']}: {fault['error']}" for fault in faults[:5])
    return InvalidRequest(f"{told}.", errors=faults)


def _fault(found: Mapping[str, Any], body: Any) -> dict[str, str]:
    """One of them: where, and what."""
    if isinstance(body, bytes) and found["loc"] == ("body",):
        return {"where": "body", "error": "no JSON; send some, with Content-Type: application/json"}
    if found["type"] == "extra_forbidden":
        *place, name = map(str, found["loc"])
        return {"where": ".".join(place), "error": f"there is no {name!r} here; the reference lists what is taken"}
    if found["type"] != "json_invalid" or not isinstance(body, str):
        return {"where": ".".join(str(part) for part in found["loc"]), "error": found["msg"]}
    before = body[: found["loc"][-1]]
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    return {"where": f"body, line {line}, column {column}", "error": f"no JSON ({found['ctx']['error']})"}


def _unread(cause: BaseException | None) -> InvalidRequest | None:
    """What is wrong with a body that FastAPI gave up reading, where it says no more than that it did."""
    match cause:
        case UnicodeDecodeError():
            return InvalidRequest(f"body, byte {cause.start + 1}: no {cause.encoding.upper()} ({cause.reason}).")
        case RecursionError():
            return InvalidRequest("body: lists and objects are nested too deeply to be read.")
        case ValueError():
            return InvalidRequest(f"body: {cause}.")
        case _:
            return None
