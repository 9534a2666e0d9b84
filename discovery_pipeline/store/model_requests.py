"""Requests to language models: a row before each is sent, and a second one with its outcome; no row is ever changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, insert, select

from discovery_pipeline.flow.state import Flow
from discovery_pipeline.store import rows
from discovery_pipeline.store.blocking import Store
from discovery_pipeline.store.schema.work import agent_requests


@dataclass(frozen=True, slots=True)
class RequestLog:
    """The log of one flow's requests."""

    store: Store
    flow: Flow

    def record(self, entry: dict[str, Any]) -> None:
        """Add an entry: agent, model, sha256 and byte_size of the request, its outcome, and what it used."""
        self.store.wait_for(self._record(entry))

    def spent(self) -> tuple[int, float]:
        """Tokens and money that the flow's agents have used so far."""
        return self.store.wait_for(self._spent())

    async def _record(self, entry: dict[str, Any]) -> None:
        async with self.store.flows.sessions.transaction(self.flow.tenant) as session:
            row = {**rows.tenant_columns(self.flow), "flow_id": self.flow.id, **entry}
            await session.execute(insert(agent_requests).values(row))

    async def _spent(self) -> tuple[int, float]:
        used = func.coalesce(func.sum(agent_requests.c.prompt_tokens + agent_requests.c.completion_tokens), 0)
        cost = func.coalesce(func.sum(agent_requests.c.cost), 0.0)
        async with self.store.flows.sessions.transaction(self.flow.tenant) as session:
            query = select(used, cost).where(agent_requests.c.flow_id == self.flow.id)
            tokens, money = (await session.execute(query)).one()
            return int(tokens), float(money)
