"""`discovery db`: the operator's way to the database."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from discovery_pipeline.store.upkeep.maintain import Done

SHOWN = 20
"""Rows of one task that a person is shown."""

db = typer.Typer(no_args_is_help=True, help="Query, migrate, maintain, back up and restore the database.")


class As(StrEnum):
    """Roles an operator may ask as."""

    OWNER = "owner"
    APP = "app"
    READONLY = "readonly"


class In(StrEnum):
    """Databases on the server."""

    DISCOVERY = "discovery"
    DAGSTER = "dagster"


AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@db.command()
def query(
    sql: Annotated[str, typer.Argument(help="One statement.", metavar="SQL")],
    database: Annotated[In, typer.Option(help="Where to ask.")] = In.DISCOVERY,
    role: Annotated[As, typer.Option(help="As whom; the owner sees every tenant.")] = As.OWNER,
    account: Annotated[int | None, typer.Option(help="Client account to ask for.")] = None,
    engagement: Annotated[int | None, typer.Option(help="Engagement to ask for.")] = None,
    as_json: AsJson = False,
) -> None:
    """Run one statement of SQL, and print its rows. Single columns are a flat list in JSON."""
    from discovery_pipeline import settings
    from discovery_pipeline.store.postgres.connection import connected, prepare
    from discovery_pipeline.store.postgres.databases import Role
    from discovery_pipeline.store.postgres.query import ask

    if (account is None) != (engagement is None):
        raise typer.BadParameter("--account and --engagement go together")
    tenant = (account, engagement) if account is not None and engagement is not None else None
    with connected(settings.read()) as databases:
        prepare(databases)
        answer = ask(databases, sql, Role[role.name], database.value, tenant)
    if as_json:
        print(json.dumps(_plain(answer.columns, answer.rows), ensure_ascii=False, indent=2, default=_text))
    elif answer.columns:
        _table(answer.columns, answer.rows)
    else:
        print(answer.status)


@db.command()
def upgrade() -> None:
    """Migrate the database to the newest revision, and Dagster's to the installed version."""
    from discovery_pipeline import settings
    from discovery_pipeline.assets import instance
    from discovery_pipeline.store.postgres.connection import connected, prepare
    from discovery_pipeline.store.postgres.databases import Role
    from discovery_pipeline.store.postgres.migrate import HEAD

    with connected(settings.read()) as databases:
        changed = prepare(databases)
        databases.complete()
        instance.make_tables(databases.text(Role.ORCHESTRATOR, "dagster", driver="psycopg2"))
    print(f"The database {'was brought to' if changed else 'stands at'} revision {HEAD}.")


@db.command()
def maintain(
    dry_run: Annotated[bool, typer.Option(help="Say what would be moved, and move nothing.")] = False,
    archive_duplicates: Annotated[
        bool, typer.Option(help="Archive flows that repeat an earlier one, too; without it they are listed.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Archive stale and completed flows, mend, vacuum, and report, by the files of sql/maintenance."""
    from datetime import UTC, datetime

    from discovery_pipeline import settings
    from discovery_pipeline.store.postgres.connection import connected, prepare
    from discovery_pipeline.store.upkeep import maintain as maintenance

    chosen = [task for task in maintenance.tasks() if archive_duplicates or not task.when_asked]
    current, done, log = settings.read(), [], None
    with connected(current) as databases:
        prepare(databases)
        try:
            for each in maintenance.running(databases, chosen, dry_run=dry_run):
                done.append(each)
                if not as_json:
                    _tell(each, dry_run=dry_run)
        finally:  # what was moved is moved, also when a later task failed
            if not dry_run:
                log = maintenance.write(done, current.root, datetime.now(UTC))
    if as_json:
        told = {each.task.name: _plain(each.columns, each.rows) for each in done}
        print(json.dumps(told, ensure_ascii=False, indent=2, default=_text))
    elif log is not None:
        print(f"What was moved and mended is written in {log}.")


@db.command()
def backup(file: Annotated[Path, typer.Argument(help="The file to write.", metavar="FILE")]) -> None:
    """Write the home, database and artifacts, into one file. The home may be in use meanwhile."""
    from discovery_pipeline import settings
    from discovery_pipeline.store.upkeep.backup import backup as write

    copied = write(settings.read(), file)
    print(f"{copied.files} files, {copied.size:,} bytes, in {file}.")


@db.command()
def restore(file: Annotated[Path, typer.Argument(help="A backup.", metavar="FILE", exists=True)]) -> None:
    """Restore a home from a backup, into an empty DISCOVERY_HOME."""
    from discovery_pipeline import settings
    from discovery_pipeline.store.upkeep.restore import restore as read

    current = settings.read()
    copied = read(current, file)
    print(f"{copied.files} files, {copied.size:,} bytes, in {current.root}.")


def _tell(done: Done, *, dry_run: bool) -> None:
    """One task for a person: what it is for, what it did or would do, and the first rows of that."""
    task, count = done.task, len(done.rows)
    acts = {"move": "moved", "mend": "mended", "tend": "done", "report": "found"}
    act = f"to be {acts[task.kind]}" if dry_run and task.kind != "report" else acts[task.kind]
    print(f"{task.name}: {task.what} {count or 'Nothing'} {act}.")
    if done.rows and (dry_run or task.kind != "tend"):
        _table(done.columns, done.rows[:SHOWN])
    if count > SHOWN:
        print(f"… and {count - SHOWN} more; --json lists them all.")


def _plain(columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> list[Any]:
    if len(columns) == 1:
        return [row[0] for row in rows]
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _text(value: Any) -> Any:
    """What JSON has no form for, as text: times in ISO 8601, bytes in hexadecimal digits."""
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return value.hex() if isinstance(value, bytes) else str(value)


def _table(columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text

    shown = Table(*(Column(name, overflow="fold") for name in columns))  # nothing is cut off
    for row in rows:
        shown.add_row(*(Text("" if value is None else str(_shown(value))) for value in row))
    Console().print(shown)


def _shown(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False, default=_text) if isinstance(value, dict | list) else value
