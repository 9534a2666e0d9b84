"""`discovery flows`: which there are, how one stands, and whether all is well with them."""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Annotated, Any

import typer

from discovery_pipeline.cli.profile import PIPED
from discovery_pipeline.engine.phrases import counted
from discovery_pipeline.errors import FlowNotFoundError
from discovery_pipeline.flow.state import Flow

if TYPE_CHECKING:
    from rich.table import Table

    from discovery_pipeline.store.blocking import Store
    from discovery_pipeline.store.history import Archived

flows = typer.Typer(no_args_is_help=True, help="List flows, look at one, and repair what is broken.")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@flows.command("list")
def list_flows(
    status: Annotated[str | None, typer.Option(help="Only flows of this status, e.g. waiting_for_review.")] = None,
    search: Annotated[
        str | None, typer.Option(help="Only flows with these words, or words that begin so, in the name.")
    ] = None,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1)] = 1000,
    as_json: AsJson = False,
) -> None:
    """List the flows of every tenant, newest first."""
    from discovery_pipeline import settings
    from discovery_pipeline.flow.state import FlowStatus
    from discovery_pipeline.store.blocking import open_store

    if status is not None and status not in set(FlowStatus):
        raise typer.BadParameter(f"{status} is no status; there are {', '.join(FlowStatus)}", param_hint="--status")
    with open_store(settings.read()) as store:
        wanted = FlowStatus(status) if status else None
        found = store.wait_for(store.flows.list(None, status=wanted, search=search, limit=limit))
    if as_json:
        print(json.dumps([_as_json(flow) for flow in found], ensure_ascii=False, indent=2))
        return
    from rich.console import Console

    console = Console(width=shutil.get_terminal_size((PIPED, 0)).columns)
    nothing = (
        "No flow is like that." if status or search else "There are no flows yet. `discovery run FILE…` makes one."
    )
    console.print(_table(found, console.width) if found else nothing)


def _table(found: Sequence[Flow], width: int) -> Table:
    """As many columns as a line of that width has room for, each whole: what stands there is there to be copied."""
    from rich.cells import cell_len
    from rich.table import Table
    from rich.text import Text

    columns = {
        "status": [flow.status for flow in found],
        "flow": [flow.slug for flow in found],
        "changed": [f"{flow.updated_at:%Y-%m-%d %H:%M}" for flow in found],
        "phase": [flow.current_phase for flow in found],
        "source": [flow.source_system for flow in found],
        "target": [flow.target_system for flow in found],
        "name": [flow.name for flow in found],
    }
    widths = {head: 3 + max(map(cell_len, (head, *cells))) for head, cells in columns.items()}  # with a line beside it
    fit = sum(taken < width for taken in itertools.accumulate(widths.values()))
    heads = list(columns)[: max(fit, 2)]
    shown = Table(*heads)
    for row in zip(*(columns[head] for head in heads), strict=True):
        shown.add_row(*(Text(cell, overflow="fold") for cell in row))
    return shown


@flows.command()
def show(flow: Annotated[str, typer.Argument(help="Slug or id.", metavar="FLOW")], as_json: AsJson = False) -> None:
    """Show one flow, phase by phase; an archived one as it was."""
    from discovery_pipeline import settings
    from discovery_pipeline.store.blocking import open_store

    with open_store(settings.read()) as store:
        found = _found(store, flow)
    if not isinstance(found, Flow):
        archived = {"archived_at": found.archived_at, "archived_by": found.archived_by, "archived_reason": found.reason}
        if as_json:
            print(json.dumps(found.flow | archived, ensure_ascii=False, indent=2, default=str))
            return
        print(f"{found.name} ({found.slug}): {found.status}; archived on {found.archived_at:%Y-%m-%d %H:%M} by "
              f"{found.archived_by}: {found.reason}")  # fmt: skip
        return
    if as_json:
        print(json.dumps(_as_json(found) | {"phases": _phases(found)}, ensure_ascii=False, indent=2))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(emoji=False)
    console.print(Text(f"{found.name} ({found.slug}): {found.status.value}, version {found.version}"))
    shown = Table("phase", "status", "started", "completed", "result")
    for name, phase in _phases(found).items():
        result = json.dumps(phase["result_data"], ensure_ascii=False) if phase["result_data"] else ""
        times = [(phase[at] or "")[:19].replace("T", " ") for at in ("started_at", "completed_at")]
        shown.add_row(*(Text(cell) for cell in (name, phase["status"], *times, result)))
    console.print(shown)


@flows.command()
def events(
    flow: Annotated[str, typer.Argument(help="Slug or id.", metavar="FLOW")],
    follow: Annotated[bool, typer.Option("--follow", help="Go on with each new event, until Ctrl-C.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, one event a line.")] = False,
) -> None:
    """Show what happened to one flow, in order, and by whom; also to an archived one."""
    from discovery_pipeline import settings
    from discovery_pipeline.store.blocking import open_store

    with open_store(settings.read()) as store:
        found = _found(store, flow)
        if not isinstance(found, Flow):
            for event in found.events:
                _say(
                    event["event_type"], event["created_at"], event["created_by"], event["event_data"], as_json=as_json
                )
            return
        store.wait_for(_tell(store, found, follow=follow, as_json=as_json))


async def _tell(store: Store, flow: Flow, *, follow: bool, as_json: bool) -> None:
    """Print the flow's events, and go on with new ones where it is asked for."""
    from discovery_pipeline.store.events import follow as following
    from discovery_pipeline.store.events.bell import Bell

    wanted = following.Wanted(flow.tenant, flow.id)
    last = await following.newest(store.flows.sessions, wanted)
    async with Bell(store.databases) as bell, aclosing(following.follow(store.flows.sessions, bell, wanted)) as told:
        async for posted in told:
            event = posted.event
            _say(event.type.value, event.at.isoformat(), event.by, event.data, as_json=as_json)
            if not follow and posted.cursor.id >= last.id:
                return


def _say(kind: str, at: str, by: str, data: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        told = {"event_type": kind, "created_at": at, "created_by": by, "event_data": dict(data)}
        print(json.dumps(told, ensure_ascii=False), flush=True)
        return
    short = {key: value for key, value in data.items() if key not in {"previous_state", "new_state"} and value}
    more = json.dumps(short, ensure_ascii=False) if short else ""
    print(f"{at[:19].replace('T', ' ')}  {kind:<22} {by:<14} {more}".rstrip(), flush=True)


def _found(store: Store, ref: str) -> Flow | Archived:
    """The flow, or what the history has of it.

    Raises
    ------
    FlowNotFoundError
        It is in neither.
    """
    from discovery_pipeline.store import history

    async def archived() -> Archived | None:
        async with store.flows.sessions.orchestrating() as session:
            return await history.find(session, ref)

    try:
        return store.flow(None, ref)
    except FlowNotFoundError:
        gone = store.wait_for(archived())
        if gone is None:
            raise
        return gone


@flows.command()
def archive(
    names: Annotated[list[str], typer.Argument(help="Slugs or ids.", metavar="FLOW…")],
    reason: Annotated[str, typer.Option(help="Why; it is kept with them.")] = "archived",
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask, as in a script.")] = False,
) -> None:
    """Put flows away that are delivered, failed or cancelled: they leave every list, and can't be brought back.

    `discovery flows show` and `events` still tell of them. Their files stay until `discovery purge`.
    """
    from discovery_pipeline import settings
    from discovery_pipeline.store.blocking import open_store
    from discovery_pipeline.store.people.accounts import OPERATOR

    with open_store(settings.read()) as store:
        found = [store.flow(None, name) for name in names]
        if not yes:
            for flow in found:
                print(f"{flow.name} ({flow.slug}): {flow.status}")
            print("Archived, a flow leaves every list and Dagster, for everyone, and can't be brought back. `discovery "
                  "flows show` still tells of it, and its files stay until `discovery purge`.")  # fmt: skip
            typer.confirm("Archive it?" if len(found) == 1 else f"Archive these {len(found)}?", abort=True)
        for flow in found:
            print(f"{store.archive(flow.id, reason, by=OPERATOR).slug} is archived.")


@flows.command()
def recover(
    names: Annotated[list[str] | None, typer.Argument(help="Slugs or ids; default: all.", metavar="[FLOW…]")] = None,
    repair: Annotated[bool, typer.Option(help="Mend what is broken, from the flow's events.")] = False,
    as_json: AsJson = False,
) -> None:
    """Fail phases whose run died, and check that each flow's row, phases, audit and events tell one story.

    Exit code 0: all is well; 1: something is broken, and stayed so.
    """
    from discovery_pipeline import settings
    from discovery_pipeline.store.blocking import open_store

    with open_store(settings.read()) as store:
        swept = store.sweep()
        checked = _named(store, names) if names else _every(store)
        found = [
            {"flow_id": str(flow.id), "slug": flow.slug, "broken": _mended(store, flow, broken) if repair else broken}
            for flow, broken in checked
        ]
    broken = [flow for flow in found if flow["broken"]]
    if as_json:
        print(json.dumps(found, ensure_ascii=False, indent=2))
    else:
        for flow in swept:
            print(f"{flow.slug}: the run of {flow.current_phase.value} died; it can be started again")
        for flow in broken:
            for rule in flow["broken"]:
                print(f"{flow['slug']}: {rule}")
        print(f"{counted(len(found), 'flow')} checked, {len(broken)} broken.")
    raise typer.Exit(1 if broken else 0)


def _mended(store: Store, flow: Flow | Archived, broken: list[str]) -> list[str]:
    """What stays broken of the flow: the history is closed to everybody."""
    return store.repair(flow) if broken and isinstance(flow, Flow) else broken


def _named(store: Store, names: Iterable[str]) -> Iterable[tuple[Flow | Archived, list[str]]]:
    found = [_found(store, name) for name in names]
    return ((flow, store.check(flow.slug)) for flow in found)


def _every(store: Store) -> Iterable[tuple[Flow, list[str]]]:
    """Each flow with the rules that it breaks; at a terminal, with how far the check is."""
    from rich.console import Console
    from rich.progress import track

    flows = store.query("select count(*) from discovery_flows")[0][0]
    console = Console(stderr=True)
    return track(
        store.check_all(), "Checking flows", flows, console=console, transient=True, disable=not console.is_terminal
    )


def _as_json(flow: Flow) -> dict[str, Any]:
    return {
        "id": str(flow.id),
        "slug": flow.slug,
        "name": flow.name,
        "source_system": flow.source_system,
        "target_system": flow.target_system,
        "status": flow.status.value,
        "current_phase": flow.current_phase.value,
        "version": flow.version,
        "client_account_id": flow.client_account_id,
        "engagement_id": flow.engagement_id,
        "created_by": flow.created_by,
        "created_at": flow.created_at.isoformat(),
        "updated_at": flow.updated_at.isoformat(),
    }


def _phases(flow: Flow) -> dict[str, dict[str, Any]]:
    return {
        phase.value: {
            "status": state.status.value,
            "started_at": state.started_at.isoformat() if state.started_at else None,
            "completed_at": state.completed_at.isoformat() if state.completed_at else None,
            "result_data": dict(state.result),
        }
        for phase, state in flow.phases.items()
    }
