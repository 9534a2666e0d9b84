"""Landing: what stands in a folder of the inbox becomes one flow, once.

Files that are there together when nothing in their folder changes any more belong together. They are fetched, the flow
is created, it stores them, its first run is requested; only then are they moved. The flow remembers which files it is
made of, so whoever is killed in between leaves a folder in which the next one sees how far it came.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import exists, func, select

from discovery_pipeline.engine.targets import Target
from discovery_pipeline.errors import InputRefused, TargetError
from discovery_pipeline.flow import contracts as flow_contracts
from discovery_pipeline.flow.events import EventType
from discovery_pipeline.flow.state import Flow
from discovery_pipeline.flow.tenant import Tenant
from discovery_pipeline.store import contracts, requests, rows
from discovery_pipeline.store.events.outbox import Cursor
from discovery_pipeline.store.files.artifacts import UPLOADS
from discovery_pipeline.store.files.inbox import Arrival, Arrived, Inbox, Place
from discovery_pipeline.store.people import accounts
from discovery_pipeline.store.schema.flows import discovery_flows
from discovery_pipeline.store.schema.work import data_imports, run_requests

if TYPE_CHECKING:
    from discovery_pipeline.store.blocking import Store

BY = "upload_sensor"
"""In whose name flows are made from files that arrive."""
LANDING = "landing"
"""What a flow's metadata keep the folder and the files under."""


@dataclass(frozen=True, slots=True)
class Landed:
    """What became of one folder's files."""

    flow: Flow | None  # None: no file was of any use
    accepted: int
    rejected: int


def take(store: Store, inbox: Inbox, arrival: Arrival, scratch: Path) -> Landed | None:
    """Make a flow of the folder's files, or go on where somebody was killed; None where it isn't the time for it.

    It isn't while another process takes the folder, and where a file changes while it is fetched: into `scratch`, a
    folder of the caller's, who removes what is in it even if this process is killed.
    """
    with _alone(store, f"{inbox.url}/{arrival.folder}") as alone:
        if not alone:
            return None
        now = inbox.arrival(arrival.folder)  # behind the lock: somebody may have taken the files since
        if now is None or now.stamp != arrival.stamp:
            return None
        begun = _begun(store, now)
        if begun is not None:
            return _finish(store, inbox, now, begun, scratch)
        return _begin(store, inbox, now, scratch)


def return_refused(store: Store, inbox: Inbox, cursor: Cursor, limit: int = 200) -> Cursor:
    """Move files that a flow accepted and couldn't read to the rejected ones, with the reason; how far that came."""
    for posted in store.events_after(cursor, types=frozenset({EventType.IMPORT_REJECTED}), limit=limit):
        flow = store.flow(None, posted.event.flow_id)
        landing = flow.metadata.get(LANDING)
        if landing:
            name = store.wait_for(_filename(store, flow, int(posted.event.data["import_id"])))
            inbox.take_back(landing["folder"], flow.slug, name, str(posted.event.data.get("reason") or "unreadable"))
        cursor = posted.cursor
    return cursor


def _begin(store: Store, inbox: Inbox, arrival: Arrival, scratch: Path) -> Landed | None:
    place = arrival.place
    if isinstance(place, str):
        return _refused(inbox, arrival, dict.fromkeys(arrival.files, place))
    try:
        wanted = store.wait_for(_wanted(store, place))
    except TargetError as unknown:
        return _refused(inbox, arrival, dict.fromkeys(arrival.files, str(unknown)))
    with _fetched(inbox, arrival, arrival.files, scratch) as (folder, whole):
        if not whole:
            return None
        bad = {file: reason for file in arrival.files if (reason := _fault(file, folder / file.name))}
        good = [file for file in arrival.files if file not in bad]
        if not good:
            return _refused(inbox, arrival, bad)
        flow = store.wait_for(_created(store, place, wanted, arrival, good))
        _store(store, flow, folder, good)
    store.wait_for(_requested(store, flow))
    _refused(inbox, arrival, bad)
    return _moved(inbox, arrival, flow, good, len(bad))


def _finish(store: Store, inbox: Inbox, arrival: Arrival, flow: Flow, scratch: Path) -> Landed | None:
    """Go on with a flow whose files were not all moved."""
    mine = _of_flow(arrival, flow)
    if store.artifacts.digest(flow, UPLOADS) is None:
        with _fetched(inbox, arrival, mine, scratch) as (folder, whole):
            if not whole:
                return None
            _store(store, flow, folder, mine)
    store.wait_for(_requested(store, flow))
    return _moved(inbox, arrival, flow, mine, 0)


def _moved(inbox: Inbox, arrival: Arrival, flow: Flow, files: Sequence[Arrived], rejected: int) -> Landed:
    for file in files:
        inbox.accept(arrival, file, flow.slug)
    return Landed(flow, len(files), rejected)


def _refused(inbox: Inbox, arrival: Arrival, bad: Mapping[Arrived, str]) -> Landed:
    for file, reason in bad.items():
        inbox.reject(arrival, file, reason)
    return Landed(None, 0, len(bad))


def _fault(file: Arrived, path: Path) -> str | None:
    """Why a file is of no use, as far as its first bytes tell; intake looks at the rest."""
    from discovery_pipeline.engine.intake.kinds import kind_of

    if file.odd:
        return file.odd
    try:
        kind_of(path)
    except InputRefused as refused:
        return f"{refused.reason} {refused.action}".strip()
    return None


@contextmanager
def _fetched(inbox: Inbox, arrival: Arrival, files: Sequence[Arrived], scratch: Path) -> Iterator[tuple[Path, bool]]:
    """A folder with copies of the files, and whether they all stayed as they were listed."""
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="landing-", dir=scratch) as name:
        folder = Path(name)
        yield folder, all(file.odd or inbox.fetch(arrival, file, folder / file.name) for file in files)


def _store(store: Store, flow: Flow, folder: Path, files: Sequence[Arrived]) -> None:
    with store.artifacts.writing(flow, UPLOADS) as into:
        for file in files:
            shutil.move(folder / file.name, into / file.name)


async def _wanted(store: Store, place: Place) -> tuple[Target, ...]:
    """The targets that the folder names; those that the engagement wrote are among them."""
    async with store.flows.sessions.operating() as session:
        tenant = await accounts.find_engagement(session, place.client, place.engagement)
    own = await contracts.kept(store.flows, tenant.acting(BY)) if tenant else []
    return flow_contracts.named(place.target.replace("+", ","), (each.target for each in own))


async def _created(
    store: Store, place: Place, wanted: Sequence[Target], arrival: Arrival, files: Sequence[Arrived]
) -> Flow:
    async with store.flows.sessions.operating() as session:
        tenant = await accounts.create_engagement(session, place.client, place.engagement)
    remembered = {"folder": arrival.folder, "files": {file.name: file.stamp for file in files}}
    metadata = {LANDING: remembered, **flow_contracts.kept(wanted)}
    names = [target.name for target in wanted]
    name = f"{place.source} to {', '.join(names)}"
    return await store.flows.create(tenant.acting(BY), name, place.source, ",".join(names), metadata)


async def _requested(store: Store, flow: Flow) -> None:
    """Ask for the flow's first run, unless that was done."""
    async with store.flows.changing(flow.tenant.acting(BY)) as states:
        await rows.find(states.session, flow.id, lock=True)
        if not await states.session.scalar(select(exists().where(run_requests.c.flow_id == flow.id))):
            await requests.request(states, flow, "discover", "files arrived")


def _begun(store: Store, arrival: Arrival) -> Flow | None:
    """The flow that was made of files which still stand in the folder as they were."""
    newest = store.wait_for(_newest(store, arrival.folder))
    return newest if newest and _of_flow(arrival, newest) else None


def _of_flow(arrival: Arrival, flow: Flow) -> list[Arrived]:
    remembered = flow.metadata[LANDING]["files"]
    return [file for file in arrival.files if remembered.get(file.name) == file.stamp]


async def _newest(store: Store, folder: str) -> Flow | None:
    """The last flow that was made of files in the folder."""
    wanted = (
        select(discovery_flows)
        .where(discovery_flows.c.flow_metadata.contains({LANDING: {"folder": folder}}))
        .order_by(discovery_flows.c.created_at.desc())
        .limit(1)
    )
    async with store.flows.sessions.orchestrating() as session:
        found = await rows.find_all(session, wanted)
    return found[0] if found else None


async def _filename(store: Store, flow: Flow, import_id: int) -> str:
    tenant = Tenant(flow.client_account_id, flow.engagement_id, BY)
    async with store.flows.sessions.transaction(tenant) as session:
        wanted = select(data_imports.c.filename).where(data_imports.c.id == import_id)
        return (await session.execute(wanted)).scalar_one()


@contextmanager
def _alone(store: Store, what: str) -> Iterator[bool]:
    """Whether nobody else takes the folder while the block lasts."""
    held = store.flows.sessions.holding()
    session = store.wait_for(held.__aenter__())
    key = func.hashtextextended(what, 0)
    try:
        yield bool(store.wait_for(session.scalar(select(func.pg_try_advisory_lock(key)))))
    finally:
        store.wait_for(session.execute(select(func.pg_advisory_unlock_all())))
        store.wait_for(held.__aexit__(None, None, None))
