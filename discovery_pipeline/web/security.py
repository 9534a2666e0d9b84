"""Security: who asks, and what a browser may do with our pages.

The door stands before every call of the API, so that none can be forgotten: token, headers, membership, in that order.
Programs show a token; browsers show the cookie of a session and, to change something, its CSRF token.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie

from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from discovery_pipeline.errors import DiscoveryError
from discovery_pipeline.store.people.accounts import TOKEN_PREFIX, Membership
from discovery_pipeline.web import problems
from discovery_pipeline.web.faults import HeadersMissing, NotAuthenticated, NotAuthorized
from discovery_pipeline.web.limits import RateLimit
from discovery_pipeline.web.services import Caller, Services

API = "/api/"
COOKIE = "discovery_session"
CHOSEN = "discovery_engagement"
"""Cookie that says which of their engagements somebody looks at: "account-engagement"."""
CSRF_HEADER = "X-CSRF-Token"
CSRF_FIELD = "csrf_token"
ACCOUNT, ENGAGEMENT = "X-Client-Account-ID", "X-Engagement-ID"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class SecurityHeaders:
    """Puts HEADERS on every answer, except where the answer says its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the headers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, guarded)


@dataclass(slots=True)
class Door:
    """Lets a call of the API in as a `Caller`, or answers why not."""

    app: ASGIApp
    limit: RateLimit = field(default_factory=RateLimit)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Look who asks, before anything else is looked at."""
        if scope["type"] == "http" and scope["path"].startswith(API):
            services: Services = scope["app"].state.services
            headers = Headers(scope=scope)
            try:
                if secret := _secret(headers):  # who shows none is refused below, which costs less than counting
                    self.limit.take(secret, services.settings.rate_limit)
                caller = await caller_of(services, headers)
                _check_csrf(caller, scope["method"], headers.get(CSRF_HEADER, ""))
            except DiscoveryError as error:
                await problems.answer(error, scope["path"])(scope, receive, send)
                return
            scope.setdefault("state", {})["caller"] = caller
        await self.app(scope, receive, send)


async def caller_of(services: Services, headers: Headers) -> Caller:
    """Who asks, by the token or cookie and the headers of a request.

    Raises
    ------
    NotAuthenticated, HeadersMissing, NotAuthorized
        The first of these that holds.
    """
    token, cookie = _bearer(headers), _cookies(headers).get(COOKIE)
    if token is None and cookie is None:
        raise NotAuthenticated("Send a token: `Authorization: Bearer …`. `discovery token create` makes one.")
    if token is not None:
        found, cookie = await _members_of_token(services, token), None
    else:
        found = await services.access.members_of_session(str(cookie))
        if not found:
            raise NotAuthenticated("The session ended. Log in again.")
    chosen = _chosen(headers, found, by_cookie=cookie is not None)
    return Caller(chosen.tenant, chosen.role, found, cookie)


async def visitor(request: Request) -> Caller:
    """Who looks at a page, by the session's cookie.

    Raises
    ------
    NotAuthenticated
        There is no session, or it ended: the page is to send them to /login.
    """
    headers = request.headers
    if COOKIE not in _cookies(headers):
        raise NotAuthenticated("Log in first.")
    browser = Headers({"cookie": headers["cookie"]})
    caller = await caller_of(request.app.state.services, browser)
    request.state.caller = caller
    return caller


async def still_in(request: Request, caller: Caller) -> bool:
    """Whether who began to read a stream may go on: their token, session or membership may have ended since."""
    try:
        now = await caller_of(request.app.state.services, request.headers)
    except DiscoveryError:  # or nobody can say just now: who asks again hears which
        return False
    return now.tenant == caller.tenant


def check_csrf(caller: Caller, given: str) -> None:
    """Refuse a form that doesn't carry its session's token.

    Raises
    ------
    NotAuthorized
        The form was made by another site, or in another session.
    """
    if not secrets.compare_digest(caller.csrf_token.encode(), given.encode()):
        raise NotAuthorized("This form belongs to another session. Load the page again and repeat it.")


def _check_csrf(caller: Caller, method: str, given: str) -> None:
    if caller.cookie is not None and method not in SAFE:
        check_csrf(caller, given)


async def _members_of_token(services: Services, token: str) -> tuple[Membership, ...]:
    if services.issuer is not None and not token.startswith(TOKEN_PREFIX):
        return await services.access.members_of_login(await services.issuer.login_of(token))
    found = await services.flows.authenticate(token)
    if not found:
        raise NotAuthenticated("The token is unknown, expired or revoked. `discovery token create` makes a new one.")
    return found


def _chosen(headers: Headers, found: tuple[Membership, ...], *, by_cookie: bool) -> Membership:
    """The membership in the engagement that the headers name; a browser's cookie may name it, or nothing does."""
    said = headers.get(ACCOUNT), headers.get(ENGAGEMENT)
    if by_cookie and said == (None, None):
        wanted = _cookies(headers).get(CHOSEN, "")
        there = {f"{m.tenant.client_account_id}-{m.tenant.engagement_id}": m for m in found}
        return there.get(wanted, found[0])
    numbers = tuple(_number(name, value) for name, value in zip((ACCOUNT, ENGAGEMENT), said, strict=True))
    for member in found:
        if (member.tenant.client_account_id, member.tenant.engagement_id) == numbers:
            return member
    raise NotAuthorized(f"You aren't a member of engagement {numbers[1]} of client account {numbers[0]}.")


def _number(name: str, value: str | None) -> int:
    if value is None:
        raise HeadersMissing(f"Send {ACCOUNT} and {ENGAGEMENT}, as `discovery token create` printed them: no {name}.")
    if not (value.isascii() and value.isdigit()):
        raise HeadersMissing(f"{name} is a number, not {value[:40]!r}.")
    return int(value)


def _bearer(headers: Headers) -> str | None:
    said = headers.get("Authorization")
    if said is None:
        return None
    scheme, _, token = said.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise NotAuthenticated("Authorization takes a token: `Bearer …`.")
    return token.strip()


def _secret(headers: Headers) -> str:
    """What one caller is told from another by, before it is known whether it is worth anything."""
    return headers.get("Authorization") or _cookies(headers).get(COOKIE, "")


def _cookies(headers: Headers) -> dict[str, str]:
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(headers.get("cookie", "")).items()}
    except CookieError:
        return {}
