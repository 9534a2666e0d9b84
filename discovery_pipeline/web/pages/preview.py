"""/discovery/preview: what would be delivered, and what would be rejected, before a mapping is saved."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from discovery_pipeline.web.faults import InvalidRequest, NotYet
from discovery_pipeline.web.pages.answering import Called, Visitor, flow_page, to
from discovery_pipeline.web.pages.field_mapping import items
from discovery_pipeline.web.pages.views.flows import label
from discovery_pipeline.web.pages.views.standing import may_change
from discovery_pipeline.web.services.submissions import Submission

router = APIRouter(prefix="/discovery/preview/{flow_id}")


@router.get("")
async def preview(request: Request, called: Called, caller: Visitor, flow_id: str) -> Response:
    """What is accepted, and what is offered and undecided, as if it were accepted, worked out on the first rows."""
    flow = await called.flow.get(caller, flow_id)
    try:
        reviewed = await called.review.read(caller, flow)
    except NotYet:
        return to(f"/discovery/cmdb-import/{flow.id}")
    found, errors = None, ()
    try:
        found = await called.rehearsing.of(caller, str(flow.id), Submission(tuple(items(reviewed, undecided=True))))
    except InvalidRequest as fault:
        errors = tuple(map(str, fault.errors)) or (fault.detail,)
    return await flow_page(
        request, "preview.html.j2", caller, flow, title="Preview", found=found, errors=errors, label=label,
        undecided=sum(len(draft.undecided) for draft in reviewed.drafts), version=flow.version,
        may_decide=may_change(caller, flow), mapping=f"/discovery/field-mapping/{flow.id}",
    )  # fmt: skip
