"""/discovery/cmdb-import: files come in, and people see how they were read and how far the work on them is."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.intake.model import Intake
from discovery_pipeline.engine.mapping.model import Suggestions
from discovery_pipeline.flow.state import ENDED, Flow, FlowStatus, Phase, PhaseStatus
from discovery_pipeline.store import imports
from discovery_pipeline.store.artifacts import UPLOADS
from discovery_pipeline.web.api.uploads import body
from discovery_pipeline.web.faults import InvalidRequest, RequestFault
from discovery_pipeline.web.pages.answering import Called, Note, Sent, Visitor, flow_page, to
from discovery_pipeline.web.pages.templating import plural
from discovery_pipeline.web.pages.views import imports as views
from discovery_pipeline.web.security import CSRF_FIELD, check_csrf
from discovery_pipeline.web.services import Caller, Services

router = APIRouter(prefix="/discovery/cmdb-import/{flow_id}")

_NO_FILE = "Choose a file first."


@router.get("")
async def cmdb_import(request: Request, called: Called, caller: Visitor, flow_id: str) -> Response:
    """The files and the work on them."""
    return await _page(request, called, caller, await called.flow.get(caller, flow_id))


@router.post("")
async def upload(request: Request, called: Called, caller: Visitor, flow_id: str) -> Response:
    """Take files in; what is wrong with them is said on the page."""
    flow = await called.flow.get(caller, flow_id)
    try:
        with called.upload.arriving() as folder:
            form = await body(request, called.settings.upload_limit, folder)
            check_csrf(caller, form.fields.get(CSRF_FIELD, ""))
            files = [file for file in form.files if file.byte_size or file.name]
            if not files:
                raise InvalidRequest(_NO_FILE)
            done = await called.upload.accept(caller, flow_id, files)
    except RequestFault as fault:
        if fault.status in (401, 403):
            raise
        return await _page(request, called, caller, flow, Note(fault.detail, "bad"), status=fault.status)
    refused = tuple(f"{file.filename}: {file.reason}" for file in done.files if file.reason)
    note = Note(f"Took in {plural(len(done.files) - len(refused), 'file')}; others were refused.", "warn", refused)
    return to(f"/discovery/cmdb-import/{flow.id}", note if refused else None)


@router.post("/retry")
async def retry(called: Called, caller: Visitor, flow_id: str, _: Sent) -> Response:
    """Work on the files again."""
    await called.flow.retry(caller, flow_id)
    return to(f"/discovery/cmdb-import/{flow_id}")


async def _page(
    request: Request, called: Services, caller: Caller, flow: Flow, *notes: Note, status: int = 200
) -> Response:
    intake = await called.values.of(flow, "source_tables", Intake)
    suggestions = await called.values.all_of(flow, "mapping_suggestions", Suggestions)
    async with called.sessions.transaction(caller.tenant) as session:
        came = await imports.of_flow(session, flow)
    shown = await asyncio.to_thread(_shown, called, caller, flow, intake, suggestions, came)
    return flow_page(
        request, "cmdb_import.html.j2", caller, flow, title="Upload", notes=notes, status_code=status,
        limit=called.settings.upload_limit, follows=True, **shown,
    )  # fmt: skip


def _shown(  # noqa: PLR0913, PLR0917 - all that is known of the files
    called: Services, caller: Caller, flow: Flow, intake: Intake | None, suggestions: Any, came: Any
) -> dict[str, Any]:
    importing = flow.phases[Phase.DATA_IMPORT]
    uploaded = bool(came)
    with duck.connect() as con:
        files = views.files(con, came, intake, _uploads(called, flow), hidden=not caller.may("reviewer"))
    return {
        "files": files,
        "work": views.work(flow, called.artifacts, views.details(intake, suggestions)) if uploaded else [],
        "busy": uploaded and views.busy(flow),
        "ready": _ready(suggestions) if importing.status is PhaseStatus.COMPLETED and suggestions else "",
        "failed": _failed(flow),
        "may_upload": caller.may("reviewer") and flow.status not in ENDED,
    }


def _uploads(called: Services, flow: Flow) -> Any:
    try:
        return called.artifacts.reading(flow, UPLOADS)
    except FileNotFoundError:
        return None


def _ready(suggestions: tuple[Suggestions, ...]) -> str:
    first = suggestions[0]
    columns = {(f.source_table, f.source_field) for f in first.assignment}
    all_columns = len(columns) + len(first.unmapped_source)
    return f"{len(columns):,} of {plural(all_columns, 'column')} have a suggestion; the rest is yours to decide."


def _failed(flow: Flow) -> str:
    importing = flow.phases[Phase.DATA_IMPORT]
    if flow.status is not FlowStatus.FAILED or importing.status is not PhaseStatus.FAILED:
        return ""
    return str(importing.result.get("error") or "The files couldn't be worked on.")
