"""Errors as pages: what happened, and where to go from there."""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import Request
from fastapi.responses import Response

from discovery_pipeline.web.pages.answering import FIELDS, ours, page
from discovery_pipeline.web.pages.login import Unsent, login_form
from discovery_pipeline.web.problems import Problem
from discovery_pipeline.web.security import CSRF_FIELD

_HEADINGS = {
    404: "There is no such page",
    403: "You may not do that",
    409: "Somebody was faster",
    413: "That is too large",
    503: "Not available just now",
}


AWAY = 503
SIGN_IN = 401
MOST = 200
"""Fields of a form that are kept to be sent again."""


async def error_page(request: Request, problem: Problem) -> Response:
    """The page of a problem."""
    caller = getattr(request.state, "caller", None)
    if problem.status == SIGN_IN:
        return login_form(request, _left(request), unsent=await _unsent(request), status=SIGN_IN)
    asked, away = request.method == "GET", problem.status == AWAY
    again = _address(request) if asked and problem.status >= 500 else ""
    typed = (await _typed(request) or ()) if away and not asked and request.url.path != "/login" else ()
    return page(
        request,
        "error.html.j2",
        caller,
        title=problem.title,
        heading=_HEADINGS.get(problem.status, problem.title),
        status=problem.status,
        detail=problem.detail,
        again=again,
        waits=away and asked,
        typed=typed,
        action=_address(request),
        status_code=problem.status,
    )


async def _unsent(request: Request) -> Unsent | None:
    if request.method != "POST" or request.url.path == "/login":
        return None
    typed = await _typed(request)
    fields = tuple((name, value) for name, value in typed or () if name != CSRF_FIELD)
    return Unsent(_address(request), fields, lost=typed is None)


def _left(request: Request) -> str:
    """The page on which the form stood."""
    page = urlsplit(request.headers.get("referer", ""))
    return ours(f"{page.path}?{page.query}" if page.query else page.path)


async def _typed(request: Request) -> tuple[tuple[str, str], ...] | None:
    """What a form of ours said, so that nothing is typed twice; none of files, of long forms, or of tokens."""
    kind = request.headers.get("content-type", "")
    if not kind.startswith("application/x-www-form-urlencoded"):
        return None
    form = await request.form(max_fields=FIELDS)
    fields = tuple((name, value) for name, value in form.multi_items() if isinstance(value, str))
    return fields if len(fields) <= MOST else None


def _address(request: Request) -> str:
    query = request.url.query
    return f"{request.url.path}?{query}" if query else request.url.path
