"""History: archived flows, as they stood when they were archived, with their events."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from discovery_pipeline.store.postgres.databases import Databases
from discovery_pipeline.store.postgres.query import ask
from discovery_pipeline.store.schema.flows import discovery_flows_history

LATELY = """
select slug from discovery_flows_history where archived_at > now() - interval '1 day' order by archived_at
"""
LIVING = "select slug from discovery_flows"


@dataclass(frozen=True, slots=True)
class Archived:
    """One flow in the history. `flow` and `events` are the rows that it had."""

    id: UUID
    slug: str
    name: str
    status: str  # as it stood
    archived_at: datetime
    archived_by: str
    reason: str
    flow: dict[str, Any]
    events: Sequence[dict[str, Any]]


async def find(session: AsyncConnection, ref: str) -> Archived | None:
    """The archived flow of that slug or id, as this session may see it."""
    columns = discovery_flows_history.c
    which = columns.slug == ref
    with suppress(ValueError):
        which = or_(which, columns.id == UUID(ref))
    wanted = [columns[name] for name in Archived.__dataclass_fields__]
    row = (await session.execute(select(*wanted).where(which))).one_or_none()
    return Archived(*row) if row else None


def archived_lately(databases: Databases) -> list[str]:
    """The slugs of every tenant's flows that were archived within a day, oldest first."""
    return [slug for (slug,) in ask(databases, LATELY).rows]


def living(databases: Databases) -> set[str]:
    """The slugs of every tenant's flows that are not archived."""
    return {slug for (slug,) in ask(databases, LIVING).rows}
