"""/discovery/history: who decided what, and the way back to any point of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from fastapi import APIRouter, Request
from fastapi.responses import Response

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.intake.model import Intake
from discovery_pipeline.flow.state import Flow
from discovery_pipeline.store.reviews.decisions import stacks
from discovery_pipeline.web.faults import InvalidRequest
from discovery_pipeline.web.pages.answering import Called, Note, Sent, Visitor, flow_page, text, to
from discovery_pipeline.web.pages.views import history as views
from discovery_pipeline.web.pages.views.cleansing import lines
from discovery_pipeline.web.pages.views.paging import paged
from discovery_pipeline.web.pages.views.standing import may_change
from discovery_pipeline.web.services import Services

router = APIRouter(prefix="/discovery/history/{flow_id}")

PAGE = 50


@router.get("")
async def history(  # noqa: PLR0913, PLR0917 - a query's parts
    request: Request, called: Called, caller: Visitor, flow_id: str, page: int = 1, to: int | None = None
) -> Response:
    """Every step, and with `to` what going back to there would change."""
    flow = await called.flow.get(caller, flow_id)
    log = await called.deciding.history(caller, flow)
    mask = await called.masking.mask(caller, flow)
    address = f"/discovery/history/{flow.id}"
    back = None if to is None else await called.deciding.restoring(caller, flow, max(to, 0))
    told = views.Told(mask, await _lines(called, flow, views.cells_of(log, back)))
    made = views.steps(log, address, told)
    part = paged(len(made), PAGE, page, lambda number: f"{address}?page={number}")
    done, undone = stacks(log)
    way = views.way_back(back, told) if back else None
    return await flow_page(
        request, "history.html.j2", caller, flow, title="History", action=address, way=way,
        steps_made=made[part.offset : part.offset + PAGE], page=part, can_undo=bool(done), can_redo=bool(undone),
        may_decide=may_change(caller, flow),
    )  # fmt: skip


@router.post("/restore")
async def restore(called: Called, caller: Visitor, flow_id: str, form: Sent) -> Response:
    """Go back, as one step."""
    flow = await called.flow.get(caller, flow_id)
    there, latest = text(form, "to"), text(form, "latest")
    if not all(said.isascii() and said.isdigit() and len(said) < 19 for said in (there, latest)):
        raise InvalidRequest("Back to which step? Load the page again.")
    restored = await called.deciding.restore(caller, flow, int(there), int(latest))
    said = (
        "Restored. It is one step: undo takes it back. What is delivered changes once it is saved or run again."
        if restored
        else "All stood like that already."
    )
    return to(f"/discovery/history/{flow.id}", Note(said))


@router.post("/undo")
async def undo(called: Called, caller: Visitor, flow_id: str, form: Sent) -> Response:
    """Take back the newest step of anybody, or decide it again."""
    flow = await called.flow.get(caller, flow_id)
    done = await (called.review.redo if text(form, "do") == "redo" else called.review.undo)(caller, flow)
    return to(f"/discovery/history/{flow.id}", Note("Done." if done else "There is nothing to take back."))


async def _lines(called: Services, flow: Flow, wanted: set[tuple[str, int]]) -> Mapping[tuple[str, int], int]:
    """The line of the source in which each of these rows stands."""
    intake = await called.values.of(flow, "source_tables", Intake) if wanted else None
    if intake is None:
        return {}
    tables = intake.tables

    def read() -> Mapping[tuple[str, int], int]:
        with duck.connect() as con:
            return lines(con, tables, wanted)

    return await asyncio.to_thread(read)
