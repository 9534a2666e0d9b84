"""DuckDB: the connection the engines compute on, and the quoting that keeps names and values inert."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import duckdb

from discovery_pipeline.engine.tables import Column, Table

ASKING = (signal.SIGINT, signal.SIGTERM)
"""Signals that ask a process to stop."""
_BLANKS = "' ' || " + " || ".join(f"chr({c})" for c in (9, 10, 11, 12, 13, 160, 8203, 8239, 12288, 65279))
"""White space at the ends of cells: Unicode's no-break and zero-width spaces and byte order marks, too."""
BYTES_A_THREAD = 120_000_000
"""Memory that a thread takes at most where a large table is sorted or joined."""


def connect(
    *, threads: int | None = None, memory_limit: str = "500MB", scratch: Path | None = None
) -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB that spills to `scratch` beyond `memory_limit` and never fetches extensions.

    Without `threads` it takes as many as there are cores, and memory for: more of them would run out of it instead of
    spilling. Rows keep their order when written, which is what makes a row's position its identity.
    """
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": memory_limit,
        "TimeZone": "UTC",
        "autoinstall_known_extensions": "false",
        "preserve_insertion_order": "true",
    }
    if threads:
        config["threads"] = threads
    if scratch:
        scratch.parent.mkdir(parents=True, exist_ok=True)  # DuckDB makes the folder itself, where it has to spill
        config["temp_directory"] = str(scratch)
    con = duckdb.connect(":memory:", config=config)
    con.execute("SET enable_progress_bar = false")
    if not threads:
        fitting = f"greatest(1, parse_formatted_bytes(current_setting('memory_limit')) // {BYTES_A_THREAD})"
        con.execute(f"SET threads = least(current_setting('threads'), {fitting})")
    # Else every query reads the file's whole description anew: 250 ms each, where a table has 2,000 columns.
    con.execute("SET parquet_metadata_cache = true")
    return con


@contextmanager
def stoppable(con: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """The connection, whose query ends at once when a signal asks this process to stop.

    By itself DuckDB looks for signals between its tasks, of which one may take minutes. Python hears of them at once,
    but its handlers wait for the main thread; so another thread listens meanwhile.

    Raises
    ------
    KeyboardInterrupt
        A signal came, and what its handler raised was lost: Python drops it amid a garbage collection.
    """
    if threading.current_thread() is not threading.main_thread():
        yield con
        return
    heard, ear = socket.socketpair()
    heard.setblocking(False)
    asked = threading.Event()

    def listen() -> None:
        while told := ear.recv(1):
            if told[0] in ASKING:
                asked.set()
                con.interrupt()

    listener = threading.Thread(target=listen, name="discovery-signals", daemon=True)
    with ExitStack() as ending:  # to its end, though the signal's handler raises somewhere in it
        ending.callback(ear.close)
        ending.callback(listener.join)
        ending.callback(heard.close)
        listener.start()
        ending.callback(signal.set_wakeup_fd, signal.set_wakeup_fd(heard.fileno(), warn_on_full_buffer=False))
        yield con
        if asked.is_set():
            raise KeyboardInterrupt


def stopped(error: BaseException) -> bool:
    """Whether a signal ended a query. DuckDB may forget what the signal's handler raised, and raise this instead."""
    return isinstance(error, duckdb.InterruptException) or (
        isinstance(error, RuntimeError) and str(error) == "Query interrupted"
    )


def name(identifier: str) -> str:
    """An identifier, quoted."""
    return '"' + identifier.replace('"', '""') + '"'


def text(value: str) -> str:
    """A string literal, quoted."""
    return "'" + value.replace("'", "''") + "'"


def stripped(value: str) -> str:
    """The SQL of a text without white space at its ends."""
    return f"trim({value}, {_BLANKS})"


def col(column: Column) -> str:
    """A column's quoted key."""
    return name(column.key)


def parquet(path: Path) -> str:
    """A FROM item over a Parquet file."""
    return f"read_parquet({text(str(path))})"


def numbered(path: Path) -> str:
    """A FROM item over a Parquet file with `file_row_number`, the 0-based row."""
    return f"read_parquet({text(str(path))}, file_row_number=true)"


def scan(table: Table) -> str:
    """A FROM item over a table: its columns, the source line, and `file_row_number` (0-based row)."""
    return numbered(table.path)


def write(con: duckdb.DuckDBPyConnection, query: str, path: Path, *, row_group: int | None = None) -> int:
    """Write a query's rows to a Parquet file in their order; the number of rows.

    The file appears whole or not at all: it is written beside its place and renamed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".part")
    grouped = f", ROW_GROUP_SIZE {row_group}" if row_group else ""
    options = f"FORMAT parquet, COMPRESSION zstd{grouped}"
    try:
        done = con.execute(f"COPY ({query}) TO {text(str(draft))} ({options})").fetchone()
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return int(done[0]) if done else 0
