"""`discovery up`, `down`, `status`: everything on one machine, one command, one Ctrl-C."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from discovery_pipeline.cli.supervisor import Supervisor
    from discovery_pipeline.settings import Settings
    from discovery_pipeline.store.blocking import Store
    from discovery_pipeline.store.parts import Health, Part
    from discovery_pipeline.store.postgres.databases import Databases

Json = Annotated[bool, typer.Option("--json", help="Print JSON to standard output.")]
TICK_SECONDS = 0.2


def up(
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port of the pages and the API. Default: a free one from 8000.")
    ] = None,
    dagster_port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port of Dagster's UI. Default: a free one from 3000.")
    ] = None,
) -> None:
    """Start everything on this machine, and stop it with Ctrl-C."""
    from rich.console import Console

    from discovery_pipeline.cli import services, supervisor
    from discovery_pipeline.errors import ServerError
    from discovery_pipeline.settings import read
    from discovery_pipeline.store import parts

    settings, console = read(), Console()
    wanted = {"web": port, "dagster": dagster_port, "code": None}
    with ExitStack() as held:
        if not held.enter_context(parts.alone(settings.root)):
            raise ServerError("It runs already on this home, or is about to. Stop it with `discovery down`.")
        for name in supervisor.end_orphans(settings.root):
            console.print(f"  Ended a {name} that a killed `up` had left.")
        ports = {name: held.enter_context(services.reserved(name, number)) for name, number in wanted.items()}
        held.enter_context(parts.begun(settings.root, ports))
        _run(console, settings, ports)


def _run(console: Console, settings: Settings, ports: dict[str, int]) -> None:
    from discovery_pipeline.assets import instance
    from discovery_pipeline.cli import services, supervisor
    from discovery_pipeline.store.blocking import open_store

    with open_store(settings) as store:
        store.sweep()
        dagster_home = instance.prepare(store.dagster_url, settings.root)
        _settle(store)
        workspace = services.write_workspace(dagster_home, ports["code"])
        kept = supervisor.Supervisor(
            settings.root,
            ports,
            services.services(settings.root, ports, workspace),
            {"DAGSTER_HOME": str(dagster_home), "DISCOVERY_HOME": str(settings.root), "PYTHONUNBUFFERED": "1"},
            _teller(console),
            {"postgres": _kept_up(store.databases)},
        )
        try:
            _keep(kept, lambda: _links(console, store, ports))
        finally:
            console.print("Stopping …")
            kept.stop()
            _end_runs(store)
            _settle(store)


def _end_runs(store: Store) -> None:
    """Interrupt every run. With the next `up`, Dagster takes each up from the step that it was at."""
    from discovery_pipeline.assets import instance
    from discovery_pipeline.assets.runner import locks
    from discovery_pipeline.cli import supervisor

    home = store.settings.root
    try:
        if runs := locks.workers(home):
            with instance.opened(store.dagster_url, home) as dagster:
                instance.spare_retries(dagster, runs)
    finally:
        locks.end_workers(home, supervisor.STOP_SECONDS)


def _settle(store: Store) -> None:
    """Tell Dagster of runs that are dead, and remove what they left."""
    from discovery_pipeline.assets import instance, scratch
    from discovery_pipeline.assets.runner import locks

    home = store.settings.root
    with instance.opened(store.dagster_url, home) as dagster:
        instance.settle(dagster, store)
    locks.forget_dead(home)
    scratch.sweep(home)


def _keep(kept: Supervisor, ready: Callable[[], None]) -> None:
    """Keep everything running until a signal asks to stop; `ready` is called once, when all parts are up."""
    asked: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda received, _: asked.append(received))
    told = False
    while not asked:
        kept.look()
        if kept.ready and not told:
            ready()
            told = True
        time.sleep(TICK_SECONDS)


def _teller(console: Console) -> Callable[[str, Health, str], None]:
    from discovery_pipeline.store.parts import Health

    def tell(name: str, health: Health, why: str) -> None:
        if health is Health.UP:
            console.print(f"[green]✓[/] {name}", highlight=False)
        elif health is Health.DOWN:
            console.print(f"[red]✗[/] {name} {why}", highlight=False)

    return tell


def _kept_up(databases: Databases) -> Callable[[], Part]:
    """PostgreSQL, and how often it began anew since the first look; an embedded one that died is started again."""
    import psycopg

    from discovery_pipeline.errors import ServerError
    from discovery_pipeline.store.parts import Health, Part
    from discovery_pipeline.store.postgres.databases import Role

    begun: set[object] = set()

    def seen() -> Part:
        health = Health.DOWN
        with suppress(psycopg.Error, ServerError, OSError):  # the last: there is no room to start it in
            databases.revive()
            with psycopg.connect(databases.dsn(Role.APP), connect_timeout=2) as session:
                begun.update(session.execute("select pg_postmaster_start_time()"))
                health = Health.UP
        return Part(health, restarts=max(0, len(begun) - 1))

    return seen


def _links(console: Console, store: Store, ports: dict[str, int]) -> None:
    from discovery_pipeline.cli.links import login_link
    from discovery_pipeline.store.people.accounts import OPERATOR

    console.print(f"\n  Pages    http://127.0.0.1:{ports['web']}", highlight=False)
    console.print(f"  Log in   {login_link(store, OPERATOR)}  (once, within minutes)", highlight=False, soft_wrap=True)
    console.print(f"  Dagster  http://127.0.0.1:{ports['dagster']}", highlight=False)
    console.print(f"  Logs     {store.settings.root / 'logs'}", highlight=False)
    console.print("  Stop     Ctrl-C, or `discovery down`\n", highlight=False)


def down() -> None:
    """Stop what `up` started on this home, and the embedded PostgreSQL."""
    from rich.console import Console

    from discovery_pipeline.assets.runner import locks
    from discovery_pipeline.cli import supervisor
    from discovery_pipeline.settings import read
    from discovery_pipeline.store import parts
    from discovery_pipeline.store.blocking import open_store
    from discovery_pipeline.store.postgres.server import EmbeddedServer

    settings, console = read(), Console()
    there = parts.running(settings.root)
    if there:
        supervisor.end([there.process], 3 * supervisor.STOP_SECONDS)
    orphans = supervisor.end_orphans(settings.root)
    if locks.workers(settings.root):  # of an `up` that was killed
        with open_store(settings) as store:
            _end_runs(store)
    if there or orphans:
        console.print("Stopped what `up` had started.")
    stopped = settings.database_url is None and EmbeddedServer(settings.root).stop()
    if stopped:
        console.print("Stopped the embedded PostgreSQL.")
    if not there and not orphans and not stopped:
        console.print("Nothing runs on this home.")


def status(as_json: Json = False) -> None:
    """Say which parts are up on this home. Exit code 1 where one isn't."""
    from rich.console import Console

    from discovery_pipeline.settings import read
    from discovery_pipeline.store import parts
    from discovery_pipeline.store.parts import NAMES, Health, Part

    settings = read()
    there = parts.running(settings.root)
    found = there.parts if there and there.fresh else dict.fromkeys(NAMES, Part(Health.DOWN))
    left = list(parts.orphans(settings.root))
    well = {name: part.health is Health.UP for name, part in found.items()}
    links = {"pages": there.address, "dagster": there.dagster} if there else {}
    if as_json:
        ports = dict(there.ports) if there else {}
        print(json.dumps({"home": str(settings.root), "parts": well, "ports": ports, "links": links, "left": left}))
    else:
        console = Console()
        _show(console, settings, found, links)
        if left:
            console.print(
                f"  `up` was killed, and without it go on: {', '.join(left)}.", highlight=False, soft_wrap=True
            )
            console.print("  `discovery up` starts them anew; `discovery down` ends them.", highlight=False)
    if not all(well.values()):
        raise typer.Exit(1)


def _show(console: Console, settings: Settings, found: Mapping[str, Part], links: Mapping[str, str | None]) -> None:
    from discovery_pipeline.store.parts import Health

    marks = {
        Health.UP: "[green]● up      [/]",
        Health.STARTING: "[yellow]◌ starting[/]",
        Health.DOWN: "[dim]○ down    [/]",
    }
    console.print(f"Home {settings.root}")
    for name, part in found.items():
        again = f"  [dim]restarts: {part.restarts}[/]" if part.restarts else ""
        console.print(f"  {marks[part.health]}  {name}{again}", highlight=False)
    for name, link in links.items():
        console.print(f"  {name:<8} {link}", highlight=False)
