"""Connection: from settings to a server that answers, with databases, roles and tables as they should be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from discovery_pipeline.errors import ServerError
from discovery_pipeline.settings import Settings
from discovery_pipeline.store.home import keep_private
from discovery_pipeline.store.postgres import migrate
from discovery_pipeline.store.postgres.databases import Databases, Role
from discovery_pipeline.store.postgres.server import EmbeddedServer


@contextmanager
def connected(settings: Settings) -> Iterator[Databases]:
    """The server of these settings, for as long as the block lasts; nothing on it is made or changed."""
    keep_private(settings.root)
    if settings.database_url is not None:
        yield Databases.of(settings.database_url.get_secret_value())
        return
    server = EmbeddedServer(settings.root)
    server.start()
    try:
        yield Databases.embedded(server)
    finally:
        server.leave()


def prepare(databases: Databases) -> bool:
    """Make what is missing: databases, roles, and the tables of the newest revision. One query where nothing is.

    Tells whether anything was.

    Raises
    ------
    ServerError
        The server can't be reached, or the database was written by a newer version.
    """
    import psycopg

    try:
        found = _revision(databases)
        if found == migrate.HEAD:
            return False
        _keep_former(databases, found)
    except (psycopg.errors.UndefinedTable, psycopg.errors.InsufficientPrivilege):  # new, or an older product's
        databases.create()
    except psycopg.OperationalError as error:
        if not _unprepared(error):
            raise ServerError(f"PostgreSQL doesn't answer: {error} Is DISCOVERY_DATABASE_URL right?") from error
        databases.create()
    upgrade(databases)
    return True


def _revision(databases: Databases) -> str | None:
    """The revision of the tables. At the newest one, what the events' clock waits for is settled, too."""
    import psycopg

    try:
        with psycopg.connect(databases.dsn(Role.OWNER)) as connection:
            (found,) = connection.execute("select version_num from alembic_version").fetchone() or (None,)
            if found == migrate.HEAD:
                connection.execute("select settle_event_clock()")
            return found
    except psycopg.OperationalError:
        server = databases.embedded_server
        if server is None or server.running():
            raise
        server.start()  # it was killed after it had answered; a killed server takes a moment to die
        return _revision(databases)


def _keep_former(databases: Databases, found: str | None) -> None:
    """Dump an older home's database before it is migrated, for whoever wants to go back to the former version."""
    server = databases.embedded_server
    if server is None or found is None or found > migrate.HEAD:
        return
    server.dump(databases.discovery, server.home / "backups" / f"{found}-{datetime.now(UTC):%Y%m%dT%H%M%S}.dump")


def upgrade(databases: Databases, to: str = "head") -> None:
    """Run the migrations that are due, as the owner."""
    engine = create_engine(databases.url(Role.OWNER), poolclass=NullPool)
    with engine.connect() as connection:
        migrate.upgrade(connection, to)


def _unprepared(error: Exception) -> bool:
    """Whether a role or the database isn't there yet. libpq tells it in words only when a connection fails."""
    said = str(error)
    return "does not exist" in said or "permission denied for database" in said
