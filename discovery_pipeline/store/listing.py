"""Listing: pages of flows, newest first.

A page goes on from the last flow of the page before, not from a count: flows that come or go meanwhile neither repeat
nor hide one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from discovery_pipeline.flow.state import Flow, FlowStatus
from discovery_pipeline.store import rows
from discovery_pipeline.store.schema.flows import discovery_flows

SEPARATOR = "~"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a flow stands in the list. Its text is what a reader of pages brings back."""

    created_at: datetime
    id: UUID

    @classmethod
    def of(cls, flow: Flow) -> Place:
        """Of that flow: the page after it begins there."""
        return cls(flow.created_at, flow.id)

    def __str__(self) -> str:
        """Time and id, as `parse` reads them."""
        return f"{self.created_at.isoformat()}{SEPARATOR}{self.id}"

    @classmethod
    def parse(cls, said: str) -> Place:
        """The place of that text.

        Raises
        ------
        ValueError
            The text is no place.
        """
        at, _, flow_id = said.partition(SEPARATOR)
        try:
            place = cls(datetime.fromisoformat(at), UUID(flow_id))
        except ValueError:
            place = None
        if place is None or place.created_at.tzinfo is None:
            raise ValueError(f"{said[:50]!r} is no place in a list of flows; begin with the first page")
        return place


@dataclass(frozen=True, slots=True)
class Listed:
    """Which flows a reader asks for, and how many at most.

    `search` is words of the name, or how they begin; `before` is where the page before ended.
    """

    status: FlowStatus | None = None
    search: str | None = None
    before: Place | None = None
    limit: int = 1000


async def of_tenant(session: AsyncConnection, wanted: Listed) -> list[Flow]:
    """A page of the session's tenant."""
    if not wanted.search:
        return await rows.find_all(session, _page(wanted))
    before = wanted.before
    named = func.flows_named(
        wanted.search,
        wanted.status.value if wanted.status else None,
        before.created_at if before else None,
        before.id if before else None,
        wanted.limit,
    )
    ids = (await session.execute(select(named))).scalars().all()
    return await rows.find_all(session, _newest_first().where(discovery_flows.c.id.in_(ids)))


async def of_all(session: AsyncConnection, wanted: Listed) -> list[Flow]:
    """A page of every tenant, for a session that may see them."""
    page = _page(wanted)
    if wanted.search:
        words = func.to_tsvector("simple", discovery_flows.c.name)
        page = page.where(words.op("@@")(func.name_query(wanted.search)))
    return await rows.find_all(session, page)


def _newest_first() -> Select[Any]:
    return select(discovery_flows).order_by(discovery_flows.c.created_at.desc(), discovery_flows.c.id.desc())


def _page(wanted: Listed) -> Select[Any]:
    page = _newest_first().limit(wanted.limit)
    if wanted.status is not None:
        page = page.where(discovery_flows.c.status == wanted.status.value)
    if wanted.before is not None:
        place = tuple_(discovery_flows.c.created_at, discovery_flows.c.id)
        page = page.where(place < tuple_(wanted.before.created_at, wanted.before.id))
    return page
