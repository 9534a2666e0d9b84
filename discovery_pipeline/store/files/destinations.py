"""Destinations: where results go at the end, whole or not at all.

A folder; a bucket by its fsspec URL; or tables of a PostgreSQL database, postgresql://user@host/database?table=NAME.
What an address holds of passwords goes to who opens it, and nowhere else.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qsl, urlencode, urlsplit

from discovery_pipeline.engine.delivery import Delivery, publish, replaceable
from discovery_pipeline.engine.targets import Target
from discovery_pipeline.errors import ServerError, SettingsError
from discovery_pipeline.flow.state import Flow
from discovery_pipeline.settings import Settings
from discovery_pipeline.store.files.exports import SECONDS, is_address

if TYPE_CHECKING:
    from psycopg import Connection


@dataclass(frozen=True, slots=True)
class Results:
    """What there is to deliver."""

    folder: Path
    deliveries: Sequence[Delivery]
    targets: Sequence[Target]


class Destination(Protocol):
    """A place for results. `str` of it may be shown."""

    def check(self) -> None:
        """Raise what would keep results from there, before there are any."""
        ...

    def publish(self, results: Results) -> None:
        """Put the results there in the place of earlier ones; the same results again change nothing."""
        ...


def destination(out: str) -> Destination:
    """What `--out` names."""
    if is_address(out):
        return Tables(out)
    if "://" in out:
        from discovery_pipeline.store.files.buckets import Bucket

        return Bucket(out)
    return Folder(Path(out))


def of_flow(settings: Settings, flow: Flow) -> Destination | None:
    """Where the results of every flow go, too; None where the settings name no such place."""
    if settings.deliveries_url is None:
        return None
    from discovery_pipeline.store.files.buckets import Bucket

    base = settings.deliveries_url.get_secret_value().rstrip("/")
    return Bucket(f"{base}/{flow.client_account_id}/{flow.engagement_id}/{flow.slug}")


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of this machine."""

    path: Path

    def __str__(self) -> str:
        """As it was named."""
        return str(self.path)

    def check(self) -> None:
        """It is free, or holds a delivery."""
        replaceable(self.path)

    def publish(self, results: Results) -> None:
        """Let a copy take the folder's place."""
        publish(results.folder, self.path)


MARK = "discovery_pipeline delivered this table"
"""The comment on a table by which a later delivery knows that it may replace its rows."""
COMMENT = """
select obj_description(oid, 'pg_class') from pg_class where oid = to_regclass(%s)
"""
COLUMNS = """
select array_agg(attname::text order by attnum) from pg_attribute
where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped
"""


@dataclass(frozen=True, slots=True)
class Tables:
    """Tables of a PostgreSQL database, one for each of the target's files; readers see the old rows or the new ones.

    The table has the name that the address gives. Where the target takes several kinds of rows, or there are several
    targets, each has a table of that name and the file's.
    """

    address: str = field(repr=False)

    def __str__(self) -> str:
        """Without who logs in, and how."""
        parts = urlsplit(self.address)
        port = f":{parts.port}" if parts.port else ""
        return f"postgresql://{parts.hostname or 'localhost'}{port}{parts.path}?table={self._named}"

    def check(self) -> None:
        """The database can be reached, and the table is ours or isn't there."""
        with self._session() as session:
            self._mine(session, self._named)

    def publish(self, results: Results) -> None:
        """Replace the rows of all tables in one transaction."""
        with self._session() as session:
            session.execute("select pg_advisory_xact_lock(hashtext(%s))", [self._named])
            for name, files, delimiter in self._planned(results):
                self._replace(session, name, [results.folder / f for f in files], delimiter)

    @property
    def _named(self) -> str:
        return dict(parse_qsl(urlsplit(self.address).query)).get("table", "")

    @contextmanager
    def _session(self) -> Iterator[Connection[Any]]:
        """A transaction.

        Raises
        ------
        ServerError
            The database can't be reached, or doesn't let us write there.
        """
        import psycopg

        if not self._named:
            raise SettingsError(
                f"--out {self}: the address names no table. Add ?table=NAME or ?table=SCHEMA.NAME to it."
            )
        parts = urlsplit(self.address)
        query = urlencode([(k, v) for k, v in parse_qsl(parts.query) if k != "table"])
        address = parts._replace(query=query).geturl()
        try:
            with psycopg.connect(address, connect_timeout=SECONDS, client_encoding="utf8") as session:
                yield session
        except psycopg.Error as error:
            said = error.diag.message_primary or next(iter(str(error).splitlines()), type(error).__name__)
            raise ServerError(f"--out {self} can't be written: {said}. Nothing there has changed.") from None

    def _planned(self, results: Results) -> Iterator[tuple[str, list[str], str]]:
        """Each table's name, its files and their delimiter; a kind of rows that there are none of has no files."""
        kinds = [(target, table) for target in results.targets for table in target.tables]
        files: dict[tuple[str, str], list[str]] = {}
        for each in results.deliveries:
            for file in each.files:
                files.setdefault((each.target, file.target_table), []).append(file.path)
        for target, table in kinds:
            stem = re.sub(r"[^a-z0-9]+", "_", Path(table.file).stem.lower())
            name = self._named if len(kinds) == 1 else f"{self._named}_{stem}"
            yield name, files.get((target.name, table.name), []), target.delimiter

    def _mine(self, session: Connection[Any], name: str) -> bool:
        """Whether the table is there; refused where it is somebody else's."""
        from psycopg import sql

        quoted = sql.Identifier(*name.split(".", 1)).as_string(session)
        found = session.execute(COMMENT, [quoted]).fetchone()
        if found and found[0] != MARK:
            raise SettingsError(
                f"--out {self}: there is a table {name} that no delivery made, and it is left as it is."
            )
        return found is not None

    def _replace(self, session: Connection[Any], name: str, files: Sequence[Path], delimiter: str) -> None:
        from psycopg import sql

        table = sql.Identifier(*name.split(".", 1))
        there = self._mine(session, name)
        if not files:
            if there:
                session.execute(sql.SQL("delete from {}").format(table))
            return
        with files[0].open(encoding="utf-8", newline="") as text:
            columns = next(csv.reader(text, delimiter=delimiter))
        held = session.execute(COLUMNS, [table.as_string(session)]).fetchone()
        if there and held and held[0] != columns:
            session.execute(sql.SQL("drop table {}").format(table))
            there = False
        if not there:
            texts = sql.SQL(", ").join(sql.SQL("{} text").format(sql.Identifier(c)) for c in columns)
            session.execute(sql.SQL("create table {} ({})").format(table, texts))
            session.execute(sql.SQL("comment on table {} is {}").format(table, sql.Literal(MARK)))
        session.execute(sql.SQL("delete from {}").format(table))
        copy = sql.SQL("copy {} from stdin (format csv, header true, delimiter {})").format(
            table, sql.Literal(delimiter)
        )
        for file in files:
            with session.cursor().copy(copy) as rows, file.open("rb") as content:
                while piece := content.read(1 << 20):
                    rows.write(piece)
