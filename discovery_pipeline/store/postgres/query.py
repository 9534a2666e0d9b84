"""Queries by hand: one statement of SQL, as one of the roles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from discovery_pipeline.errors import DiscoveryError
from discovery_pipeline.store.postgres.databases import Database, Databases, Role

if TYPE_CHECKING:
    from psycopg.abc import Query


class QueryError(DiscoveryError):
    """PostgreSQL refuses the statement."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a statement gives back; no columns where it gives no rows."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    status: str  # PostgreSQL's word for what was done, e.g. "UPDATE 3"


def ask(
    databases: Databases,
    statement: str,
    role: Role = Role.OWNER,
    database: Database = "discovery",
    tenant: tuple[int, int] | None = None,
) -> Answer:
    """Run one statement in a transaction, for a tenant (account and engagement) or for none.

    Raises
    ------
    QueryError
        In PostgreSQL's own words; nothing was changed.
    """
    import psycopg

    query: Query = statement.encode()
    try:
        with psycopg.connect(databases.dsn(role, database)) as connection:
            if tenant is not None:
                for name, value in zip(("client_account_id", "engagement_id"), tenant, strict=True):
                    connection.execute("select set_config(%s, %s, true)", [f"discovery.{name}", str(value)])
            cursor = connection.execute(query)
            columns = tuple(column.name for column in cursor.description or ())
            return Answer(columns, cursor.fetchall() if columns else [], cursor.statusmessage or "")
    except psycopg.Error as error:
        said = str(error).strip()
        gap = "\n" if "\n" in said else " "  # PostgreSQL points at the place with a line of its own
        raise QueryError(f"{said}{gap}(as {role.value}, in {database})") from error
