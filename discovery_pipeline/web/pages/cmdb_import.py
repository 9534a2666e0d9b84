"""/discovery/cmdb-import: files come in, and people see how they were read and how far the work on them is."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.intake.model import Choice, Intake, Options
from discovery_pipeline.engine.mapping.model import Suggestions
from discovery_pipeline.engine.phrases import counted
from discovery_pipeline.flow.state import Flow, Phase, PhaseStatus
from discovery_pipeline.store import imports
from discovery_pipeline.web.faults import InvalidRequest, RequestFault
from discovery_pipeline.web.pages.answering import Called, Note, Sent, Visitor, flow_page, text, to
from discovery_pipeline.web.pages.arriving import arrived, refusal
from discovery_pipeline.web.pages.views import imports as views
from discovery_pipeline.web.pages.views.standing import may_change
from discovery_pipeline.web.services import Caller, Services
from discovery_pipeline.web.services.layouts import PartLayout
from discovery_pipeline.web.services.uploads import chosen

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
        async with arrived(request, called, caller, called.settings.upload_limit) as form:
            files = [file for file in form.files if file.byte_size or file.name]
            if not files:
                raise InvalidRequest(_NO_FILE)
            done = await called.upload.accept(caller, flow_id, files)
    except RequestFault as fault:
        return await _page(request, called, caller, flow, refusal(fault), status=fault.status)
    refused = tuple(f"{file.filename}: {file.reason}" for file in done.files if file.reason)
    note = Note(f"Took in {counted(len(done.files) - len(refused), 'file')}; others were refused.", "warn", refused)
    return to(f"/discovery/cmdb-import/{flow.id}", note if refused else None)


@router.post("/layout")
async def layout(called: Called, caller: Visitor, flow_id: str, form: Sent) -> Response:
    """Read a file or a sheet in another way."""
    flow = await called.flow.get(caller, flow_id)
    here, name = f"/discovery/cmdb-import/{flow.id}", text(form, "sheet") or text(form, "file")
    part = await _part(called, caller, flow, form)
    try:
        after = await called.layout.choose(caller, str(flow.id), [wanted(form, part)])
    except InvalidRequest as fault:
        return to(here, Note(fault.detail, "bad"))
    changed = after.version != flow.version
    return to(here, Note(f"{name} is read again." if changed else f"{name} is read like that already."))


async def _part(called: Services, caller: Caller, flow: Flow, form: FormData) -> PartLayout:
    """The part that a form is about."""
    place = text(form, "file"), text(form, "sheet") or None
    parts = (await called.layout.view(caller, str(flow.id))).parts
    found = next((part for part in parts if (part.file, part.sheet) == place), None)
    if found is None:
        raise InvalidRequest("There is no such file any more. Load the page again.")
    return found


def wanted(form: FormData, part: PartLayout) -> Choice:
    """What the form says, as far as it isn't what was found anyway."""
    verb = text(form, "do")
    if verb == "found":
        return Choice(file=part.file, sheet=part.sheet)
    options = (part.chosen or Options()).model_dump()
    header, rows = _number(form, "header"), max(_number(form, "header_rows") or 1, 1)
    first = max(_number(form, "first_line") or 1, 1)
    if header is not None and (header or None, rows) != (part.header_line, part.header_rows or 1):
        options |= {"header_rows": rows, "skip_rows": header - 1} if header else {"header_rows": 0}
    if header == 0 and (part.header_line or first != part.first_line):
        options |= {"header_rows": 0, "skip_rows": first - 1}
    options |= {name: form.get(name) or None for name in ("delimiter", "encoding") if name in form}
    return Choice(file=part.file, sheet=part.sheet, options=Options.model_validate(options), left_out=verb == "leave")


def _number(form: FormData, name: str) -> int | None:
    said = text(form, name)
    return int(said) if said.isascii() and said.isdigit() and len(said) < 8 else None


async def _page(
    request: Request, called: Services, caller: Caller, flow: Flow, *notes: Note, status: int = 200
) -> Response:
    intake = await called.values.of(flow, "source_tables", Intake)
    suggestions = await called.values.all_of(flow, "mapping_suggestions", Suggestions)
    async with called.sessions.transaction(caller.tenant) as session:
        came = await imports.of_flow(session, flow)
    known = await called.layout.files(flow)
    shown = await asyncio.to_thread(_shown, called, caller, flow, intake, known, suggestions, came)
    return await flow_page(
        request, "cmdb_import.html.j2", caller, flow, title="Upload", notes=notes, status_code=status,
        limit=called.settings.upload_limit, follows=True, **shown,
    )  # fmt: skip


def _shown(  # noqa: PLR0913, PLR0917 - all that is known of the files
    called: Services, caller: Caller, flow: Flow, intake: Intake | None, known: Any, suggestions: Any, came: Any
) -> dict[str, Any]:
    importing = flow.phases[Phase.DATA_IMPORT]
    uploaded = any(one.status == imports.ACCEPTED for one in came) or importing.status is not PhaseStatus.PENDING
    with duck.connect() as con:
        hidden = not caller.may("reviewer")
        rejected = intake.rejected if intake else None
        files = views.Looker(con, known, rejected, chosen(flow), hidden=hidden).files(came)
    return {
        "files": files,
        "work": views.work(flow, called.artifacts, views.details(intake, suggestions)) if uploaded else [],
        "busy": uploaded and views.busy(flow),
        "ready": _ready(suggestions) if importing.status is PhaseStatus.COMPLETED and suggestions else "",
        "may_upload": may_change(caller, flow),
    }


def _ready(suggestions: tuple[Suggestions, ...]) -> str:
    first = suggestions[0]
    columns = {(f.source_table, f.source_field) for f in first.assignment if f.source_field}
    all_columns = len(columns) + len(first.unmapped_source)
    return f"{len(columns):,} of {counted(all_columns, 'column')} have a suggestion; the rest is yours to decide."
