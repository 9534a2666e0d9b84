"""The desk of a review: one request of a reviewer, and how it is answered: with the page, or with what changed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import parse_qsl, urlsplit

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, Response
from starlette.datastructures import FormData

from discovery_pipeline.flow.state import Flow
from discovery_pipeline.web.faults import InvalidRequest
from discovery_pipeline.web.pages.answering import Called, Note, Sent, Visitor, flow_page, ours, text, to
from discovery_pipeline.web.pages.templating import rendered
from discovery_pipeline.web.pages.views.mapping_page import Asked, changes, whole
from discovery_pipeline.web.pages.views.panel import Edit
from discovery_pipeline.web.pages.views.review import View
from discovery_pipeline.web.services import Caller, Services
from discovery_pipeline.web.services.drafting import Draft
from discovery_pipeline.web.services.entries import Entry

PATCH = "x-patch"
"""Header by which the page's script asks for the changed parts alone; its value is the newest decision it knows."""
MOST = 150
"""Changed rows that are sent as a patch; beyond these the page is loaded anew."""


@dataclass(frozen=True, slots=True)
class Desk:
    """One request to a review: who, which flow, and the form that they sent."""

    request: Request
    called: Services
    caller: Caller
    flow: Flow
    form: FormData

    @property
    def view(self) -> View:
        """What they looked at."""
        query = dict(parse_qsl(urlsplit(text(self.form, "back")).query))
        return View.of({**query, "system": text(self.form, "system") or query.get("system", "")})

    async def asked(self, view: View | None = None, edit: Edit | None = None) -> Asked:
        """The review as it stands, and what they look at."""
        reviewed = await self.called.review.read(self.caller, self.flow)
        return Asked(self.caller, reviewed, view or self.view, edit)

    async def answer(self, note: str, *, kind: str = "") -> Response:
        """Back to where they were: what changed, where a script asked, else the page."""
        known = self.request.headers.get(PATCH, "")
        if known.isdigit():
            return await patch(await self.asked(), int(known), note)
        return to(ours(text(self.form, "back")), Note(note, kind))


async def desk(request: Request, called: Called, caller: Visitor, flow_id: str, form: Sent) -> Desk:
    """What every change of a review begins with."""
    return Desk(request, called, caller, await called.flow.get(caller, flow_id), form)


AtDesk = Annotated[Desk, Depends(desk)]


async def review_page(request: Request, asked: Asked, *notes: Note, status: int = 200) -> Response:
    """The whole page."""
    shown = await asyncio.to_thread(whole, asked)
    return await flow_page(
        request, "field_mapping.html.j2", asked.caller, asked.reviewed.flow, title="Field mapping", wide=True,
        notes=notes, status_code=status, **shown,
    )  # fmt: skip


async def patch(asked: Asked, after: int, note: str) -> Response:
    """What changed after that decision."""
    if sum(one.id > after for one in asked.reviewed.log) > MOST:
        return Response(status_code=205, headers={"X-Note": "reload"})
    shown = await asyncio.to_thread(changes, asked, after)
    return HTMLResponse(rendered("patch.html.j2", who=asked.caller, note=note, **shown))


def entry_of(draft: Draft, key: str) -> Entry:
    """The entry of that short name.

    Raises
    ------
    InvalidRequest
        There is none.
    """
    entry = draft.by_key.get(key)
    if entry is None:
        raise InvalidRequest("There is no such column any more. Load the page again.")
    return entry
