"""Health: whether what the service needs is there."""

from __future__ import annotations

import asyncio
from pathlib import Path

from pydantic import BaseModel, Field

from discovery_pipeline.errors import DiscoveryError
from discovery_pipeline.store import parts
from discovery_pipeline.store.postgres import migrate
from discovery_pipeline.store.postgres.session import Sessions
from discovery_pipeline.store.upkeep.census import Census, census, revision

PATIENCE_SECONDS = 5.0


class Readiness(BaseModel):
    """Each part that is needed, and how it is: `up`, or what is wrong."""

    ready: bool
    parts: dict[str, str] = Field(examples=[{"database": "up", "migrations": "up", "runner": "up"}])


class HealthService:
    """Looks at the parts."""

    def __init__(self, sessions: Sessions, home: Path) -> None:
        self._sessions, self._home = sessions, home

    async def census(self) -> Census:
        """Flows by status, and runs that wait."""
        return await census(self._sessions)

    async def readiness(self) -> Readiness:
        """The database and its tables, and what `discovery up` runs on this home, where it does."""
        found = {**await self._database(), **await asyncio.to_thread(self._started)}
        return Readiness(ready=all(said == "up" for said in found.values()), parts=found)

    async def _database(self) -> dict[str, str]:
        looking = asyncio.ensure_future(revision(self._sessions))
        try:
            # Not by asyncio.timeout, which waits until a server that hangs was asked to stop.
            stands = await asyncio.wait_for(asyncio.shield(looking), PATIENCE_SECONDS)
        except (DiscoveryError, TimeoutError):
            looking.add_done_callback(_heard)
            looking.cancel()
            return {"database": "doesn't answer", "migrations": "unknown"}
        return {"database": "up", "migrations": "up" if stands == migrate.HEAD else f"at {stands}, not {migrate.HEAD}"}

    def _started(self) -> dict[str, str]:
        up = parts.running(self._home)
        if up is None:
            return {}
        if not up.fresh:
            return {"up": "hasn't looked at its parts lately"}
        return {name: part.health.value for name, part in up.parts.items()}


def _heard(looked: asyncio.Future[str]) -> None:
    """Take what came of it: nobody waits for that any more."""
    if not looked.cancelled():
        looked.exception()
