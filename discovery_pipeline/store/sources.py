"""Sources: databases that are profiled again by schedule, each of one engagement.

What is kept of an address is where its secret stands: the name of an environment variable or of a file.
"""

from __future__ import annotations

import os
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Row, delete, select
from sqlalchemy.dialects.postgresql import insert as upsert

from discovery_pipeline.errors import SettingsError
from discovery_pipeline.flow.tenant import ClientAccountId, EngagementId, Tenant
from discovery_pipeline.store.files.exports import is_address
from discovery_pipeline.store.flows import Flows
from discovery_pipeline.store.postgres.operation import flow_operation
from discovery_pipeline.store.schema.work import database_sources

REFERENCE = re.compile(r"env:(?P<variable>[A-Za-z_][A-Za-z0-9_]*)|file:(?P<file>/.+)")
FORM = "It is env:NAME for a variable of the orchestrator's environment, or file:/path for a file that it can read."


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """What somebody says of a database."""

    name: str
    source_system: str
    target_system: str
    url_reference: str
    tables: tuple[str, ...] = ()  # none: all


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseSource(Registration):
    """One registered database."""

    id: int
    tenant: Tenant

    @property
    def client_account_id(self) -> ClientAccountId:
        """Whose database it is."""
        return self.tenant.client_account_id

    @property
    def engagement_id(self) -> EngagementId:
        """In which piece of work for them."""
        return self.tenant.engagement_id

    @property
    def slug(self) -> str:
        """Its name in plain letters with its number: readable, unique, and a Dagster partition key."""
        return f"{re.sub(r'[^a-z0-9]+', '-', self.name.lower()).strip('-') or 'source'}-{self.id}"

    def address(self) -> str:
        """Where the database is, password and all: for connecting, never for logs.

        Raises
        ------
        SettingsError
            The secret isn't there, or is no address of a PostgreSQL database.
        """
        told = checked(self.url_reference)
        try:
            said = os.environ[told["variable"]] if told["variable"] else Path(told["file"]).read_text()
        except (KeyError, OSError):
            raise SettingsError(f"{self.url_reference}: there is no such secret. {FORM}") from None
        if not is_address(said.strip()):
            raise SettingsError(f"{self.url_reference}: the secret is no address like postgresql://user@host/database.")
        return said.strip()


def checked(reference: str) -> re.Match[str]:
    """The parts of a reference.

    Raises
    ------
    SettingsError
        It isn't one; an address itself, which may hold a password, is refused, too.
    """
    told = REFERENCE.fullmatch(reference)
    if told is None:
        raise SettingsError(f"That is no reference to a secret. {FORM}")
    return told


@flow_operation("add source")
async def add(flows: Flows, tenant: Tenant, said: Registration) -> DatabaseSource:
    """Register a database; one of that name takes on what is said here."""
    checked(said.url_reference)
    values = asdict(said) | {"tables": list(said.tables)}
    new = upsert(database_sources).values(
        client_account_id=tenant.client_account_id,
        engagement_id=tenant.engagement_id,
        created_by=tenant.by,
        **values,
    )
    made = new.on_conflict_do_update(constraint="uq_database_sources_name", set_=values).returning(database_sources)
    async with flows.sessions.transaction(tenant) as session:
        return _read((await session.execute(made)).one())


@flow_operation("remove source")
async def remove(flows: Flows, tenant: Tenant, name: str) -> bool:
    """Forget a database. Tells whether it was known."""
    async with flows.sessions.transaction(tenant) as session:
        done = delete(database_sources).where(database_sources.c.name == name).returning(database_sources.c.id)
        return (await session.execute(done)).first() is not None


@flow_operation("list sources")
async def known(flows: Flows, tenant: Tenant | None = None) -> list[DatabaseSource]:
    """Registered databases, oldest first; without a tenant, all tenants'."""
    door = flows.sessions.transaction(tenant) if tenant is not None else flows.sessions.orchestrating()
    async with door as session:
        return [_read(row) for row in await session.execute(select(database_sources).order_by(database_sources.c.id))]


def _read(row: Row[Any]) -> DatabaseSource:
    tenant = Tenant(ClientAccountId(row.client_account_id), EngagementId(row.engagement_id), row.created_by)
    return DatabaseSource(
        id=row.id,
        tenant=tenant,
        name=row.name,
        source_system=row.source_system,
        target_system=row.target_system,
        url_reference=row.url_reference,
        tables=tuple(row.tables),
    )
