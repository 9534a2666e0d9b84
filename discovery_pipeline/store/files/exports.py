"""Exports: a table of somebody's database is copied out, so that stages read it like a file.

A table is named by an address, postgresql://user:password@host/database?table=schema.name.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from discovery_pipeline.errors import InputRefused

if TYPE_CHECKING:
    from psycopg import Connection

SCHEMES = ("postgresql", "postgres")
SECONDS = 10
"""Time to reach a database."""
TABLES = """
select table_schema || '.' || table_name from information_schema.tables
where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')
order by 1
"""


class TableMissing(InputRefused):
    """A database has no table of that name."""


def is_address(place: str) -> bool:
    """Whether a place is a database's address and not a file."""
    return urlsplit(place).scheme in SCHEMES


def tables(address: str) -> list[str]:
    """The tables of the database at an address, as schema.name, by name.

    Raises
    ------
    InputRefused
        Where the database can't be reached.
    """
    import psycopg

    parts = urlsplit(address)
    try:
        with psycopg.connect(address, connect_timeout=SECONDS) as session:
            return [name for (name,) in session.execute(TABLES).fetchall()]
    except psycopg.Error as error:
        where = f"{parts.hostname or 'localhost'}{parts.path}"
        raise InputRefused(where, f"The database can't be read: {_message(error)}.", "Check the address.") from None


def at(address: str, table: str) -> str:
    """The address of one table of the database at an address."""
    parts = urlsplit(address)
    return parts._replace(query=urlencode([*parse_qsl(parts.query), ("table", table)])).geturl()


def copied(address: str, folder: Path) -> Path:
    """The table at an address as a Parquet file in `folder`, all cells text, null where they are null.

    Raises
    ------
    InputRefused
        Where the address names no table, or the database can't be reached or doesn't let it be read.
    TableMissing
        Where the database has no such table.
    """
    parts = urlsplit(address)
    settings = dict(parse_qsl(parts.query))
    table = settings.pop("table", "")
    where = f"{parts.hostname or 'localhost'}{parts.path}"
    if not table:
        raise InputRefused(where, "The address names no table.", "Add ?table=NAME or ?table=SCHEMA.NAME to it.")
    import psycopg

    folder.mkdir(parents=True, exist_ok=True)
    text = folder / "table.csv"
    try:
        with psycopg.connect(
            parts._replace(query=urlencode(settings)).geturl(), connect_timeout=SECONDS, client_encoding="utf8"
        ) as session:
            names = _copy(session, table, text)
    except psycopg.Error as error:
        missing = isinstance(error, psycopg.errors.UndefinedTable | psycopg.errors.InvalidSchemaName)
        raise (TableMissing if missing else InputRefused)(
            f"{where} {table}", f"The table can't be read: {_message(error)}.", "Check the address."
        ) from None
    return _as_parquet(text, names, folder / f"{table.rpartition('.')[2].replace('/', '_')}.parquet")


def _message(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def _copy(session: Connection[Any], table: str, text: Path) -> list[str]:
    """Copy a table out as CSV without a header; the names of its columns."""
    from psycopg import sql

    session.read_only = True
    query = sql.SQL("SELECT * FROM {}").format(sql.Identifier(*table.split(".", 1)))
    with session.cursor() as cursor:
        cursor.execute(query + sql.SQL(" LIMIT 0"))
        names = [column.name for column in cursor.description or ()]
        with text.open("wb") as out, cursor.copy(sql.SQL("COPY ({}) TO STDOUT (FORMAT csv)").format(query)) as rows:
            for piece in rows:
                out.write(piece)
    return names


def _as_parquet(text: Path, names: list[str], target: Path) -> Path:
    """The same rows as Parquet, in which nothing about names or cells is left to detection."""
    from discovery_pipeline.engine import duck

    struct = ", ".join(f"{duck.text(name)}: 'VARCHAR'" for name in names)
    scan = (
        f"read_csv({duck.text(str(text))}, auto_detect=false, header=false, delim=',', quote='\"', escape='\"', "
        f"columns={{{struct}}}, max_line_size=16777216)"
    )
    with duck.connect() as con:
        duck.write(con, f"SELECT * FROM {scan}", target)
    text.unlink()
    return target
