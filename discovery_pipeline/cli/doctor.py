"""`discovery doctor`: is the set-up sound, and how to mend it."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import typer

LEAST_FREE_GIB = 2


@dataclass(frozen=True, slots=True)
class Examined:
    """One thing looked at; `mend` is empty where all is well."""

    name: str
    found: str
    mend: str = ""


Look = Callable[[Any], Examined]


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON to standard output.")] = False,
) -> None:
    """Check the set-up, and say how to mend what is wrong. Exit code 1 if something is."""
    from rich.console import Console

    from discovery_pipeline.errors import DiscoveryError
    from discovery_pipeline.settings import read

    settings = read()
    looks: list[Look] = [_python, _home, _disk, _knowledge, _postgres, _dagster, _definitions, _running, _runner]
    found = []
    for look in looks:
        try:
            found.append(look(settings))
        except DiscoveryError as error:
            found.append(Examined(look.__name__.strip("_"), "doesn't work", str(error)))
        if look is _home and found[-1].mend:
            break  # whatever else is looked at lies there
    if as_json:
        print(json.dumps([asdict(one) for one in found]))
    else:
        console = Console()
        for one in found:
            console.print(f"{'[red]✗' if one.mend else '[green]✓'}[/] {one.name:<12} {one.found}", highlight=False)
            if one.mend:
                console.print(f"  → {one.mend}", highlight=False)
    if any(one.mend for one in found):
        raise typer.Exit(1)


def _python(_: Any) -> Examined:
    version = ".".join(map(str, sys.version_info[:3]))
    fits = (3, 11) <= sys.version_info[:2] < (3, 14)
    return Examined("python", version, "" if fits else "Use Python 3.11, 3.12 or 3.13.")


def _home(settings: Any) -> Examined:
    try:
        settings.root.mkdir(parents=True, exist_ok=True)
        probe = settings.root / ".doctor"
        probe.touch()
        probe.unlink()
    except OSError as error:
        return Examined(
            "home", f"{settings.root}: {error.strerror}", "Set DISCOVERY_HOME to a folder that you can write to."
        )
    return Examined("home", f"{settings.root} can be written to")


def _disk(settings: Any) -> Examined:
    free = shutil.disk_usage(settings.root).free / 2**30
    enough = free >= LEAST_FREE_GIB
    return Examined("disk", f"{free:.1f} GiB free", "" if enough else "Free some space, or move DISCOVERY_HOME.")


def _knowledge(settings: Any) -> Examined:
    from discovery_pipeline.engine.mapping.knowledge import own

    if not settings.dictionaries.is_dir():
        return Examined("knowledge", "the matcher's own; a folder of yours may add to it")
    words = len(own.read(settings.dictionaries))
    return Examined("knowledge", f"{words} words of your own in {settings.dictionaries}")


def _postgres(settings: Any) -> Examined:
    from discovery_pipeline.store.blocking import open_store

    with open_store(settings) as store:
        flows = len(store.list_flows(limit=1000))
        kind = "your server" if settings.database_url else "embedded server"
    return Examined("postgres", f"{kind} answers, every migration applied, {flows} flows")


def _dagster(settings: Any) -> Examined:
    from discovery_pipeline.assets import instance
    from discovery_pipeline.store import parts
    from discovery_pipeline.store.blocking import open_store

    with open_store(settings) as store, instance.opened(store.dagster_url, settings.root) as opened:
        found = f"instance opens, {opened.get_runs_count()} runs"
        up = parts.running(settings.root)
        late = [s.daemon_type.lower() for s in opened.get_daemon_statuses().values() if s.required and not s.healthy]
    if up is None or not up.ready or not late:
        return Examined("dagster", found)
    return Examined("dagster", f"{found}; no sign of life: {', '.join(late)}", _see(settings, "dagster-daemon"))


def _definitions(settings: Any) -> Examined:
    from discovery_pipeline.assets.build import build

    assets = len(build(settings).resolve_all_asset_keys())
    return Examined("definitions", f"{assets} assets load")


def _running(settings: Any) -> Examined:
    from discovery_pipeline.store import parts
    from discovery_pipeline.store.parts import Health

    up = parts.running(settings.root)
    if left := parts.orphans(settings.root):
        found = f"was killed, and without it go on: {', '.join(left)}"
        return Examined("up", found, "Run `discovery up`, which starts them anew, or `discovery down`.")
    if up is None:
        return Examined("up", "not running; `discovery up` starts everything")
    ill = [name for name, part in up.parts.items() if part.health is Health.DOWN]
    begun = [name for name, part in up.parts.items() if part.health is Health.STARTING]
    if not up.fresh:
        return Examined("up", "hasn't looked at its parts lately", "Run `discovery down`, then `discovery up`.")
    if ill:
        return Examined("up", f"not up: {', '.join(ill)}", " ".join(_see(settings, name) for name in ill))
    if begun:
        return Examined("up", f"starting: {', '.join(begun)}")
    again = sum(part.restarts for part in up.parts.values())
    return Examined("up", f"{len(up.parts)} parts are up" + (f", restarts: {again}" if again else ""))


def _runner(settings: Any) -> Examined:
    from discovery_pipeline.assets.runner.calling import ask
    from discovery_pipeline.store import parts
    from discovery_pipeline.store.parts import Health

    if sys.platform != "linux":
        return Examined("runner", "runs start in processes of their own; only Linux has a warm runner")
    up = parts.running(settings.root)
    if up is None:
        return Examined("runner", "not running; `discovery up` keeps one")
    if up.parts["runner"].health is Health.STARTING:
        return Examined("runner", "loads what runs need; until then they start in processes of their own")
    told = ask(settings.root, {})
    if "refused" in told:
        return Examined("runner", told["refused"], f"It starts again by itself. {_see(settings, 'runner')}")
    if told["threads"] != 1 or not told["dispatcher"]:
        found = f"{told['threads']} threads, dispatcher {'runs' if told['dispatcher'] else 'is away'}"
        return Examined("runner", found, _see(settings, "runner"))
    return Examined("runner", f"process {told['pid']}, dispatcher {told['dispatcher']}, {len(told['workers'])} runs")


def _see(settings: Any, part: str) -> str:
    if part == "postgres":
        return f"See {settings.root / 'postgres' / 'cluster' / 'log'}."
    return f"See {settings.root / 'logs' / f'{part}.log'}."
