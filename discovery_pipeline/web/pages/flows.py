"""/discovery: all flows, and the form that begins one."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from discovery_pipeline.flow.state import Flow, FlowStatus
from discovery_pipeline.web.pages.answering import Called, Sent, Visitor, page, text, to
from discovery_pipeline.web.pages.views.flows import label, shown_flow, source_label, target_options
from discovery_pipeline.web.pages.views.paging import Chip
from discovery_pipeline.web.services import Caller, Services
from discovery_pipeline.web.services.flows import Listing
from discovery_pipeline.web.services.systems import SOURCES

router = APIRouter(prefix="/discovery")

_SHOWN = (
    ("All", None),
    ("To review", FlowStatus.WAITING_FOR_REVIEW),
    ("At work", FlowStatus.ACTIVE),
    ("Delivered", FlowStatus.COMPLETED),
    ("Failed", FlowStatus.FAILED),
    ("Cancelled", FlowStatus.CANCELLED),
)


@dataclass(frozen=True, slots=True)
class NewFlow:
    """The form as it was filled in."""

    name: str = ""
    source: str = ""
    target: str = ""
    also: tuple[str, ...] = ()

    @classmethod
    def of(cls, form: FormData) -> NewFlow:
        """As it was sent."""
        also = tuple(said for said in form.getlist("alsoTarget") if isinstance(said, str))
        return cls(text(form, "name"), text(form, "sourceSystem"), text(form, "targetSystem"), also)

    @classmethod
    def like(cls, flow: Flow) -> NewFlow:
        """What that flow was begun with."""
        first, *also = map(label, flow.targets)
        return cls(flow.name, source_label(flow.source_system), first, tuple(also))

    @property
    def missing(self) -> dict[str, str]:
        """What is missing, by the field's name."""
        found = {}
        if not self.name:
            found["name"] = "A name is required."
        if not self.source:
            found["sourceSystem"] = "A source system is required."
        if not self.target:
            found["targetSystem"] = "A target system is required."
        return found

    @property
    def targets(self) -> tuple[str, ...]:
        """All targets that were chosen."""
        return tuple(said for said in (self.target, *self.also) if said)


@router.get("")
async def flows(  # noqa: PLR0913, PLR0917 - a query's parts
    request: Request, called: Called, caller: Visitor, new: str = "", q: str = "", status: str = "", before: str = "",
    like: str = "",
) -> Response:  # fmt: skip
    """The list, newest first; with `new`, the form above it; with `like`, filled in like that flow."""
    form = NewFlow.like(await called.flow.get(caller, like)) if like else NewFlow() if new else None
    return await _listed(request, called, caller, form=form, q=q, status=status, before=before)


@router.post("")
async def start(request: Request, called: Called, caller: Visitor, form: Sent) -> Response:
    """Begin a flow, or say what is missing."""
    wanted = NewFlow.of(form)
    errors = wanted.missing
    if strays := await called.system.strays(caller, wanted.targets):
        errors["targetSystem"] = f"There is no target {strays[0]}. Choose one of the list."
    if errors:
        return await _listed(request, called, caller, form=wanted, errors=errors)
    begun = await called.flow.initialize(caller, wanted.name, wanted.source, ",".join(wanted.targets))
    return to(f"/discovery/cmdb-import/{begun.flow_id}")


@router.post("/retry/{flow_id}")
async def retry(called: Called, caller: Visitor, flow_id: str, _: Sent) -> Response:
    """Run the failed phase again, and follow it."""
    return to(shown_flow(await called.flow.retry(caller, flow_id)).href)


async def _listed(  # noqa: PLR0913 - what to look for, and what was typed
    request: Request,
    called: Services,
    caller: Caller,
    *,
    form: NewFlow | None = None,
    errors: dict[str, str] | None = None,
    q: str = "",
    status: str = "",
    before: str = "",
) -> Response:
    if len(caller.memberships) > 1:
        await called.engagement.of(caller)  # their names stand above every page from now on
    wanted = FlowStatus(status) if status in {s.value for s in FlowStatus} else None
    found = await called.flow.list(caller, Listing(wanted, q or None, before or None))
    chips = [
        Chip(title, f"/discovery?{urlencode({'status': s.value if s else '', 'q': q})}", s is wanted)
        for title, s in _SHOWN
    ]
    older = (
        f"/discovery?{urlencode({'status': status, 'q': q, 'before': found.next_cursor})}" if found.next_cursor else ""
    )
    return page(
        request,
        "flows.html.j2",
        caller,
        title="Discoveries",
        flows=[shown_flow(flow) for flow in found.flows],
        form=form,
        errors=errors or {},
        sources=SOURCES,
        targets=target_options(await called.system.targets(caller)) if form else (),
        chips=chips,
        search=q,
        status=status,
        older=older,
        status_code=422 if errors else 200,
    )
