"""What tests of pages share: a browser without JavaScript, as far as HTTP goes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import pytest_asyncio
from markup import hidden, plain

HTML = {"Accept": "text/html"}


@dataclass
class Visitor:
    """Somebody who is logged in, and looks at pages."""

    http: httpx.AsyncClient
    client: Any  # the same user over the API

    async def get(self, path: str, **more: Any) -> httpx.Response:
        return await self.http.get(path, **more)

    async def send(self, path: str, fields: dict[str, Any] | None = None, **more: Any) -> httpx.Response:
        """Send a form as one of our pages would, and follow where it leads."""
        return await self.post(path, {"csrf_token": await self.csrf(), **(fields or {})}, **more)

    async def post(self, path: str, fields: dict[str, Any], **more: Any) -> httpx.Response:
        return await self.http.post(path, data=fields, **more)

    async def delivered(self, content: str | bytes, target: str, name: str = "servers.csv") -> str:
        """A flow of that file whose suggestions were all accepted and saved, and followed; its id."""
        flow = await self.client.suggested(content, target, name)
        here = f"/discovery/field-mapping/{flow}"
        answer = await self.send(f"{here}/accept", {"what": "all", "back": here})
        answer = await self.send(f"{here}/save", {"version": hidden(answer.text, "version")})
        assert answer.url.path == f"/discovery/cleansing/{flow}", plain(answer.text)
        await self.client.work()
        return flow

    async def csrf(self) -> str:
        return hidden((await self.get("/discovery?new=1")).text, "csrf_token")


@pytest.fixture
def visit(app: Any) -> Callable[[Any], Awaitable[Visitor]]:
    """Log a client in; pages are followed where they lead."""

    async def entered(client: Any) -> Visitor:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        http = httpx.AsyncClient(
            transport=transport, base_url="http://test", headers=HTML, timeout=60, follow_redirects=True
        )
        answer = await http.post("/login", data={"token": client.token, "next": "/discovery"})
        assert answer.url.path == "/discovery", answer.text
        return Visitor(http, client)

    return entered


@pytest_asyncio.fixture(loop_scope="session")
async def visitor(client: Any, visit: Callable[[Any], Awaitable[Visitor]]) -> Visitor:
    """A reviewer of a tenant of their own, logged in."""
    return await visit(client)
