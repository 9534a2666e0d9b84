"""A signal ends a query, and is not taken for a fault of the data."""

from __future__ import annotations

import gc
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import cast

import duckdb
import pytest

from discovery_pipeline.engine import duck, intake

LONG = "SELECT count(DISTINCT md5(i::VARCHAR)) FROM range(100_000_000) t(i)"
"""Takes minutes, in one task."""


class Asked(BaseException):
    """What a signal's handler raises."""


@contextmanager
def asked_soon() -> Iterator[None]:
    """A signal asks to stop after a moment of work."""

    def asked(_: int, __: FrameType | None) -> None:
        raise Asked

    gc.collect()
    gc.disable()  # what is raised while garbage of other tests is collected is lost, and a fault of this one
    before = signal.signal(signal.SIGTERM, asked)
    calling = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGTERM))
    calling.start()
    try:
        yield
    finally:
        calling.join()
        signal.signal(signal.SIGTERM, before)
        gc.enable()


def test_a_signal_ends_a_query_at_once():
    listening = threading.active_count()
    with duck.connect() as con:
        began = time.monotonic()
        with pytest.raises((Asked, RuntimeError)), asked_soon(), duck.stoppable(con):
            con.execute(LONG)
        assert time.monotonic() - began < 60  # by itself, minutes
        assert con.execute("SELECT 42").fetchone() == (42,)
    assert threading.active_count() == listening
    assert signal.set_wakeup_fd(-1) == -1


class Line:
    """A connection without a query to end."""

    def __init__(self) -> None:
        self.interrupted = threading.Event()

    def interrupt(self) -> None:
        self.interrupted.set()


def test_a_signal_is_heard_though_what_its_handler_raised_was_lost():
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    line = Line()
    try:
        with pytest.raises(KeyboardInterrupt), duck.stoppable(cast("duckdb.DuckDBPyConnection", line)):
            os.kill(os.getpid(), signal.SIGTERM)
            assert line.interrupted.wait(60)
    finally:
        signal.signal(signal.SIGTERM, before)


def test_only_what_duckdb_says_of_signals_is_one():
    assert duck.stopped(RuntimeError("Query interrupted"))
    assert not duck.stopped(RuntimeError("Query failed"))
    assert not duck.stopped(ValueError("Query interrupted"))


def test_a_file_is_not_refused_because_its_reading_was_stopped(tmp_path: Path):
    file = tmp_path / "servers.csv"
    file.write_text("name,note\n" + "web,a\n" * 5_000_000)
    with duck.connect() as con, pytest.raises((KeyboardInterrupt, Asked)), asked_soon(), duck.stoppable(con):
        intake.read(con, [file], tmp_path / "tables")
