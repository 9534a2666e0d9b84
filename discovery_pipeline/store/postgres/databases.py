"""Databases and roles: who may connect to what, and how they are made the first time.

Two databases stand on one server: ours and Dagster's. Four roles use them:

- `discovery_owner` owns the tables, runs migrations, and is the operator's login: it sees every tenant;
- `discovery_app` is the application: it owns nothing, and row security shows it one tenant at a time;
- `discovery_orchestrator` owns Dagster's database, and reads which flow belongs to whom;
- `discovery_readonly` reads, one tenant at a time.

`discovery_archivist` logs in nowhere: it owns the one function that may take rows out of the audit and the events.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from sqlalchemy.engine import URL, make_url

from discovery_pipeline.errors import ServerError, SettingsError
from discovery_pipeline.store.postgres.server import SUPERUSER, EmbeddedServer
from discovery_pipeline.store.schema import metadata

if TYPE_CHECKING:
    import psycopg

BOOTSTRAP_LOCK = 0x64_69_73_63  # one first start at a time


class Role(StrEnum):
    """Who connects."""

    OWNER = "discovery_owner"
    APP = "discovery_app"
    ORCHESTRATOR = "discovery_orchestrator"
    READONLY = "discovery_readonly"


ARCHIVIST = "discovery_archivist"
Database = Literal["discovery", "dagster"]


@dataclass(frozen=True)
class Databases:
    """Addresses of the two databases on one server."""

    server: URL  # as whom a role or a database can be made
    discovery: str
    dagster: str
    own_logins: bool  # whether each role logs in as itself, or the server's one login takes it on
    embedded_server: EmbeddedServer | None = None

    @classmethod
    def embedded(cls, server: EmbeddedServer) -> Databases:
        """On the embedded server, which runs, and where every role has its login."""
        url = URL.create("postgresql", username=SUPERUSER, database="postgres", query={"host": str(server.sockets)})
        return cls(url, "discovery", "dagster", own_logins=True, embedded_server=server)

    @classmethod
    def of(cls, address: str) -> Databases:
        """On a server of the user's. A database named there holds our tables, and Dagster's has `_dagster` after it.

        Raises
        ------
        SettingsError
            The address isn't one of PostgreSQL.
        """
        try:
            url = make_url(address)
        except Exception as error:
            raise SettingsError(f"DISCOVERY_DATABASE_URL can't be read. {ADDRESS_FORM}") from error
        if url.get_backend_name() not in {"postgresql", "postgres"}:
            raise SettingsError(f"DISCOVERY_DATABASE_URL is of another kind: {url.get_backend_name()}. {ADDRESS_FORM}")
        ours = url.database if url.database not in {None, "", "postgres", "discovery"} else "discovery"
        theirs = "dagster" if ours == "discovery" else f"{ours}_dagster"
        return cls(url.set(drivername="postgresql"), str(ours), theirs, own_logins=False)

    def revive(self) -> bool:
        """Start the embedded server again if it died. Tells whether it had; a server of the user's is the user's."""
        if self.embedded_server is None or self.embedded_server.running():
            return False
        self.embedded_server.start()
        return True

    def url(self, role: Role, database: Database = "discovery", driver: str = "psycopg") -> URL:
        """Where that role finds that database.

        Dagster needs `psycopg2` by name: SQLAlchemy 2.1 reads `postgresql://` as psycopg 3, and Dagster's NOTIFY
        breaks there.
        """
        url = self.server.set(drivername=f"postgresql+{driver}", database=self._name(database))
        if self.own_logins:
            return url.set(username=role.value)
        given = url.query.get("options", "")
        options = f"{given} -c role={role.value}".strip()
        return url.update_query_dict({"options": options})

    def text(self, role: Role, database: Database = "discovery", driver: str = "psycopg") -> str:
        """The same as text, password and all: for what is handed to other programs, never for logs."""
        return _rendered(self.url(role, database, driver))

    def dsn(self, role: Role | None = None, database: Database | None = None) -> str:
        """The same for psycopg itself; without a role, as the server's own login."""
        url = self.url(role, database or "discovery") if role else self.server
        if role is None:
            url = url.set(database=self._name(database) if database else url.database or "postgres")
        return _rendered(url.set(drivername="postgresql"))

    def _name(self, database: Database) -> str:
        return self.discovery if database == "discovery" else self.dagster

    def complete(self) -> None:
        """Make the databases again of which one is gone."""
        import psycopg

        try:
            psycopg.connect(self.dsn(Role.ORCHESTRATOR, "dagster")).close()
        except psycopg.OperationalError:
            self.create()

    def create(self) -> None:
        """Make the roles and databases that are missing. Safe to call again, and from two processes at once.

        Raises
        ------
        ServerError
            The server can't be reached, or its login may not make them.
        """
        import psycopg

        try:
            with psycopg.connect(self._anywhere(), autocommit=True) as connection:
                connection.execute("select pg_advisory_lock(%s)", [BOOTSTRAP_LOCK])
                with connection.transaction():
                    self._create_roles(connection)
                self._create_databases(connection)
                with psycopg.connect(self.dsn(database="discovery"), autocommit=True) as inside:
                    self._give_schema(inside)
                    self._take_over(inside)
        except psycopg.Error as error:
            raise ServerError(
                f"The databases {self.discovery} and {self.dagster} can't be prepared: {error} "
                "Give DISCOVERY_DATABASE_URL a login with CREATEROLE and CREATEDB for the first start."
            ) from error

    def _give_schema(self, connection: psycopg.Connection) -> None:
        """Let the owner make tables, also in a database that was there before."""
        from psycopg.sql import SQL, Identifier

        owner, name = Identifier(Role.OWNER), Identifier(self.discovery)
        connection.execute(SQL("grant create on schema public to {} with grant option").format(owner))
        connection.execute(SQL("grant create, temporary on database {} to {}").format(name, owner))

    def _take_over(self, connection: psycopg.Connection) -> None:
        """Hand tables and views that an older product left to the owner, who is to migrate them."""
        from psycopg.sql import SQL, Identifier

        ours = [*metadata.tables, "alembic_version"]
        left = """
            select relname from pg_class
            where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm', 'f')
                and pg_get_userbyid(relowner) <> %s and relname = any (%s)
        """
        for (table,) in connection.execute(left, [Role.OWNER.value, ours]).fetchall():
            connection.execute(SQL("alter table {} owner to {}").format(Identifier(table), Identifier(Role.OWNER)))

    def _anywhere(self) -> str:
        """A database that is there before ours are."""
        return _rendered(self.server.set(database="postgres"))

    def _create_roles(self, connection: psycopg.Connection) -> None:
        from psycopg.sql import SQL, Identifier

        there = {
            name for (name,) in connection.execute("select rolname from pg_roles where rolname like 'discovery_%'")
        }
        for role in [*(r.value for r in Role), ARCHIVIST]:
            if role in there:
                continue
            login = SQL("login" if self.own_logins and role != ARCHIVIST else "nologin")
            powers = SQL("nosuperuser nobypassrls nocreatedb nocreaterole")
            connection.execute(SQL("create role {} {} {}").format(Identifier(role), login, powers))
            if not self.own_logins:
                taken_on = SQL("grant {} to current_user with set true, inherit true").format(Identifier(role))
                connection.execute(taken_on)
        # The operator's login reads Dagster's tables, and hands the archive's function to the archivist.
        lent = SQL("grant {}, {} to {}").format(*map(Identifier, (Role.ORCHESTRATOR, ARCHIVIST, Role.OWNER)))
        connection.execute(lent)

    def _create_databases(self, connection: psycopg.Connection) -> None:
        from psycopg.sql import SQL, Identifier

        there = {name for (name,) in connection.execute("select datname from pg_database")}
        users = {self.discovery: list(Role), self.dagster: [Role.ORCHESTRATOR, Role.OWNER]}
        owners = {self.discovery: Role.OWNER, self.dagster: Role.ORCHESTRATOR}
        for name, owner in owners.items():
            who = SQL(", ").join(Identifier(r) for r in users[name])
            if name not in there:
                connection.execute(SQL("create database {} owner {}").format(Identifier(name), Identifier(owner)))
            connection.execute(SQL("revoke all on database {} from public").format(Identifier(name)))
            connection.execute(SQL("grant connect on database {} to {}").format(Identifier(name), who))


def _rendered(url: URL) -> str:
    """The URL with its password, as libpq reads it: a plus is a plus, and a space never stands for itself."""
    address, mark, options = url.render_as_string(hide_password=False).partition("?")
    return address.replace(" ", "%20") + mark + options.replace("+", "%20")


ADDRESS_FORM = "It looks like postgresql://user:password@host:5432/discovery."
