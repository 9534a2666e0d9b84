"""The `discovery` command: what there is, and how errors reach a person."""

from __future__ import annotations

import atexit
import gc
import os
import re
import signal
import sys
from typing import Annotated, NoReturn

import typer

from discovery_pipeline import __version__
from discovery_pipeline.cli import dagster
from discovery_pipeline.cli.agents import agents
from discovery_pipeline.cli.clean import clean
from discovery_pipeline.cli.db import db
from discovery_pipeline.cli.diff import diff
from discovery_pipeline.cli.doctor import doctor
from discovery_pipeline.cli.engagement import engagement
from discovery_pipeline.cli.flows import flows
from discovery_pipeline.cli.inspect import inspect
from discovery_pipeline.cli.match import match
from discovery_pipeline.cli.member import member
from discovery_pipeline.cli.profile import profile
from discovery_pipeline.cli.purge import purge
from discovery_pipeline.cli.relationships import relationships
from discovery_pipeline.cli.risk import risk
from discovery_pipeline.cli.run import run
from discovery_pipeline.cli.sources import sources
from discovery_pipeline.cli.target import app as target
from discovery_pipeline.cli.token import token
from discovery_pipeline.cli.up import down, status, up
from discovery_pipeline.cli.validate import validate
from discovery_pipeline.errors import DiscoveryError

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode="markdown")


def _version(asked: bool) -> None:
    if asked:
        print(f"discovery_pipeline {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version, and stop.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Find out what the data really is, before it moves."""


# Modules of commands are thin and import what is heavy inside the command, so that --help is instant.
for command in (run, up, down, status, doctor):
    app.command(rich_help_panel="Everything")(command)
for command in (inspect, profile, diff, relationships, match, clean, validate, risk):
    app.command(rich_help_panel="One stage, on files")(command)
app.add_typer(target, name="target", rich_help_panel="One stage, on files")
for name, group in {
    "flows": flows,
    "agents": agents,
    "token": token,
    "member": member,
    "engagement": engagement,
    "sources": sources,
    "db": db,
    "dagster": dagster.app,
}.items():
    app.add_typer(group, name=name, rich_help_panel="State and operation")
app.command(rich_help_panel="State and operation")(purge)


def program() -> None:
    """The program's entry: `main`, then an end without taking the process apart piece by piece."""
    # A command imports hundreds of modules that live as long as it does: looking through them again and again for
    # garbage, and freeing each at the end, would cost a tenth of its time.
    gc.set_threshold(50_000, 20, 100)
    code = 0
    try:
        main()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
    except OSError:
        code = code or 1
    sys.stderr.flush()
    os._exit(code)


def main() -> None:
    """Run a command; an error is a sentence on standard error, and exit code 1."""
    signal.signal(signal.SIGTERM, _ended)
    try:
        app()
    except DiscoveryError as error:
        _fail(str(error))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read our output has left
        raise SystemExit(1) from None
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _fail(f"{where}{error.strerror or error}. Check the disk and the permissions.")
    except KeyboardInterrupt:
        _stop()
    except Exception as error:
        from discovery_pipeline.engine import duck

        if duck.stopped(error):
            _stop()
        if said := _of_the_disk(error):
            _fail(f"{said}. Check the disk and the permissions.")
        if os.environ.get("DISCOVERY_LOG_LEVEL", "").lower() == "debug":
            raise
        fault = "This is a fault of discovery_pipeline; DISCOVERY_LOG_LEVEL=debug shows where."
        _fail(f"{type(error).__name__}: {error}. {fault}")


def _stop() -> NoReturn:
    print("Stopped.", file=sys.stderr)
    raise SystemExit(130) from None


def _ended(number: int, _: object) -> NoReturn:
    """Asked to end, a command clears away what it had in hand."""
    raise SystemExit(128 + number)


def _of_the_disk(error: Exception) -> str:
    """What the system said of a file, where DuckDB wrapped it; else empty."""
    import duckdb

    if not isinstance(error, duckdb.IOException):
        return ""
    named = re.search(r'file \\?"(?P<file>[^"\\]+)\\?": (?P<said>[^"\n]+)', str(error))
    return f"{named['file']}: {named['said'].strip()}" if named else ""


def _fail(sentence: str) -> NoReturn:
    print(f"Error: {sentence}", file=sys.stderr)
    raise SystemExit(1) from None
