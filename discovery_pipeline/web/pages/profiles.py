"""/discovery/profiles: mappings under a name: looked at, compared, copied, handed on as files, made of old runs."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from discovery_pipeline.engine.phrases import counted
from discovery_pipeline.errors import MappingError
from discovery_pipeline.flow.state import Flow, Phase, PhaseStatus
from discovery_pipeline.web.api.profiles import Version
from discovery_pipeline.web.faults import InvalidRequest, RequestFault
from discovery_pipeline.web.pages.answering import Called, Note, Sent, Visitor, page, text, to
from discovery_pipeline.web.pages.arriving import file_of_text, refusal
from discovery_pipeline.web.pages.views.flows import label
from discovery_pipeline.web.pages.views.profiles import at, shown_changes, shown_profile
from discovery_pipeline.web.services import Caller, Services

router = APIRouter(prefix="/discovery/profiles")

FLOWS = 100
"""Flows offered to make a profile of."""


@router.get("")
async def profiles(request: Request, called: Called, caller: Visitor) -> Response:
    """All profiles, the one kept last first."""
    return await _listed(request, called, caller)


@router.post("")
async def upload(request: Request, called: Called, caller: Visitor) -> Response:
    """Keep the profile that a file holds."""
    try:
        name, said = await file_of_text(request, called, caller, "Choose a profile's file first: YAML or CSV.")
        saved = await called.profile.take(caller, name, said)
    except (RequestFault, MappingError) as fault:
        return await _listed(request, called, caller, refusal(fault), status=422)
    return to(at(saved.profile.name), Note(f"Kept as {saved.profile}."))


@router.post("/made")
async def made(request: Request, called: Called, caller: Visitor, form: Sent) -> Response:
    """Keep the mapping of a flow that was run before."""
    name, (flow, _, target) = text(form, "name"), text(form, "flow").partition("|")
    if not name or not flow:
        note = Note("Say under which name to keep it, and of which discovery.", "bad")
        return await _listed(request, called, caller, note, status=422)
    try:
        saved = await called.profile.keep(caller, name, flow, target or None)
    except RequestFault as fault:
        return await _listed(request, called, caller, refusal(fault), status=fault.status)
    return to(at(saved.profile.name), Note(f"Kept as {saved.profile}, {counted(len(saved.profile.fields), 'field')}."))


@router.get("/{name}")
async def profile(  # noqa: PLR0913, PLR0917 - what to look at, and beside what
    request: Request, called: Called, caller: Visitor, name: str,
    version: Version = None, before: Version = None, flow: str = "",
) -> Response:  # fmt: skip
    """One version: its fields; what changed since another, or what it says otherwise than a flow's mapping."""
    versions = await called.profile.versions(caller, name)
    shown = await called.profile.get(caller, name, version)
    told: dict[str, Any] = {"beside": "", "changes": None, "left": ()}
    if before is not None:
        changed = await called.profile.differences(caller, name, before, shown.profile.version)
        told = {"beside": f"version {before}", "changes": shown_changes(changed), "left": ()}
    elif flow:
        found = await called.profile.against(caller, name, flow, shown.profile.version)
        told = {"beside": found.flow.name, "changes": shown_changes(found.changes), "left": found.left}
    return page(
        request, "profile.html.j2", caller, title=name, profile=shown_profile(shown), before=before, flow=flow,
        versions=[shown_profile(each) for each in versions], flows=await _flows(called, caller, reviewed=True), **told,
    )  # fmt: skip


@router.post("/{name}/copy")
async def copy(called: Called, caller: Visitor, name: str, form: Sent) -> Response:
    """The same under another name."""
    wanted, version = text(form, "name"), text(form, "version")
    try:
        made = await called.profile.copy(caller, name, wanted, int(version) if version.isdigit() else None)
    except InvalidRequest as fault:
        return to(at(name), Note(fault.detail, "bad"))
    return to(at(made.profile.name), Note(f"Copied as {made.profile}."))


@router.post("/{name}/rename")
async def rename(called: Called, caller: Visitor, name: str, form: Sent) -> Response:
    """Another name for it."""
    try:
        renamed = await called.profile.rename(caller, name, text(form, "name"))
    except InvalidRequest as fault:
        return to(at(name), Note(fault.detail, "bad"))
    return to(at(renamed.profile.name), Note(f"Renamed. Who asks for {name} is led here."))


async def _listed(request: Request, called: Services, caller: Caller, *notes: Note, status: int = 200) -> Response:
    kept = await called.profile.list(caller, None, None)
    return page(
        request, "profiles.html.j2", caller, title="Mapping profiles", notes=notes, status_code=status,
        profiles=[shown_profile(each) for each in kept], flows=await _flows(called, caller),
    )  # fmt: skip


async def _flows(called: Services, caller: Caller, *, reviewed: bool = False) -> list[tuple[str, str]]:
    """Flows with a mapping, each target by itself: a value and a title. With `reviewed`, those under review, too."""
    found = await called.flows.list(caller.tenant, limit=FLOWS)
    ready = [flow for flow in found if _mapped(flow, reviewed=reviewed)]
    if reviewed:
        return [(flow.slug, f"{flow.name} ({flow.created_at:%Y-%m-%d})") for flow in ready]
    return [
        (f"{flow.slug}|{target}", f"{flow.name} to {label(target)} ({flow.created_at:%Y-%m-%d})")
        for flow in ready
        for target in flow.targets
    ]


def _mapped(flow: Flow, *, reviewed: bool) -> bool:
    done = PhaseStatus.COMPLETED, *([PhaseStatus.WAITING_FOR_REVIEW] if reviewed else [])
    return flow.phases[Phase.FIELD_MAPPING].status in done
