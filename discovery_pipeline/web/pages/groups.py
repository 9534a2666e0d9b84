"""/discovery/validation/…/group: rows that are rejected for one reason, and one fix for all of them."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from discovery_pipeline.engine.phrases import counted
from discovery_pipeline.web.faults import InvalidRequest
from discovery_pipeline.web.pages.answering import Called, Note, Sent, Visitor, flow_page, text, to
from discovery_pipeline.web.pages.views import validation as views

router = APIRouter(prefix="/discovery/validation/{flow_id}/group")

Named = Annotated[str, Query(max_length=2000)]


@router.get("")
async def group(  # noqa: PLR0913, PLR0917 - a query's parts
    request: Request,
    called: Called,
    caller: Visitor,
    flow_id: str,
    reason: Named,
    table: Named = "",
    column: Named = "",
) -> Response:
    """Why they are rejected, three of them, and what they hold in the column that is to be fixed."""
    flow = await called.flow.get(caller, flow_id)
    found = await called.groups.of(caller, flow, reason)
    place = next((one for one in found.places if one.table == table), found.places[0])
    chosen = column if column in place.columns else place.column
    said = [(one, views.standing_there(found.reason, one.reason) or one.reason) for one in found.examples]
    held = await called.groups.held(caller, flow, found, place.table, chosen)
    words = (await called.fitting.words(caller, flow, place.table)).get(chosen)
    here = f"/discovery/validation/{flow.id}"
    return await flow_page(
        request, "group.html.j2", caller, flow, title="One fix for all", group=found, said=said, part=place,
        column=chosen, held=held, words=words, near=words.near(*(one.value for one in held)) if words else (),
        action=f"{here}/group", back=here,
        rows=f"{here}?{urlencode({'q': max(reason.split('…'), key=len).strip()})}#rows",
        tables=[(one, f"{here}/group?{urlencode({'reason': reason, 'table': one.table})}") for one in found.places],
    )  # fmt: skip


@router.post("")
async def fix(called: Called, caller: Visitor, flow_id: str, form: Sent) -> Response:
    """One value for all of them."""
    flow = await called.flow.get(caller, flow_id)
    reason, table, column, value = (str(form.get(name) or "") for name in ("reason", "table", "column", "value"))
    here = f"/discovery/validation/{flow.id}"
    again = f"{here}/group?{urlencode({'reason': reason, 'table': table, 'column': column})}"
    if not value.strip() and text(form, "do") != "empty":
        return to(again, Note("Say what they shall hold, or leave them empty.", "bad"))
    becomes = None if text(form, "do") == "empty" else value.strip()
    try:
        cells = await called.groups.fix(caller, flow, reason, (table, column), becomes)
    except InvalidRequest as fault:
        return to(again, Note(fault.detail, "bad"))
    what = f"{column} of {counted(cells, 'row')} {'is left empty' if becomes is None else 'becomes ' + becomes}"
    return to(here, Note(f"{what}, from the next run on. It is one step: undo takes it back."))
