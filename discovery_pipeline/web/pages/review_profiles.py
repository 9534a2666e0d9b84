"""Mapping profiles on the review page: a mapping kept under a name, for the next export of the same kind."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response

from discovery_pipeline.engine.phrases import counted
from discovery_pipeline.web.faults import InvalidRequest, NotYet
from discovery_pipeline.web.pages.answering import Note, ours, text, to
from discovery_pipeline.web.pages.review_desk import AtDesk

router = APIRouter(prefix="/discovery/field-mapping/{flow_id}/profile")


@router.post("/keep")
async def keep(at: AtDesk) -> Response:
    """Keep what was accepted under a name; the same name again is a new version."""
    asked, back = await at.asked(), ours(text(at.form, "back"))
    try:
        saved = await at.called.profile.keep_mapping(at.caller, text(at.form, "name"), at.flow, asked.draft.mapping())
    except (InvalidRequest, NotYet) as fault:
        return to(back, Note(fault.detail, "bad"))
    said = f"Kept as mapping profile {saved.profile}, with {counted(len(saved.profile.fields), 'field')}."
    return to(back, Note(said))


@router.post("/apply")
async def apply(at: AtDesk) -> Response:
    """Accept what a profile says, as far as these files have its columns; what they haven't is listed."""
    asked = await at.asked()
    done = await at.called.profile.put(at.caller, text(at.form, "name"), str(at.flow.id), None, asked.draft.target.name)
    left = tuple(f"{one.field.source_field or 'a constant'} → {one.field.target_field}: {one.why}" for one in done.left)
    columns = len({(field.source_table, field.source_field) for field in done.taken})
    said = f"Mapping profile {done.profile}: {counted(columns, 'column')} accepted. Undo takes them back in one step."
    if left:
        said = f"{said} {counted(len(left), 'line')} of it can't be followed here; nothing is taken out of the profile:"
    note = Note(said, "warn" if left else "", left)
    return to(ours(text(at.form, "back")), note)
