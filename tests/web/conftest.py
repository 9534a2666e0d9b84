"""What tests of the API share: one application on a real PostgreSQL, a tenant for each test, and its runs."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import pytest_asyncio

from discovery_pipeline.flow.tenant import Tenant
from discovery_pipeline.settings import Settings
from discovery_pipeline.store.people.accounts import UserRole
from discovery_pipeline.web.app import application
from discovery_pipeline.web.services import Services

NUMBERS = itertools.count(1)
SERVERS = "hostname,ip_address,os,cpu_cores,memory_gb,environment\n" + "".join(
    f"web{i:03},10.0.0.{i},Ubuntu 22.04,{2 + i % 7},{8 * (1 + i % 4)},{'prod' if i % 3 else 'test'}\n"
    for i in range(1, 60)
)
API = "/api/v1"


@dataclass(frozen=True)
class Client:
    """One user of one tenant, talking to the application."""

    http: httpx.AsyncClient
    tenant: Tenant
    token: str
    services: Services
    settings: Settings

    async def get(self, path: str, **more: Any) -> httpx.Response:
        return await self.http.get(API + path, **more)

    async def post(self, path: str, **more: Any) -> httpx.Response:
        return await self.http.post(API + path, **more)

    async def begin(self, name: str = "Q3 estate", target: str = "AWS", source: str = "ServiceNow") -> str:
        """A new flow; its id."""
        new = {"name": name, "source_system": source, "target_system": target}
        made = await self.post("/unified-discovery/flow/initialize", json=new)
        assert made.status_code == 200, made.text
        return made.json()["flow_id"]

    async def upload(self, flow: str, content: str | bytes = SERVERS, name: str = "servers.csv") -> httpx.Response:
        return await self.post(f"/data-import/upload/{flow}", files={"file": (name, content)})

    async def status(self, flow: str) -> dict[str, Any]:
        return (await self.get(f"/unified-discovery/flow/status/{flow}")).json()

    async def work(self) -> None:
        """Run what was requested, in this process, as the runner would."""
        await asyncio.to_thread(_work, self.settings)

    async def suggested(self, content: str | bytes = SERVERS, target: str = "AWS", name: str = "servers.csv") -> str:
        """A flow that waits for the review of its suggestions; its id."""
        flow = await self.begin(target=target)
        answer = await self.upload(flow, content, name)
        assert answer.status_code == 200, answer.text
        await self.work()
        return flow


def _work(settings: Settings) -> None:
    import dagster as dg

    from discovery_pipeline.assets.build import build
    from discovery_pipeline.assets.partitions import FLOWS
    from discovery_pipeline.store import requests
    from discovery_pipeline.store.blocking import open_store

    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    with open_store(settings) as store, dg.DagsterInstance.ephemeral() as instance:
        defs = build(settings)

        async def claim(request: requests.RunRequest) -> None:
            async with requests.claiming(store.flows, request, "test"):
                pass

        for request in store.wait_for(requests.open_requests(store.flows)):
            store.wait_for(claim(request))
            instance.add_dynamic_partitions(FLOWS, [request.slug])
            job = defs.resolve_job_def(request.job)
            job.execute_in_process(
                instance=instance, partition_key=request.slug, raise_on_error=False, run_config=quiet
            )


@pytest.fixture(scope="session")
def web_settings(server, template: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of one home for all tests of the API. Runs read the same from the environment."""
    import psycopg

    with psycopg.connect(f"host={server.sockets} user=postgres dbname=postgres", autocommit=True) as operator:
        operator.execute(f"create database web_api template {template} owner discovery_owner")
        operator.execute("revoke all on database web_api from public")
    home = tmp_path_factory.mktemp("web")
    url = f"postgresql://postgres@/web_api?host={server.sockets}"
    return Settings(home=home, database_url=url, rate_limit=100_000, upload_limit=5 << 20)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def app(web_settings: Settings) -> AsyncIterator[Any]:
    """The application, started."""
    made = application(web_settings)
    async with made.router.lifespan_context(made):
        yield made


@pytest.fixture
def member(app: Any, web_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Make a client: of a new tenant, or with another role in the tenant of another client."""
    assert web_settings.database_url is not None
    monkeypatch.setenv("DISCOVERY_DATABASE_URL", web_settings.database_url.get_secret_value())
    services: Services = app.state.services

    async def made(role: UserRole = "reviewer", of: Client | None = None) -> Client:
        from discovery_pipeline.store.people import accounts

        if of is None:
            async with services.sessions.operating() as session:
                tenant = await accounts.create_engagement(session, f"client {next(NUMBERS)}", "move")
        else:
            tenant = of.tenant
        new = await services.flows.create_token(tenant, role)
        headers = {
            "Authorization": f"Bearer {new.token}",
            "X-Client-Account-ID": str(tenant.client_account_id),
            "X-Engagement-ID": str(tenant.engagement_id),
        }
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        http = httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers, timeout=60)
        return Client(http, new.tenant, new.token, services, web_settings)

    return made


@pytest_asyncio.fixture(loop_scope="session")
async def client(member: Callable[..., Any]) -> Client:
    """A reviewer of a tenant of their own."""
    return await member()


@pytest.fixture
def two_people(app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rule is in force."""
    from discovery_pipeline.web.services.mappings import Rules

    monkeypatch.setattr(app.state.services.mapping, "_rules", Rules(0.8, two_people=True))
