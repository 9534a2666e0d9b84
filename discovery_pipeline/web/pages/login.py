"""/login and /logout: people come in with a token or a link that works once, and leave."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from discovery_pipeline.web.faults import NotAuthorized
from discovery_pipeline.web.heads import head_only
from discovery_pipeline.web.pages.answering import FIELDS, Called, Sent, Visitor, ours, page, services_of, text, to
from discovery_pipeline.web.security import COOKIE
from discovery_pipeline.web.services import Services
from discovery_pipeline.web.services.caller import csrf_token

router = APIRouter()

_EXPIRED = "This link was used already, or is too old. `discovery token create` prints a new one."
_TYPED = "typed."
_KNOWN_SECONDS = 30 * 24 * 3600
"""How long a browser keeps the cookie of a session that the server ended: by it, a late form is known as ours."""
_WORTHLESS = "No such token, or it expired. Tokens begin with dp_."


@dataclass(frozen=True, slots=True)
class Unsent:
    """A form that came after its session had ended, to be sent again."""

    to: str
    typed: tuple[tuple[str, str], ...] = ()
    lost: bool = False  # it was a file, or too long to be kept

    @classmethod
    def of(cls, form: FormData) -> Unsent:
        """As the login's own form carries it."""
        said = ((name.removeprefix(_TYPED), value) for name, value in form.multi_items() if name.startswith(_TYPED))
        return cls(
            ours(text(form, "sent_to"), ""), tuple((name, value) for name, value in said if isinstance(value, str))
        )


@router.get("/login")
async def login(request: Request, called: Called, code: str = "", next: str = "") -> Response:
    """The form; a one-time code opens a session at once, but not for who only looks whether the link leads anywhere."""
    if code and not head_only(request):
        login_name = await called.access.redeem_code(code)
        if login_name:
            return await come_in(request, called, login_name, ours(next))
        return login_form(request, ours(next), _EXPIRED, 401)
    return login_form(request, ours(next))


@router.post("/login")
async def log_in(request: Request, called: Called) -> Response:
    """Open a session for who has the token."""
    if request.headers.get("sec-fetch-site") == "cross-site":
        raise NotAuthorized("Sign in on our own page.")
    form = await request.form(max_fields=FIELDS)
    after, unsent = ours(text(form, "next")), Unsent.of(form)
    found = await called.flows.authenticate(text(form, "token"))
    if not found:
        return login_form(request, after, _WORTHLESS, 401, unsent)
    return await come_in(request, called, found[0].tenant.by, after, unsent)


@router.post("/logout")
async def log_out(called: Called, caller: Visitor, _: Sent) -> Response:
    """End the session, on the server too."""
    await called.access.close_session(caller.cookie or "")
    response = to("/login")
    response.delete_cookie(COOKIE, path="/")
    return response


def login_form(
    request: Request, after: str = "/discovery", error: str = "", status: int = 200, unsent: Unsent | None = None
) -> Response:
    """The page that asks for a token, with what somebody had typed when their session was over."""
    issuer = services_of(request).issuer
    return page(
        request, "login.html.j2", title="Sign in", next=after, oidc=issuer.name if issuer else "",
        errors={"token": error} if error else {}, unsent=unsent, status_code=status,
    )  # fmt: skip


async def come_in(request: Request, called: Services, who: str, after: str, unsent: Unsent | None = None) -> Response:
    """A session of that user's, and the page they wanted; first what they had typed, to be sent again."""
    hours = called.settings.session_hours
    cookie = await called.access.open_session(who, hours)
    if cookie is None:
        return login_form(request, after, _EXPIRED, 401, unsent)
    response = to(after)
    if unsent and unsent.to:
        csrf = csrf_token(cookie)
        response = page(request, "resend.html.j2", title="Signed in", unsent=unsent, csrf=csrf, after=after)
    response.set_cookie(
        COOKIE, cookie, max_age=int(hours * 3600) + _KNOWN_SECONDS, path="/", httponly=True, samesite="lax",
        secure=request.url.scheme == "https",
    )  # fmt: skip
    return response
