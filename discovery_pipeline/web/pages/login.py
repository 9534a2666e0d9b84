"""/login and /logout: people come in with a token or a link that works once, and leave."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from discovery_pipeline.web.faults import NotAuthorized
from discovery_pipeline.web.heads import head_only
from discovery_pipeline.web.pages.answering import Called, Sent, Visitor, ours, page, services_of, text, to
from discovery_pipeline.web.security import COOKIE
from discovery_pipeline.web.services import Services

router = APIRouter()

_EXPIRED = "This link was used already, or is too old. `discovery token create` prints a new one."
_WORTHLESS = "No such token, or it expired. Tokens begin with dp_."


@router.get("/login")
async def login(request: Request, called: Called, code: str = "", next: str = "") -> Response:
    """The form; a one-time code opens a session at once, but not for who only looks whether the link leads anywhere."""
    if code and not head_only(request):
        login_name = await called.access.redeem_code(code)
        if login_name:
            return await come_in(request, called, login_name, ours(next))
        return _form(request, ours(next), _EXPIRED, 401)
    return _form(request, ours(next))


@router.post("/login")
async def log_in(request: Request, called: Called) -> Response:
    """Open a session for who has the token."""
    if request.headers.get("sec-fetch-site") == "cross-site":
        raise NotAuthorized("Sign in on our own page.")
    form = await request.form()
    after = ours(text(form, "next"))
    found = await called.flows.authenticate(text(form, "token"))
    if not found:
        return _form(request, after, _WORTHLESS, 401)
    return await come_in(request, called, found[0].tenant.by, after)


@router.post("/logout")
async def log_out(called: Called, caller: Visitor, _: Sent) -> Response:
    """End the session, on the server too."""
    await called.access.close_session(caller.cookie or "")
    response = to("/login")
    response.delete_cookie(COOKIE, path="/")
    return response


def _form(request: Request, after: str, error: str = "", status: int = 200) -> Response:
    issuer = services_of(request).issuer
    return page(
        request, "login.html.j2", title="Sign in", next=after, oidc=issuer.name if issuer else "",
        errors={"token": error} if error else {}, status_code=status,
    )  # fmt: skip


async def come_in(request: Request, called: Services, who: str, after: str) -> Response:
    """A session of that user's, and the page they wanted."""
    hours = called.settings.session_hours
    cookie = await called.access.open_session(who, hours)
    if cookie is None:
        return _form(request, after, _EXPIRED, 401)
    response = to(after)
    response.set_cookie(
        COOKIE, cookie, max_age=int(hours * 3600), path="/", httponly=True, samesite="lax",
        secure=request.url.scheme == "https",
    )  # fmt: skip
    return response
