"""Lives: many flows go through theirs at once, on one pool of connections; afterwards each one's order is looked at."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby

from benchmarks.load.running import following, unread
from discovery_pipeline.errors import OperationTimeoutError
from discovery_pipeline.flow.commands import (
    AcceptImport,
    Command,
    CompletePhase,
    FailPhase,
    Keep,
    OfferMappings,
    StartPhase,
    SubmitMappings,
)
from discovery_pipeline.flow.state import Flow, FlowStatus, Phase
from discovery_pipeline.flow.tenant import Tenant
from discovery_pipeline.settings import Settings
from discovery_pipeline.store.blocking import Store, open_store
from discovery_pipeline.store.flows import Flows
from discovery_pipeline.store.postgres.session import Sessions

LIFE: Sequence[Command] = (
    StartPhase(Phase.DATA_IMPORT),
    FailPhase(Phase.DATA_IMPORT, {"error": "the file was moved"}),
    StartPhase(Phase.DATA_IMPORT),
    AcceptImport(1, 9),
    Keep({"note": "read"}),
    CompletePhase(Phase.DATA_IMPORT, {"rows": 9}),
    OfferMappings("aws", 3, 0),
    SubmitMappings({"aws": 3}, "agreed"),
    AcceptImport(2, 12),
    StartPhase(Phase.DATA_IMPORT),
    CompletePhase(Phase.DATA_IMPORT, {"rows": 21}),
    OfferMappings("aws", 4, 0),
    SubmitMappings({"aws": 4}, "agreed anew"),
    StartPhase(Phase.CLEANSING),
    CompletePhase(Phase.CLEANSING),
    Keep({"note": "clean"}),
    StartPhase(Phase.VALIDATION),
    CompletePhase(Phase.VALIDATION),
)
"""What is done to each flow after it was made; whoever does it is named by its number."""
EVENTS = "select flow_id::text, created_by from flow_events order by flow_id, id"
PLACES = "select position, id from flow_events order by position, id"


@dataclass(frozen=True, slots=True)
class Lived:
    """How much was done, and what was wrong with it."""

    flows: int
    steps: int
    events: int
    faults: list[str]


def run(settings: Settings, flows: int) -> Lived:
    """Let so many flows live at once on that home's database, and judge."""
    with open_store(settings) as store:
        with following(store) as read:
            lived = asyncio.run(_lives(store, flows))
            places = store.query(PLACES)
            wrong = unread(read, places)
        wrong += [f"{flow.slug}: ended {flow.status.value}" for flow in lived if flow.status != FlowStatus.COMPLETED]
        wrong += disordered("a reader met", ((str(each.event.flow_id), each.event.by) for each in read))
        wrong += disordered("the events are", store.query(EVENTS))
        wrong += [f"{flow.slug}: {rule}" for flow, broken in store.check_all() for rule in broken]
    return Lived(flows, flows * (1 + len(LIFE)), len(places), wrong)


async def _lives(store: Store, flows: int) -> list[Flow]:
    sessions, tenant = Sessions(store.databases), await asyncio.to_thread(store.default_tenant)
    try:
        doing = Flows(sessions)
        return await asyncio.gather(*(_live(doing, tenant, f"Life {n}") for n in range(flows)))
    finally:
        await sessions.close()


async def _live(flows: Flows, tenant: Tenant, name: str) -> Flow:
    flow = await _patiently(partial(flows.create, tenant.acting("0"), name, "servicenow", "aws"))
    for number, command in enumerate(LIFE, 1):
        flow = await _patiently(partial(flows.update, tenant.acting(str(number)), flow.id, command))
    return flow


async def _patiently(act: Callable[[], Awaitable[Flow]]) -> Flow:
    """Try again where no connection was free in time."""
    while True:
        try:
            return await act()
        except OperationTimeoutError:
            continue


def disordered(who: str, told: Iterable[tuple[str, str]]) -> list[str]:
    """Flows whose steps aren't all there, once and in order: `told` is of each flow, in order, by whom."""
    steps: dict[str, list[str]] = defaultdict(list)
    for flow, by in told:
        steps[flow].append(by)
    whole = [str(number) for number in range(1 + len(LIFE))]
    found = {flow: [by for by, _ in groupby(mine)] for flow, mine in steps.items()}
    return [f"{flow}: {who} {', '.join(by)}" for flow, by in found.items() if by != whole]
