"""/discovery/engagements: for whoever works in several, which one the pages show."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from discovery_pipeline.web.faults import NotAuthorized
from discovery_pipeline.web.pages.answering import Called, Note, Sent, Visitor, page, text, to
from discovery_pipeline.web.security import CHOSEN

router = APIRouter(prefix="/discovery/engagements")


@router.get("")
async def engagements(request: Request, called: Called, caller: Visitor) -> Response:
    """All of them, the one that is shown marked."""
    found = await called.engagement.of(caller)
    return page(request, "engagements.html.j2", caller, title="Engagements", engagements=found)


@router.post("")
async def choose(request: Request, called: Called, caller: Visitor, form: Sent) -> Response:
    """Show another one from now on."""
    wanted = text(form, "engagement")
    chosen = next((one for one in await called.engagement.of(caller) if one.key == wanted), None)
    if chosen is None:
        raise NotAuthorized("You aren't a member of that engagement.")
    response = to("/discovery", Note(f"These are the discoveries of {chosen.title}."))
    response.set_cookie(
        CHOSEN, chosen.key, path="/", httponly=True, samesite="lax", secure=request.url.scheme == "https"
    )
    return response
