"""Maintenance: the plain SQL of `sql/maintenance`, run as an operator would.

A file's first line says what it is: a report reads, a mend corrects rows, a move takes flows into the history, and what
tends needs no transaction. What is done only `when asked` says so there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from discovery_pipeline.store.postgres.databases import Databases, Role
from discovery_pipeline.store.upkeep import code

if TYPE_CHECKING:
    import psycopg

Kind = Literal["report", "mend", "move", "tend"]

FIRST_LINE = re.compile(r"^-- (?P<kind>report|mend|move|tend)(?P<asked>, when asked)?: (?P<what>.+)$")
INDEX = re.compile(r"create index concurrently if not exists (?P<name>\w+)")


@dataclass(frozen=True, slots=True)
class Task:
    """One file of maintenance."""

    name: str
    kind: Kind
    when_asked: bool
    what: str
    statements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Done:
    """What one task found, moved or did: its rows. In a dry run, what it would."""

    task: Task
    columns: tuple[str, ...]
    rows: list[tuple[object, ...]]


def tasks() -> tuple[Task, ...]:
    """Every task: moves first, so that what tends comes after them, and reports tell of the end."""
    order: list[Kind] = ["mend", "move", "tend", "report"]
    found = [parse(file.stem, file.read_text()) for file in code.maintenance().glob("*.sql")]
    return tuple(sorted(found, key=lambda task: (order.index(task.kind), task.name)))


def parse(name: str, text: str) -> Task:
    """The task that a file's text is.

    Raises
    ------
    ValueError
        Its first line doesn't say what it is.
    """
    first = FIRST_LINE.match(text.partition("\n")[0])
    if first is None:
        raise ValueError(f"{name}.sql begins with '-- report: …', '-- mend: …', '-- move: …' or '-- tend: …'")
    code = "\n".join(line for line in text.splitlines() if not line.startswith("--"))
    statements = tuple(part.strip() for part in re.split(r";\s*$", code, flags=re.MULTILINE) if part.strip())
    kind: Kind = first["kind"]  # pyright: ignore[reportAssignmentType] - the pattern names them
    return Task(name, kind, bool(first["asked"]), first["what"], statements)


def run(databases: Databases, chosen: Iterable[Task], *, dry_run: bool = False) -> list[Done]:
    """Run tasks as the owner, one after another; see `running`."""
    return list(running(databases, chosen, dry_run=dry_run))


def running(databases: Databases, chosen: Iterable[Task], *, dry_run: bool = False) -> Iterator[Done]:
    """Run tasks as the owner, and tell of each as it is done.

    What moves flows is repeated until nothing is left to move. Each time is whole or not at all, whether or not a later
    one fails. A dry run runs the same statements and takes them back; what needs no transaction is only told.
    """
    import psycopg

    with psycopg.connect(databases.dsn(Role.OWNER), autocommit=True) as connection:
        for task in chosen:
            if task.kind == "tend":
                yield _tend(connection, task, dry_run=dry_run)
            elif dry_run:
                with connection.transaction(force_rollback=True):
                    done = _done(connection, task)
                yield done
            else:
                yield _done(connection, task)


def archived(done: Iterable[Done]) -> list[str]:
    """The slugs of the flows that were moved, for whoever keeps something by slug."""
    return [str(row[0]) for each in done if each.task.kind == "move" for row in each.rows]


def _done(connection: psycopg.Connection, task: Task) -> Done:
    rows: list[tuple[object, ...]] = []
    while True:
        cursor = connection.execute(task.statements[0].encode())
        columns = tuple(column.name for column in cursor.description or ())
        found = cursor.fetchall()
        rows += found
        if task.kind != "move" or not found:
            return Done(task, columns, rows)


def _tend(connection: psycopg.Connection, task: Task, *, dry_run: bool) -> Done:
    due = [statement for statement in task.statements if _is_due(connection, statement)]
    for statement in due if not dry_run else ():
        if index := INDEX.match(statement):
            # Not there, or the invalid rest of a build that was cut, which IF NOT EXISTS would take for an index.
            connection.execute(f"drop index concurrently if exists {index['name']}".encode())
        connection.execute(statement.encode())
    return Done(task, ("statement",), [(" ".join(statement.split()),) for statement in due])


def _is_due(connection: psycopg.Connection, statement: str) -> bool:
    """Whether there is anything to do: an index that is there and whole needs no building."""
    index = INDEX.match(statement)
    if index is None:
        return True
    whole = "select 1 from pg_index where indexrelid = to_regclass(%s) and indisvalid"
    return connection.execute(whole, [index["name"]]).fetchone() is None


def write(done: Iterable[Done], home: Path, now: datetime) -> Path:
    """Write what a run moved and mended below the home, for whoever looks for a flow that is gone."""
    path = home / "maintenance" / f"{now:%Y%m%dT%H%M%S%f}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    moved = {
        each.task.name: [dict(zip(each.columns, map(str, row), strict=True)) for row in each.rows]
        for each in done
        if each.task.kind in {"move", "mend"}
    }
    path.write_text(json.dumps({"at": now.isoformat(), **moved}, indent=2) + "\n")
    return path
