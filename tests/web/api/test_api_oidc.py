"""Tokens of another authority are taken where it signed them for us, and nowhere else."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from discovery_pipeline.errors import SettingsError
from discovery_pipeline.settings import Settings
from discovery_pipeline.store.people import accounts
from discovery_pipeline.web import oidc, problems
from discovery_pipeline.web.app import application
from discovery_pipeline.web.oidc import Issuer

pytestmark = pytest.mark.asyncio(loop_scope="session")

AUDIENCE = "discovery"


@dataclass
class Authority:
    """An issuer on this machine, with a key of its own."""

    address: str
    key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))
    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[dict[str, list[str]]] = field(default_factory=list)

    def token(self, key: rsa.RSAPrivateKey | None = None, algorithm: str = "RS256", **changed: Any) -> str:
        said = {
            "iss": self.address, "aud": AUDIENCE, "exp": time.time() + 300, "email": "ana@example.com",
            "email_verified": True,
        } | changed  # fmt: skip
        kept = {name: value for name, value in said.items() if value is not None}
        return jwt.encode(kept, key or self.key, algorithm=algorithm, headers={"kid": "one"})


@pytest.fixture(scope="module")
def authority() -> Iterator[Authority]:
    """An authority that answers discovery, keys and codes."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._say(made.answers.get(urlsplit(self.path).path))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            made.asked.append(parse_qs(body.decode()))
            self._say(made.answers.get(self.path))

        def _say(self, said: Any) -> None:
            self.send_response(200 if said is not None else 404)
            self.end_headers()
            self.wfile.write(json.dumps(said).encode())

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    made = Authority(f"http://127.0.0.1:{server.server_port}")
    public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(made.key.public_key()))
    made.answers |= {
        "/.well-known/openid-configuration": {
            "issuer": made.address, "jwks_uri": f"{made.address}/keys", "token_endpoint": f"{made.address}/token",
            "authorization_endpoint": f"{made.address}/authorize",
        },
        "/keys": {"keys": [public | {"kid": "one", "use": "sig", "alg": "RS256"}]},
    }  # fmt: skip
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield made
    server.shutdown()
    server.server_close()


@pytest.fixture
def issuer(authority: Authority) -> Issuer:
    return Issuer(authority.address, AUDIENCE, "email")


async def test_a_token_that_the_authority_signed_for_us_names_its_user(authority: Authority, issuer: Issuer):
    assert await issuer.login_of(authority.token()) == "ana@example.com"


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": "another"}, {"iss": "https://evil.example"}, {"exp": 1}, {"exp": None}, {"aud": None},
        {"email": None}, {"email": ["ana@example.com"]}, {"email_verified": False}, {"nbf": time.time() + 9999},
    ],
)  # fmt: skip
async def test_a_token_for_others_too_old_or_of_nobody_is_none(authority: Authority, issuer: Issuer, changed: Any):
    with pytest.raises(Exception, match="token") as refused:
        await issuer.login_of(authority.token(**changed))
    assert getattr(refused.value, "status", None) == 401


async def test_a_signature_of_another_key_of_a_shared_secret_or_of_none_is_none(authority: Authority, issuer: Issuer):
    other = rsa.generate_private_key(65537, 2048)
    said = {"iss": authority.address, "aud": AUDIENCE, "exp": time.time() + 300, "email": "ana@example.com"}
    forged = [
        authority.token(key=other),
        jwt.encode(said, "a shared secret of more than 32 bytes", "HS256", headers={"kid": "one"}),
        jwt.encode(said, None, "none", headers={"kid": "one"}),
        "no.token.at-all", "x",
    ]  # fmt: skip
    for token in forged:
        with pytest.raises(Exception) as refused:
            await issuer.login_of(token)
        assert getattr(refused.value, "status", None) == 401


async def test_an_authority_that_is_away_is_said_to_be(authority: Authority):
    away = Issuer("http://127.0.0.1:9", AUDIENCE, "email")
    with pytest.raises(Exception, match="doesn't answer") as refused:
        await away.login_of(authority.token())
    assert getattr(refused.value, "status", None) == 503
    assert problems.answer(refused.value).headers["retry-after"] == "2"
    with pytest.raises(Exception, match="isn't taken") as refused:
        await away.login_of("no token of anybody's")  # for which it needn't be asked
    assert getattr(refused.value, "status", None) == 401


async def test_an_authority_at_another_address_is_said_to_be(authority: Authority):
    with pytest.raises(Exception, match="DISCOVERY_OIDC_ISSUER") as refused:
        await Issuer(f"{authority.address}/elsewhere", AUDIENCE, "email").login_of(authority.token())
    assert getattr(refused.value, "status", None) == 503


@pytest.mark.parametrize("said", ["no object", [], {}, {"keys": []}, {"keys": [{"kty": "oct"}]}])
async def test_an_authority_that_says_no_keys_is_at_fault_not_the_token(
    authority: Authority, issuer: Issuer, monkeypatch: pytest.MonkeyPatch, said: Any
):
    monkeypatch.setitem(authority.answers, "/keys", said)
    with pytest.raises(Exception, match="keys") as refused:
        await issuer.login_of(authority.token())
    assert getattr(refused.value, "status", None) == 503


async def test_a_new_key_is_taken_and_an_old_one_no_more(
    authority: Authority, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(oidc, "COOLDOWN_SECONDS", 0)
    assert await issuer.login_of(authority.token()) == "ana@example.com"
    new = ec.generate_private_key(ec.SECP256R1())
    public = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(new.public_key()))
    monkeypatch.setitem(authority.answers, "/keys", {"keys": [public | {"kid": "two", "use": "sig", "alg": "ES256"}]})
    said = {"iss": authority.address, "aud": AUDIENCE, "exp": time.time() + 300, "email": "ben@example.com"}
    for head in ({"kid": "two"}, {}):  # of its only key an authority needn't say the name
        assert await issuer.login_of(jwt.encode(said, new, "ES256", headers=head)) == "ben@example.com"
    with pytest.raises(Exception, match="isn't taken"):
        await issuer.login_of(authority.token())


@pytest.mark.parametrize("algorithm", ["RS256", "RS512", "PS256", "PS512"])
async def test_a_key_that_says_no_algorithm_is_for_every_one_of_its_kind(
    authority: Authority, issuer: Issuer, monkeypatch: pytest.MonkeyPatch, algorithm: str
):
    [public] = authority.answers["/keys"]["keys"]
    silent = {name: value for name, value in public.items() if name != "alg"}
    token = authority.token(algorithm=algorithm)
    monkeypatch.setitem(authority.answers, "/keys", {"keys": [silent]})
    assert await issuer.login_of(token) == "ana@example.com"
    monkeypatch.setitem(authority.answers, "/keys", {"keys": [silent | {"alg": "RS384"}]})
    with pytest.raises(Exception, match="isn't taken"):
        await Issuer(authority.address, AUDIENCE, "email").login_of(token)


async def test_a_signature_that_the_key_cannot_make_is_none(
    authority: Authority, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
):
    curve = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()).public_key()))
    monkeypatch.setitem(authority.answers, "/keys", {"keys": [curve | {"kid": "one"}]})
    with pytest.raises(Exception, match="isn't taken"):
        await issuer.login_of(authority.token(algorithm="PS256"))


async def test_an_authority_is_reached_by_https_and_tokens_are_for_us():
    with pytest.raises(SettingsError, match="https"):
        Issuer.of(Settings(oidc_issuer="http://issuer.example", oidc_audience="x"))
    with pytest.raises(SettingsError, match="AUDIENCE"):
        Issuer.of(Settings(oidc_issuer="https://issuer.example"))


async def test_the_door_takes_the_authoritys_token_for_members_only(authority: Authority, client):
    settings = client.settings.model_copy(update={"oidc_issuer": authority.address, "oidc_audience": AUDIENCE})
    headers = {
        "Authorization": f"Bearer {authority.token()}",
        "X-Client-Account-ID": str(client.tenant.client_account_id),
        "X-Engagement-ID": str(client.tenant.engagement_id),
    }
    app = application(settings)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test", headers=headers) as http,
    ):
        address = "/api/v1/unified-discovery/flows"
        assert (await http.get(address)).status_code == 403
        async with app.state.services.sessions.operating() as session:
            await accounts.enrol(session, client.tenant, "ana@example.com", "viewer")
        assert (await http.get(address)).status_code == 200
        forged = authority.token(key=rsa.generate_private_key(65537, 2048))
        assert (await http.get(address, headers={"Authorization": f"Bearer {forged}"})).status_code == 401
        await a_person_logs_in_with_the_authority(authority, http)


async def a_person_logs_in_with_the_authority(authority: Authority, http: httpx.AsyncClient) -> None:
    begun = await http.get("/login/oidc", params={"next": "/discovery"})
    there = parse_qs(urlsplit(begun.headers["location"]).query)
    assert begun.status_code == 303
    assert there["code_challenge_method"] == ["S256"]
    authority.answers["/token"] = {"id_token": authority.token(nonce=there["nonce"][0])}
    back = {"code": "c0de", "state": there["state"][0]}
    assert (await http.get("/login/oidc/callback", params=back | {"state": "forged"})).status_code in {303, 401}
    came = await http.get("/login/oidc/callback", params=back)
    assert (came.status_code, came.headers["location"]) == (303, "/discovery")
    assert "discovery_session=" in came.headers["set-cookie"]
    assert authority.asked[-1]["code"] == ["c0de"]
    assert len(authority.asked[-1]["code_verifier"][0]) >= 43
