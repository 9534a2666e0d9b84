"""/discovery/field-mapping: what is offered for each source column, and the mapping that is saved in the end."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from discovery_pipeline.engine.phrases import counted
from discovery_pipeline.store.reviews import profiles
from discovery_pipeline.web.faults import InvalidRequest, Missing, NotYet
from discovery_pipeline.web.pages.answering import Called, Note, Visitor, text, to
from discovery_pipeline.web.pages.review_desk import AtDesk, entry_of, patch, review_page
from discovery_pipeline.web.pages.templating import rendered
from discovery_pipeline.web.pages.views.mapping_page import Asked, alone
from discovery_pipeline.web.pages.views.profiles import Used, used_profiles
from discovery_pipeline.web.pages.views.review import View
from discovery_pipeline.web.services import Services
from discovery_pipeline.web.services.affecting import delivered
from discovery_pipeline.web.services.review import Reviewed
from discovery_pipeline.web.services.seconding import PROPOSAL, proposed
from discovery_pipeline.web.services.submissions import FieldMappingItem, Submission

_SECONDED = {True: "proposed a mapping", False: "ended what was proposed"}

router = APIRouter(prefix="/discovery/field-mapping/{flow_id}")


@router.get("")
async def review(request: Request, called: Called, caller: Visitor, flow_id: str) -> Response:
    """The rows of one target, those that the filters leave."""
    flow = await called.flow.get(caller, flow_id)
    try:
        reviewed = await called.review.read(caller, flow)
    except NotYet:
        return to(f"/discovery/cmdb-import/{flow.id}")
    view = View.of(request.query_params)
    system = reviewed.of(view.system).target.name
    kept = await profiles.newest(called.flows, caller.tenant, target_system=system)
    offers = await called.remembering.offers(caller, flow) if caller.may("reviewer") else ()
    asked = Asked(caller, reviewed, view, profiles=tuple(kept), remembered=len(offers))
    return await review_page(request, replace(asked, used=await _used(called, asked)))


@router.get("/changes")
async def changed(request: Request, called: Called, caller: Visitor, flow_id: str, after: int = 0) -> Response:
    """What others decided since; 204 where nobody did."""
    flow = await called.flow.get(caller, flow_id)
    reviewed = await called.review.read(caller, flow)
    news = [one for one in reviewed.log if one.id > after]
    if not news:
        return Response(status_code=204)
    others = sorted({one.by for one in news if one.by != caller.login})
    columns = counted(sum(one.kind != PROPOSAL for one in news), "column")
    what = _SECONDED[news[-1].after is not None] if news[-1].kind == PROPOSAL else f"decided {columns}"
    note = f"{' and '.join(others)} {what}" if others else ""
    return await patch(Asked(caller, reviewed, _seen(request)), after, note)


@router.get("/panel")
async def opened(request: Request, called: Called, caller: Visitor, flow_id: str) -> Response:
    """All about one column: alternatives, transformation, values, who decided what."""
    flow = await called.flow.get(caller, flow_id)
    reviewed = await called.review.read(caller, flow)
    view = replace(_seen(request), open=request.query_params.get("open", ""))
    asked = Asked(caller, reviewed, view)
    entry_of(asked.draft, view.open)
    shown = await asyncio.to_thread(alone, asked)
    return HTMLResponse(rendered("panel.html.j2", who=caller, **shown))


@router.post("/save")
async def save(at: AtDesk) -> Response:
    """Approve what was accepted. Offers that nobody decided on are asked about first."""
    ready_only = text(at.form, "ready_only") == "yes"
    asked = replace(await at.asked(), ready_only=ready_only)
    undecided = [entry for draft in asked.reviewed.drafts for entry in draft.undecided]
    kept = ""
    if text(at.form, "undecided") == "accept":
        wanted = [d for draft in asked.reviewed.drafts for d in draft.accepting(draft.undecided, seen=True)]
        await at.called.review.decide(at.caller, at.flow, wanted)
        if wanted:
            kept = f" What was accepted just now stays accepted, {counted(len(wanted), 'column')}; Undo takes it back."
        asked = replace(await at.asked(), ready_only=ready_only)
    elif undecided and text(at.form, "undecided") != "leave":
        return await review_page(at.request, replace(asked, undecided=tuple(undecided)))
    version = text(at.form, "version")
    submission = _submission(asked)
    try:
        if delivered(at.flow) and text(at.form, "affected") != "known":
            found = await at.called.affected.of(at.caller, str(at.flow.id), submission)
            if any(target.runs_again for target in found.targets):
                return await review_page(at.request, replace(asked, affected=found))
        done = await at.called.mapping.submit(
            at.caller, str(at.flow.id), submission, int(version) if version.isdigit() else None
        )
    except InvalidRequest as fault:
        said = f"The mapping can't be followed yet: it isn't saved, and nothing is delivered.{kept}"
        note = Note(said, "bad", tuple(map(str, fault.errors)))
        asked = replace(asked, ready=tuple(fault.members.get("ready_targets", ())))
        return await review_page(at.request, asked, note, status=422)
    if done.proposed:
        said = f"Proposed: {counted(done.mapped, 'target field')}. It counts once another reviewer approves it."
        return to(f"/discovery/field-mapping/{at.flow.id}", Note(said, "warn", done.warnings[:20]))
    note = Note(f"Saved: {counted(done.mapped, 'target field')} filled. Cleansing begins.", "", done.warnings[:20])
    return to(f"/discovery/cleansing/{at.flow.id}", note)


def _seen(request: Request) -> View:
    """What they look at who ask for a part of the page."""
    back = dict(parse_qsl(urlsplit(request.query_params.get("back", "")).query))
    return View.of({**back, "system": request.query_params.get("system", "")})


async def _used(called: Services, asked: Asked) -> tuple[Used, ...]:
    """Mapping profiles that decide columns of this review, and what of them can't be followed here."""
    found = []
    for one in used_profiles(asked.draft):
        try:
            beside = await called.profile.against(
                asked.caller, one.name, str(asked.reviewed.flow.id), one.version, asked.draft.target.name
            )
        except Missing:  # a file that was given to a run, and is kept nowhere
            found.append(replace(one, kept=False))
        else:
            found.append(replace(one, left=beside.left))
    return tuple(found)


@router.post("/approve")
async def approve(at: AtDesk) -> Response:
    """Approve what somebody else proposed. Where it changes what is delivered, that is shown first."""
    if delivered(at.flow) and text(at.form, "affected") != "known":
        asked = await at.asked()
        proposal = proposed(asked.reviewed.log)
        if proposal is not None:
            found = await at.called.affected.of(at.caller, str(at.flow.id), proposal.submission)
            if any(target.runs_again for target in found.targets):
                return await review_page(at.request, replace(asked, affected=found, approving=proposal))
    done = await at.called.mapping.approve(at.caller, str(at.flow.id))
    note = Note(f"Approved: {counted(done.mapped, 'target field')} filled. Cleansing begins.", "", done.warnings[:20])
    return to(f"/discovery/cleansing/{at.flow.id}", note)


@router.post("/decline")
async def decline(at: AtDesk) -> Response:
    """Send back what was proposed."""
    await at.called.mapping.decline(at.caller, str(at.flow.id), text(at.form, "reason"))
    return to(f"/discovery/field-mapping/{at.flow.id}", Note("Sent back. What was decided stays as it is."))


def _submission(asked: Asked) -> Submission:
    return Submission(tuple(items(asked.reviewed)), ready_only=asked.ready_only)


def items(reviewed: Reviewed, *, undecided: bool = False) -> Iterator[FieldMappingItem]:
    """What was accepted, and what is offered and undecided where that is wanted, line by line."""
    for draft in reviewed.drafts:
        offered = [field for entry in draft.undecided for field in entry.fields] if undecided else []
        for field in (*draft.mapping().fields, *offered):
            yield FieldMappingItem(
                source_field=field.source_field,
                target_field=field.target_field,
                transformation=field.transformation,
                data_type=field.data_type,
                is_required=field.is_required,
                source_table=field.source_table,
                target_table=field.target_table,
                target_system=draft.target.name,
            )
