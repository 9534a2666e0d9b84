"""Maintenance: the plain SQL of `sql/maintenance`, run as an operator would.

A file's first line says what it is: a report reads, a mend corrects rows, a move takes flows into the history, and what
tends needs no transaction. What is done only `when asked` says so there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from discovery_pipeline.store.databases import Databases, Role

Kind = Literal["report", "mend", "move", "tend"]

FIRST_LINE = re.compile(r"^-- (?P<kind>report|mend|move|tend)(?P<asked>, when asked)?: (?P<what>.+)$")


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
    """What one task found or moved: its rows. In a dry run, what it would."""

    task: Task
    columns: tuple[str, ...]
    rows: list[tuple[object, ...]]


def folder() -> Path:
    """The folder of the files: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "sql" / "maintenance"
    return inside if inside.exists() else package.parent / "sql" / "maintenance"


def tasks() -> tuple[Task, ...]:
    """Every task: moves first, so that what tends comes after them, and reports tell of the end."""
    order: list[Kind] = ["mend", "move", "tend", "report"]
    found = [parse(file.stem, file.read_text()) for file in folder().glob("*.sql")]
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
    """Run tasks as the owner, one after another, each whole or not at all.

    A dry run runs the same statements and takes them back; what needs no transaction can't be taken back, and is left.
    """
    import psycopg

    done = []
    with psycopg.connect(databases.dsn(Role.OWNER)) as connection:
        for task in chosen:
            if task.kind == "tend":
                if not dry_run:
                    _tend(databases, task)
                done.append(Done(task, (), []))
                continue
            with connection.transaction(force_rollback=dry_run):
                cursor = connection.execute(task.statements[0].encode())
                columns = tuple(column.name for column in cursor.description or ())
                done.append(Done(task, columns, cursor.fetchall()))
    return done


def _tend(databases: Databases, task: Task) -> None:
    import psycopg

    with psycopg.connect(databases.dsn(Role.OWNER), autocommit=True) as connection:
        for statement in task.statements:
            connection.execute(statement.encode())


def write(done: Iterable[Done], home: Path, now: datetime) -> Path:
    """Write what a run moved and mended below the home, for whoever looks for a flow that is gone."""
    path = home / "maintenance" / f"{now:%Y%m%dT%H%M%S%f}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    moved = {each.task.name: [str(row[0]) for row in each.rows] for each in done if each.task.kind in {"move", "mend"}}
    path.write_text(json.dumps({"at": now.isoformat(), **moved}, indent=2) + "\n")
    return path
