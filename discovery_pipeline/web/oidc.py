"""OpenID Connect: tokens of another authority, and people who log in there.

The issuer's keys are fetched when they are needed and kept for a while; nothing it says is believed unsigned.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import secrets
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import jwt
import structlog

from discovery_pipeline.errors import SettingsError
from discovery_pipeline.settings import Settings
from discovery_pipeline.web.faults import NotAuthenticated, Unavailable

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures with the issuer's own key. One that a shared secret can make is none."""
LEEWAY_SECONDS = 60
PATIENCE_SECONDS = 10
COOLDOWN_SECONDS = 1
"""Between two looks for a key that isn't known: a new one is found at once, and nobody has us ask without end."""
LARGEST = 1 << 20
SCOPE = "openid email profile"
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Attempt:
    """A login that was begun. The browser keeps it, and shows that it was the one who began."""

    state: str
    nonce: str
    verifier: str
    after: str  # the page that was wanted

    @classmethod
    def begun(cls, after: str) -> Attempt:
        """A new one."""
        return cls(secrets.token_urlsafe(24), secrets.token_urlsafe(24), secrets.token_urlsafe(48), after)

    def text(self) -> str:
        """As a cookie holds it."""
        said = json.dumps([self.state, self.nonce, self.verifier, self.after])
        return base64.urlsafe_b64encode(said.encode()).decode()

    @classmethod
    def parse(cls, said: str) -> Attempt | None:
        """The attempt of that text; None where it is none."""
        try:
            state, nonce, verifier, after = json.loads(base64.urlsafe_b64decode(said.encode()))
        except (ValueError, TypeError):
            return None
        return cls(str(state), str(nonce), str(verifier), str(after))


class Issuer:
    """Another authority whose word on a user's login is taken."""

    def __init__(self, address: str, audience: str, claim: str, secret: str | None = None) -> None:
        self._address, self._audience, self._claim, self._secret = address.rstrip("/"), audience, claim, secret
        self._said: dict[str, Any] = {}
        self._keys: jwt.PyJWKClient | None = None

    @classmethod
    def of(cls, settings: Settings) -> Issuer | None:
        """The issuer of these settings; None where there is none.

        Raises
        ------
        SettingsError
            An issuer without an audience, or one that is reached in the clear.
        """
        if settings.oidc_issuer is None:
            return None
        if settings.oidc_audience is None:
            raise SettingsError("DISCOVERY_OIDC_AUDIENCE is missing: say for whom the issuer's tokens are made out.")
        _safe(settings.oidc_issuer)
        secret = settings.oidc_client_secret
        return cls(
            settings.oidc_issuer, settings.oidc_audience, settings.oidc_login_claim,
            secret.get_secret_value() if secret else None,
        )  # fmt: skip

    @property
    def name(self) -> str:
        """What people know it by."""
        return urlsplit(self._address).hostname or self._address

    async def login_of(self, token: str, nonce: str | None = None) -> str:
        """The login that the token names.

        Raises
        ------
        NotAuthenticated
            The token isn't the issuer's, isn't for us, is too old, or names nobody.
        Unavailable
            The issuer doesn't answer.
        """
        return await asyncio.to_thread(self._login_of, token, nonce)

    async def address_for(self, attempt: Attempt, back: str) -> str:
        """Where a browser is to go to log in; it comes back to `back`."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(attempt.verifier.encode()).digest()).rstrip(b"=").decode()
        said = await asyncio.to_thread(self._described)
        asked = {
            "response_type": "code", "client_id": self._audience, "redirect_uri": back, "scope": SCOPE,
            "state": attempt.state, "nonce": attempt.nonce, "code_challenge": challenge,
            "code_challenge_method": "S256",
        }  # fmt: skip
        return f"{said['authorization_endpoint']}?{urlencode(asked)}"

    async def redeemed(self, attempt: Attempt, code: str, back: str) -> str:
        """The login of whoever came back with that code."""
        asked = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": back, "client_id": self._audience,
            "code_verifier": attempt.verifier, **({"client_secret": self._secret} if self._secret else {}),
        }  # fmt: skip
        said = await asyncio.to_thread(self._redeemed, asked)
        return await self.login_of(str(said.get("id_token", "")), attempt.nonce)

    def _redeemed(self, asked: dict[str, str]) -> dict[str, Any]:
        endpoint = _safe(self._described()["token_endpoint"])
        try:
            return _fetched(urllib.request.Request(endpoint, urlencode(asked).encode()))  # noqa: S310 - see _safe
        except urllib.error.HTTPError:
            raise NotAuthenticated("The login wasn't taken. Begin again.") from None

    def _login_of(self, token: str, nonce: str | None) -> str:
        try:
            said = jwt.decode(
                token, self._key_of(token), list(ALGORITHMS), audience=self._audience, issuer=self._said["issuer"],
                leeway=LEEWAY_SECONDS, options={"require": ["exp", "iss", "aud"]},
            )  # fmt: skip
        except jwt.PyJWTError as error:
            raise NotAuthenticated(f"{self.name}'s token isn't taken: {error}.") from None
        if nonce is not None and not secrets.compare_digest(str(said.get("nonce", "")), nonce):
            raise NotAuthenticated("This login was begun in another browser. Begin again.")
        login = said.get(self._claim)
        if not isinstance(login, str) or not login or said.get("email_verified", True) is False:
            raise NotAuthenticated(f"{self.name}'s token names nobody: it has no {self._claim} that is vouched for.")
        return login

    def _key_of(self, token: str) -> jwt.PyJWK:
        """The key that is said to have signed it. What can't be a token of the issuer's is refused unasked."""
        head = jwt.get_unverified_header(token)
        if head.get("alg") not in ALGORITHMS:
            raise jwt.InvalidAlgorithmError("its signature is of a kind that isn't taken")
        keys, kid = self._signing_keys(), head.get("kid")
        try:
            held = keys.get_jwk_set().keys
        except (jwt.PyJWTError, ValueError, LookupError) as error:
            raise Unavailable(
                f"{self.name} doesn't say its keys, so its tokens can't be checked. Try again."
            ) from error
        if kid is None and len(held) == 1:
            return _checking(held[0], head["alg"])
        try:
            return _checking(keys.get_signing_key(kid or ""), head["alg"])
        except (jwt.PyJWKClientConnectionError, ValueError, LookupError) as error:
            raise Unavailable(f"{self.name} doesn't answer whether it has a new key. Try again.") from error

    def _signing_keys(self) -> jwt.PyJWKClient:
        if self._keys is None:
            address = _safe(self._described()["jwks_uri"])
            self._keys = jwt.PyJWKClient(address, timeout=PATIENCE_SECONDS, cooldown_duration=COOLDOWN_SECONDS)
        return self._keys

    def _described(self) -> dict[str, Any]:
        if not self._said:
            address = f"{self._address}/.well-known/openid-configuration"
            try:
                said = _fetched(urllib.request.Request(address))  # noqa: S310 - looked at by _safe
            except urllib.error.HTTPError:
                raise Unavailable(f"There is nothing at {address}. Is DISCOVERY_OIDC_ISSUER right?") from None
            if str(said.get("issuer", "")).rstrip("/") != self._address:
                raise Unavailable(
                    f"{self.name} says that it is {said.get('issuer')!r}. Is DISCOVERY_OIDC_ISSUER right?"
                )
            self._said = said
        return self._said


def _checking(key: jwt.PyJWK, algorithm: str) -> jwt.PyJWK:
    """The key, for signatures of that kind: one of RSA makes several, and needn't say which (RFC 7517, 4.4)."""
    said = key._jwk_data  # the one place that tells whether `alg` was said or is supposed
    return jwt.PyJWK(said, algorithm) if key.key_type == "RSA" and "alg" not in said else key


def _fetched(request: urllib.request.Request) -> dict[str, Any]:
    """What the issuer answers; its refusals are the caller's to tell."""
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:  # noqa: S310 - looked at by _safe
            return dict(json.loads(answer.read(LARGEST)))
    except (OSError, ValueError, TypeError) as error:
        if isinstance(error, urllib.error.HTTPError):
            error.close()
            if error.code < 500:
                raise
        log.warning("issuer doesn't answer", kind=type(error).__name__)
        raise Unavailable("The issuer doesn't answer. Try again.") from error


def _safe(address: str) -> str:
    """An address whose answers nobody on the way can change.

    Raises
    ------
    SettingsError
        It is neither https nor on this machine.
    """
    parts = urlsplit(address)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK):
        return address
    raise SettingsError(f"The issuer's address must be https: {address!r}.")
