"""Mapping profiles on the review page: a mapping kept under a name, for the next export of the same kind."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response

from discovery_pipeline.engine.mapping import profiles
from discovery_pipeline.engine.mapping.profiles import MappingProfile
from discovery_pipeline.errors import MappingError
from discovery_pipeline.store import profiles as kept
from discovery_pipeline.store.decisions import Decision
from discovery_pipeline.web.faults import InvalidRequest
from discovery_pipeline.web.pages.answering import Called, Note, Visitor, ours, text, to
from discovery_pipeline.web.pages.review_desk import AtDesk
from discovery_pipeline.web.pages.templating import plural
from discovery_pipeline.web.services.drafting import Draft
from discovery_pipeline.web.services.profiles import decisions

router = APIRouter(prefix="/discovery/field-mapping/{flow_id}/profile")

_LONGEST = 120


@router.post("/keep")
async def keep(at: AtDesk) -> Response:
    """Keep what was accepted under a name; the same name again is a new version."""
    at.caller.must_be("reviewer")
    asked, name = await at.asked(), text(at.form, "name")
    if not name or len(name) > _LONGEST:
        raise InvalidRequest(f"A mapping profile needs a name of at most {_LONGEST} characters.")
    mapping = asked.draft.mapping()
    if not mapping.fields:
        raise InvalidRequest("Nothing is accepted yet, so there is nothing to keep.")
    made = profiles.made(name, 1, at.flow.source_system, mapping)
    saved = await kept.save(at.called.flows, at.caller.tenant, made)
    said = f"Kept as mapping profile {saved.profile}, with {plural(len(saved.profile.fields), 'field')}."
    return to(ours(text(at.form, "back")), Note(said))


@router.post("/apply")
async def apply(at: AtDesk) -> Response:
    """Accept what a profile says, as far as these files have its columns; what they haven't is listed."""
    asked, name = await at.asked(), text(at.form, "name")
    try:
        saved = await kept.get(at.called.flows, at.caller.tenant, name)
    except MappingError as missing:
        raise InvalidRequest(str(missing)) from None
    wanted, left = _applied(asked.draft, saved.profile)
    await at.called.review.decide(at.caller, at.flow, wanted, f"mapping profile {saved.profile}")
    note = Note(
        f"Mapping profile {saved.profile}: {plural(len(wanted), 'column')} accepted. Undo takes them back in one step.",
        "warn" if left else "",
        left,
    )
    return to(ours(text(at.form, "back")), note)


@router.get("/file")
async def file(called: Called, caller: Visitor, flow_id: str, name: str) -> Response:
    """A profile as a YAML file, to be given to others or to `--profile`."""
    await called.flow.get(caller, flow_id)
    try:
        saved = await kept.get(called.flows, caller.tenant, name)
    except MappingError as missing:
        raise InvalidRequest(str(missing)) from None
    headers = {"Content-Disposition": 'attachment; filename="mapping-profile.yaml"'}
    return Response(profiles.as_yaml(saved.profile), media_type="application/yaml", headers=headers)


def _applied(draft: Draft, profile: MappingProfile) -> tuple[list[Decision], tuple[str, ...]]:
    """What the profile decides on this draft, and what it has no column for."""
    done = profiles.applied(profile, draft.suggestions, draft.tables, draft.target)
    left = tuple(f"{one.field.source_field or 'a constant'} → {one.field.target_field}: {one.why}" for one in done.left)
    return decisions(draft, done.taken), left
