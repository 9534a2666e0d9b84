"""/discovery/report: the flow's report, one page that can be saved and sent."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from discovery_pipeline.web.downloads import Download
from discovery_pipeline.web.faults import NotYet
from discovery_pipeline.web.pages.answering import Called, Visitor, flow_page

router = APIRouter(prefix="/discovery/report/{flow_id}")

REPORT = "report.html"
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; sandbox"
"""The report brings its own styles in it, and nothing else; it runs nothing and asks for nothing."""


@router.get("")
async def report(request: Request, called: Called, caller: Visitor, flow_id: str) -> Response:
    """The report, or how far the flow is."""
    flow = await called.flow.get(caller, flow_id)
    try:
        file = await called.result.file(caller, str(flow.id), REPORT)
    except NotYet:
        return await flow_page(request, "report.html.j2", caller, flow, title="Report", status_code=404)
    return Download(
        file, media_type="text/html", headers={"Content-Security-Policy": POLICY, "Cache-Control": "no-store"}
    )
