"""Errors as pages: what happened, and where to go from there."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import Response

from discovery_pipeline.web.pages.answering import page
from discovery_pipeline.web.problems import Problem

_HEADINGS = {
    404: "There is no such page",
    403: "You may not do that",
    409: "Somebody was faster",
    413: "That is too large",
    503: "Not available just now",
}


async def error_page(request: Request, problem: Problem) -> Response:
    """The page of a problem."""
    caller = getattr(request.state, "caller", None)
    again = request.url.path if request.method == "GET" and problem.status >= 500 else ""
    return page(
        request,
        "error.html.j2",
        caller,
        title=problem.title,
        heading=_HEADINGS.get(problem.status, problem.title),
        status=problem.status,
        detail=problem.detail,
        again=again,
        status_code=problem.status,
    )
