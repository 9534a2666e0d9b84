"""Crash points: named places in the product at which a worker kills itself, put there from outside.

Nothing in the product knows of them. They stand around the statements and commits of SQLAlchemy and psycopg, around the
steps in which a version of a stage's files is published, around the programs of the embedded server, and around every
change of a folder or a name.
"""

from __future__ import annotations

import functools
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.soak.plan import Plan

STEPS = frozenset({"os.mkdir", "os.rename", "os.rmdir", "os.remove", "subprocess.Popen"})
"""Python's audit events of changes of folders and names, and of programs that begin."""


def die() -> None:
    """End this process as kill -9 does."""
    os.kill(os.getpid(), signal.SIGKILL)


def die_after(seconds: float) -> None:
    """End this process that much later, whatever it does then."""

    def wait() -> None:
        time.sleep(seconds)
        die()

    threading.Thread(target=wait, daemon=True).start()


class Points:
    """The points of one plan, put in place."""

    def __init__(self, plan: Plan) -> None:
        self._plan, self._passed = plan, 0

    def install(self) -> None:
        """Put every point in place; only the plan's own kills."""
        self._around_statements()
        self._around_commits()
        self._around_files()
        self._around_programs()
        if self._plan.point == "before a step":
            self._before_steps()

    def passing(self, point: str) -> None:
        """The worker is at the point."""
        if point != self._plan.point:
            return
        self._passed += 1
        if self._passed == self._plan.hit:
            die_after(self._plan.delay) if point.startswith("during") else die()

    def _around_statements(self) -> None:
        from sqlalchemy import event
        from sqlalchemy.engine import Engine

        @event.listens_for(Engine, "before_cursor_execute")
        def before(*_: Any) -> None:
            self.passing("before a statement")

        @event.listens_for(Engine, "after_cursor_execute")
        def after(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            self.passing("after a statement")
            if "FOR UPDATE" in statement:
                self.passing("row locked")

    def _around_commits(self) -> None:
        from sqlalchemy.engine.default import DefaultDialect

        committing = DefaultDialect.do_commit

        def commit(dialect: Any, connection: Any) -> None:
            self.passing("before COMMIT")
            self.passing("during COMMIT")
            committing(dialect, connection)
            self.passing("after COMMIT")

        setattr(DefaultDialect, committing.__name__, commit)

    def _around_files(self) -> None:
        from discovery_pipeline.store.files import artifacts

        self._before(artifacts, "_digest", "before the digest")
        self._before(artifacts, "settle", "before the sync")
        self._before(artifacts, "_replace", "before CURRENT")
        self._before(Path, "replace", "CURRENT half written")
        self._before(artifacts, "_forget_others", "CURRENT named")
        self._before(os, "rmdir", "former version half gone")

    def _around_programs(self) -> None:
        from discovery_pipeline.store.postgres.server import EmbeddedServer

        running = EmbeddedServer._run

        def run(server: Any, program: str, *arguments: str, **named: Any) -> None:
            self.passing("before a server program")
            self.passing("during a server program")
            running(server, program, *arguments, **named)
            self.passing("after a server program")

        setattr(EmbeddedServer, running.__name__, run)
        self._before(Path, "rename", "cluster made")

    def _before_steps(self) -> None:
        def step(event: str, _: Any) -> None:
            if event in STEPS:
                self.passing("before a step")

        sys.addaudithook(step)

    def _before(self, owner: Any, name: str, point: str) -> None:
        called: Callable[..., Any] = getattr(owner, name)

        @functools.wraps(called)
        def around(*arguments: Any, **named: Any) -> Any:
            self.passing(point)
            return called(*arguments, **named)

        setattr(owner, name, around)
