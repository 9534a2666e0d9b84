"""Answers: a page for whoever looks, and the way to another one with a note of what was done."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Annotated, Any
from urllib.parse import quote, unquote

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.datastructures import FormData

from discovery_pipeline.flow.events import EventType
from discovery_pipeline.flow.state import ENDED, Flow
from discovery_pipeline.web.pages.templating import rendered
from discovery_pipeline.web.pages.views.flows import shown_flow
from discovery_pipeline.web.pages.views.standing import may_archive, may_cancel, stopped
from discovery_pipeline.web.pages.views.steps import steps
from discovery_pipeline.web.security import CSRF_FIELD, CSRF_HEADER, check_csrf, visitor
from discovery_pipeline.web.services import Caller, Services
from discovery_pipeline.web.services.flows import view

NOTE = "discovery_note"
NOTE_SECONDS = 60
LONGEST_NOTE = 3000  # bytes; a cookie holds 4,096
_EVENT_TYPES = " ".join(sorted(EventType))
LONGEST_NUMBER = 9  # digits
FIELDS = 20_000
"""Fields of one form: a table of values has two a line."""


@dataclass(frozen=True, slots=True)
class Note:
    """What is said on top of a page, once."""

    text: str
    kind: str = ""  # bad, warn, or neither
    items: tuple[str, ...] = ()


def services_of(request: Request) -> Services:
    """What the pages call."""
    return request.app.state.services


async def sent(request: Request, caller: Annotated[Caller, Depends(visitor)]) -> FormData:
    """The form that was sent, after a look at its token.

    Raises
    ------
    NotAuthorized
        The form is of another session.
    """
    form = await request.form(max_fields=FIELDS)
    given = form.get(CSRF_FIELD) or request.headers.get(CSRF_HEADER, "")
    check_csrf(caller, str(given))
    return form


Visitor = Annotated[Caller, Depends(visitor)]
Called = Annotated[Services, Depends(services_of)]
Sent = Annotated[FormData, Depends(sent)]


def page(request: Request, template: str, caller: Caller | None = None, **values: Any) -> HTMLResponse:
    """A template as a page. `status` and `notes` may be among the values."""
    status = values.pop("status_code", 200)
    carried = _carried(request)
    notes = (*([carried] if carried else []), *values.pop("notes", ()))
    several = caller is not None and len(caller.memberships) > 1
    place = services_of(request).engagement.title(caller) if caller and several else ""
    response = HTMLResponse(rendered(template, who=caller, place=place, notes=notes, **values), status)
    response.headers["Cache-Control"] = "no-store"
    if carried:
        response.delete_cookie(NOTE, path="/discovery")
    return response


async def flow_page(request: Request, template: str, caller: Caller, flow: Flow, **values: Any) -> HTMLResponse:
    """A page about one flow: its name, where it stands, why it doesn't go on, and the way through its steps."""
    cancelled = await services_of(request).flow.cancelled(caller, flow) if flow.status in ENDED else None
    return page(
        request,
        template,
        caller,
        flow=shown_flow(view(flow)),
        steps=steps(flow, request.url.path, request.url.query),
        stopped=stopped(flow, cancelled),
        may_cancel=may_cancel(caller, flow),
        may_archive=may_archive(caller, flow),
        events=f"/api/v1/unified-discovery/flow/events/{flow.id}",
        event_types=_EVENT_TYPES,
        **values,
    )


def to(address: str, note: Note | None = None) -> Response:
    """The way to another page of ours."""
    response = RedirectResponse(address, 303)
    if note:
        said = quote(json.dumps(asdict(note)))
        if len(said) > LONGEST_NOTE:
            said = quote(json.dumps(asdict(Note(note.text[:300], note.kind))))
        response.set_cookie(NOTE, said, max_age=NOTE_SECONDS, path="/discovery", httponly=True, samesite="lax")
    return response


def ours(address: str, otherwise: str = "/discovery") -> str:
    """An address if it is one of our pages, so that nobody is led elsewhere."""
    within = address.startswith("/discovery") and not any(c in address for c in "\\\r\n") and "//" not in address
    return address if within else otherwise


def text(form: FormData, name: str) -> str:
    """A field of a form as text, without white space around it; empty where it is missing."""
    said = form.get(name)
    return said.strip() if isinstance(said, str) else ""


def number(form: FormData, name: str) -> int:
    """A field of a form as a whole number; 0 where it is none, which no version is."""
    said = text(form, name)
    return int(said) if said.isascii() and said.isdigit() and len(said) <= LONGEST_NUMBER else 0


def _carried(request: Request) -> Note | None:
    said = request.cookies.get(NOTE)
    if not said:
        return None
    try:
        told = json.loads(unquote(said))
        return Note(str(told["text"]), str(told["kind"]), tuple(map(str, told["items"])))
    except (ValueError, KeyError, TypeError):
        return None
