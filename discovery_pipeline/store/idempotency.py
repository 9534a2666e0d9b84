"""Idempotency keys: a request that is sent again with its key gets the answer of the first time.

The key is written in the transaction of what the request changes: both are there, or neither. A second request that
comes while the first is at work waits for that transaction.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from discovery_pipeline.errors import IntegrityConflictError
from discovery_pipeline.flow.tenant import Tenant
from discovery_pipeline.store.schema.people import idempotency_keys

KEPT = timedelta(days=1)
"""How long an answer can be asked for again."""


@dataclass(frozen=True, slots=True)
class Once:
    """A request with its key. `content` tells one request from another under the same key."""

    key: str
    route: str
    content: bytes

    @classmethod
    def of(cls, key: str | None, route: str, content: Any) -> Once | None:
        """The request of that key; None where it has none. The content is anything that JSON can say."""
        if key is None:
            return None
        said = json.dumps([route, content], sort_keys=True, ensure_ascii=False, default=str)
        return cls(key, route, hashlib.sha256(said.encode()).digest())


async def earlier(session: AsyncConnection, tenant: Tenant, once: Once) -> dict[str, Any] | None:
    """The first answer; None where this is the first time, which is noted in this transaction.

    Raises
    ------
    IntegrityConflictError
        The key came with another request before.
    """
    await session.execute(delete(idempotency_keys).where(idempotency_keys.c.created_at < func.now() - KEPT))
    who = {
        "client_account_id": tenant.client_account_id,
        "engagement_id": tenant.engagement_id,
        "login": tenant.by,
        "key": once.key,
    }
    new = upsert(idempotency_keys).values(**who, route=once.route, request_sha256=once.content)
    made = await session.execute(new.on_conflict_do_nothing().returning(idempotency_keys.c.id))
    if made.first() is not None:
        return None
    there = (await session.execute(_mine(who))).one()
    if there.request_sha256 != once.content:
        raise IntegrityConflictError(
            f"The Idempotency-Key {once.key!r} came with another request before. Use a new key for a new request.",
            None,
            {"error_type": "integrity", "constraint": "idempotency_key"},
        )
    return there.response


async def answered(session: AsyncConnection, tenant: Tenant, once: Once, response: dict[str, Any]) -> None:
    """Keep the answer, for whoever asks again with the key."""
    who = {"login": tenant.by, "key": once.key}
    done = update(idempotency_keys).where(*(idempotency_keys.c[name] == value for name, value in who.items()))
    await session.execute(done.values(status=200, response=response))


def _mine(who: dict[str, Any]) -> Select[Any]:
    return select(idempotency_keys).where(*(idempotency_keys.c[name] == value for name, value in who.items()))
