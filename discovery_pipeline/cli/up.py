"""`discovery up`, `down`, `status`: everything on one machine, one command, one Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Annotated, Any

import typer

Json = Annotated[bool, typer.Option("--json", help="Print JSON to standard output.")]


def up(
    dagster_port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port of Dagster's UI. Default: the first free one from 3000.")
    ] = None,
) -> None:
    """Start everything on this machine, and stop it with Ctrl-C."""
    from rich.console import Console

    from discovery_pipeline.assets import instance
    from discovery_pipeline.cli import services
    from discovery_pipeline.errors import ServerError
    from discovery_pipeline.settings import read
    from discovery_pipeline.store.blocking import open_store

    settings, console = read(), Console()
    if there := services.running(settings.root):
        raise ServerError(f"It runs already on this home (process {there.pid}). Stop it with `discovery down`.")
    ports = {"dagster": services.free_port(dagster_port, 3000), "code": services.free_port(None, 4266)}
    with open_store(settings) as store:
        store.sweep()
        console.print("[green]✓[/] PostgreSQL, with every migration applied")
        dagster_home = instance.prepare(store.dagster_url, settings.root)
        workspace = _workspace(dagster_home, ports["code"])
        group = services.Services(settings.root, dagster_home)
        try:
            _start(group, ports, workspace)
            console.print(f"[green]✓[/] Dagster: [link]http://127.0.0.1:{ports['dagster']}[/link]")
            console.print(f"  Logs: {settings.root / 'logs'}   Stop: Ctrl-C, or `discovery down`")
            _watch(group)
        finally:
            console.print("Stopping …")
            group.stop()


def _start(group: Any, ports: dict[str, int], workspace: Path) -> None:
    from discovery_pipeline.cli.services import LOCATION, answers, listens

    root = Path(__file__).resolve().parents[2]
    group.start(
        "code-server", "dagster", "api", "grpc", "--python-file", str(root / "definitions.py"),
        "--working-directory", str(root), "--host", "127.0.0.1", "--port", str(ports["code"]),
        "--location-name", LOCATION, "--log-level", "warning",
    )  # fmt: skip
    group.wait_until("code-server", listens(ports["code"]), 60)
    group.start(
        "dagster-webserver", "dagster_webserver", "--workspace", str(workspace), "--host", "127.0.0.1",
        "--port", str(ports["dagster"]),
    )  # fmt: skip
    group.start("dagster-daemon", "dagster._daemon", "run", "--workspace", str(workspace))
    group.write(ports)
    group.wait_until("dagster-webserver", answers(ports["dagster"], "/server_info"), 90)


def _workspace(dagster_home: Path, port: int) -> Path:
    import yaml

    from discovery_pipeline.cli.services import LOCATION

    file = dagster_home / "workspace.yaml"
    server = {"host": "127.0.0.1", "port": port, "location_name": LOCATION}
    file.write_text(yaml.safe_dump({"load_from": [{"grpc_server": server}]}))
    return file


def _watch(group: Any) -> None:
    """Wait until a signal asks to stop; a service that ends by itself is an error."""
    from discovery_pipeline.errors import ServerError

    asked: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda received, _: asked.append(received))
    while not asked:
        if name := group.ended():
            raise ServerError(f"The {name} ended by itself, so everything stops. Its log is in the logs folder.")
        time.sleep(0.5)


def down() -> None:
    """Stop what `up` started on this home, and the embedded PostgreSQL."""
    from rich.console import Console

    from discovery_pipeline.cli import services
    from discovery_pipeline.settings import read
    from discovery_pipeline.store.server import EmbeddedServer

    settings, console = read(), Console()
    there = services.running(settings.root)
    if there:
        os.kill(there.pid, signal.SIGTERM)
        deadline = time.monotonic() + 2 * services.STOP_SECONDS
        while there.alive and time.monotonic() < deadline:
            time.sleep(0.2)
        console.print("Stopped what `up` had started.")
    stopped = settings.database_url is None and EmbeddedServer(settings.root).stop()
    if stopped:
        console.print("Stopped the embedded PostgreSQL.")
    if not there and not stopped:
        console.print("Nothing runs on this home.")


def status(as_json: Json = False) -> None:
    """Say which parts are up on this home. Exit code 1 where one isn't."""
    from rich.console import Console

    from discovery_pipeline.cli import services
    from discovery_pipeline.settings import read
    from discovery_pipeline.store.server import EmbeddedServer

    settings = read()
    there = services.running(settings.root)
    ports = there.ports if there else {}
    parts = {
        "postgres": settings.database_url is not None or EmbeddedServer(settings.root).running(),
        "code-server": "code" in ports and services.listens(ports["code"])(),
        "dagster-webserver": "dagster" in ports and services.answers(ports["dagster"], "/server_info")(),
        "dagster-daemon": there is not None and _lives(there.children.get("dagster-daemon")),
    }
    if as_json:
        print(json.dumps({"home": str(settings.root), "parts": parts, "ports": ports}))
    else:
        console = Console()
        console.print(f"Home {settings.root}")
        for name, well in parts.items():
            console.print(f"  {'[green]●[/] up  ' if well else '[dim]○ down[/]'}  {name}")
        if parts["dagster-webserver"]:
            console.print(f"  Dagster: http://127.0.0.1:{ports['dagster']}")
    if not all(parts.values()):
        raise typer.Exit(1)


def _lives(pid: int | None) -> bool:
    import psutil

    return pid is not None and psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
