"""/login/oidc: people come in by another authority."""

from __future__ import annotations

import secrets

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from discovery_pipeline.web.faults import NotAuthenticated, NotYet
from discovery_pipeline.web.oidc import Attempt, Issuer
from discovery_pipeline.web.pages.answering import Called, ours
from discovery_pipeline.web.pages.login import come_in
from discovery_pipeline.web.services import Services

router = APIRouter(prefix="/login/oidc")

COOKIE = "discovery_oidc"
SECONDS = 600


@router.get("")
async def begin(request: Request, called: Called, next: str = "") -> Response:
    """Off to the issuer, with a cookie that tells who began."""
    attempt = Attempt.begun(ours(next))
    there = await _issuer(called).address_for(attempt, _back(request))
    response = RedirectResponse(there, 303)
    response.set_cookie(
        COOKIE, attempt.text(), max_age=SECONDS, path="/login/oidc", httponly=True, samesite="lax",
        secure=request.url.scheme == "https",
    )  # fmt: skip
    return response


@router.get("/callback")
async def come_back(request: Request, called: Called, code: str = "", state: str = "") -> Response:
    """Back from the issuer with a code: a session for who it names."""
    attempt = Attempt.parse(request.cookies.get(COOKIE, ""))
    if attempt is None or not code or not secrets.compare_digest(attempt.state.encode(), state.encode()):
        raise NotAuthenticated("This login was begun in another browser, or too long ago. Begin again.")
    login = await _issuer(called).redeemed(attempt, code, _back(request))
    response = await come_in(request, called, login, attempt.after)
    response.delete_cookie(COOKIE, path="/login/oidc")
    return response


def _issuer(called: Services) -> Issuer:
    if called.issuer is None:
        raise NotYet("People log in here with a token, or with the link that `discovery token create` prints.")
    return called.issuer


def _back(request: Request) -> str:
    return str(request.url_for("come_back"))
