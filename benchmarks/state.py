"""A hundred thousand flows with a million events: how long it takes to read, list, search, follow and change.

Usage: python -m benchmarks.state [--flows 100000] [--repeat 60]

Five tenants, one with six flows of ten. Everything goes through the doors that the API uses, as the application under
row security, connection and transaction included; beside each stand the indexes that PostgreSQL went by, and the tables
that it had to read whole. The promise is a median of 20 ms for a status and for a list.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from discovery_pipeline.flow.state import Flow, FlowStatus
from discovery_pipeline.flow.tenant import ClientAccountId, EngagementId, Tenant
from discovery_pipeline.settings import Settings
from discovery_pipeline.store import listing, rows
from discovery_pipeline.store.events import outbox
from discovery_pipeline.store.events.outbox import Cursor
from discovery_pipeline.store.flows import Flows
from discovery_pipeline.store.listing import Listed, Place
from discovery_pipeline.store.postgres.connection import connected, prepare
from discovery_pipeline.store.postgres.databases import Databases
from discovery_pipeline.store.postgres.session import Sessions
from discovery_pipeline.store.recovery import StateRecovery

PROMISED_MS = 20
EVENTS_EACH = 10
SHARES = (0.6, 0.2, 0.1, 0.08, 0.02)
"""Of all flows, each tenant's."""

FILL = """
set session_replication_role = replica;  -- no triggers: a million rows are to be written at once
insert into client_accounts (id, name) select n, 'client ' || n from generate_series(101, 105) as n;
insert into engagements (id, client_account_id, name) select n, n, 'move' from generate_series(101, 105) as n;
create temporary table made as
select
    n,
    gen_random_uuid() as id,
    101 + case when n % 100 < 60 then 0 when n % 100 < 80 then 1 when n % 100 < 90 then 2
        when n % 100 < 98 then 3 else 4 end as tenant,
    (array['completed', 'completed', 'completed', 'active', 'waiting_for_review', 'failed', 'cancelled'])
        [1 + abs(hashint4(n)) % 7] as status,
    now() - make_interval(secs => n * 600.0) as at
from generate_series(1, {flows}) as n;
update made set status = 'initializing' where n % 997 = 0;
insert into discovery_flows (
    id, client_account_id, engagement_id, name, slug, source_system, target_system, status, current_phase, state_data,
    created_by, created_at, updated_at, version
)
select
    id, tenant, tenant, concat_ws(' ', 'Estate', 'Q' || n % 4 + 1, 'site' || n % 1000, 'batch' || n),
    'estate-' || n, 'servicenow', 'aws', status, 'validation',
    jsonb_build_object('status', status, 'current_phase', 'validation', 'phases', '{{}}'::jsonb), 'ana', at, at, 3
from made;
insert into flow_phases (client_account_id, engagement_id, discovery_flow_id, name, status, started_at, completed_at)
select tenant, tenant, id, phase, 'completed', at, at
from made
cross join unnest(array['initialization', 'data_import', 'field_mapping', 'cleansing', 'validation']) as phase;
insert into flow_state_audits (client_account_id, engagement_id, flow_id, new_state, changed_by, changed_at, reason)
select tenant, tenant, id, '{{}}', 'ana', at, 'made' from made cross join generate_series(1, 3);
insert into flow_events (
    client_account_id, engagement_id, flow_id, event_type, event_data, created_by, created_at, position
)
select
    tenant, tenant, id, (array['flow.state.updated', 'profile.completed', 'flow.phase.started'])[1 + e % 3],
    jsonb_build_object('n', e), 'ana', at, 1 + ({flows} - n) * 100 / {flows}
from made
cross join generate_series(1, {events}) as e
order by n desc, e;
set session_replication_role = origin;
analyze;
"""
SCANS = """
select relname, pg_stat_get_xact_numscans(oid) from pg_class
where relnamespace = 'public'::regnamespace and relkind in ('r', 'i') and pg_relation_size(oid) > 65536
"""
ARCHIVE = """
select archive_flows(
    array(select id from discovery_flows where status = 'completed' order by updated_at limit 500), 'bench', 'measured'
)
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """One way of asking: median and worst milliseconds, and what PostgreSQL went by."""

    what: str
    median: float
    worst: float
    used: tuple[str, ...] = ()

    def line(self) -> str:
        """For the table."""
        return f"{self.what:<44}{self.median:>9.1f}{self.worst:>9.1f}  {', '.join(self.used)}"


Ask = Callable[[AsyncConnection], Awaitable[object]]


def fill(databases: Databases, flows: int) -> None:
    """Make tenants 101 to 105 with so many flows."""
    with psycopg.connect(databases.dsn(database="discovery"), autocommit=True) as operator:
        operator.execute(FILL.format(flows=flows, events=EVENTS_EACH).encode())


def tenant(place: int) -> Tenant:
    """The tenant of that place, the largest first."""
    return Tenant(ClientAccountId(101 + place), EngagementId(101 + place), "ana")


def questions(chance: random.Random, known: list[Flow], last: Cursor) -> dict[str, Ask]:
    """What is asked of the largest tenant, each time for another flow, page or word."""

    def page(**wanted) -> Ask:
        return lambda session: listing.of_tenant(session, Listed(**{"limit": 50, **wanted}))

    def of_any(ask: Callable[[AsyncConnection, Flow], Awaitable[object]]) -> Ask:
        return lambda session: ask(session, chance.choice(known))

    async def nothing(_: AsyncConnection) -> None:
        """What the door itself costs."""

    return {
        "nothing: a transaction alone": nothing,
        "status, by id": of_any(lambda session, flow: rows.find(session, flow.id)),
        "status, by slug": of_any(lambda session, flow: rows.find(session, flow.slug)),
        "list, first page of 50": page(),
        "list, a page far on": of_any(
            lambda s, flow: listing.of_tenant(s, Listed(before=Place.of(flow), limit=50))
        ),
        "list, one status": page(status=FlowStatus.WAITING_FOR_REVIEW),
        "list, a rare status": page(status=FlowStatus.INITIALIZING),
        "list, a status that no flow has": page(status=FlowStatus.ARCHIVED),
        "search, a word of every flow": page(search="estate"),
        "search, a word of one in a thousand": page(search="site77"),
        "search, a word of one": of_any(
            lambda s, flow: listing.of_tenant(s, Listed(search=flow.name.split()[-1], limit=50))
        ),
        "search, how a word begins": page(search="site12 q1"),
        "search, no such word": page(search="nowhere"),
        "search, common words in one status": page(search="q2", status=FlowStatus.INITIALIZING),
        "events of a flow": of_any(lambda session, flow: outbox.page(session, Cursor(), flow=flow.id)),
        "events of the tenant, newest": lambda session: outbox.page(session, last),
    }  # fmt: skip


async def asked(sessions: Sessions, what: str, ask: Ask, repeat: int, of: Tenant) -> Measured:
    """Ask so many times, each in a transaction of its own."""

    async def once() -> None:
        async with sessions.transaction(of) as session:
            await ask(session)

    async with sessions.transaction(of) as session:
        used = await went_by(session, ask)
    return replace(await timed(what, once, repeat), used=used)


async def went_by(session: AsyncConnection, ask: Ask) -> tuple[str, ...]:
    """The indexes that the question was answered from, and the tables that were read whole; small ones aside."""
    before = {name: scans for name, scans in await session.execute(text(SCANS))}
    await ask(session)
    after = (await session.execute(text(SCANS))).all()
    return tuple(sorted(name for name, scans in after if scans > before[name]))


async def timed(what: str, act: Callable[[], Awaitable[object]], repeat: int) -> Measured:
    """Do so many times something that has its transactions itself."""
    took = []
    for _ in range(repeat):
        began = time.perf_counter()
        await act()
        took.append(1000 * (time.perf_counter() - began))
    return Measured(what, statistics.median(took), max(took[1:]))


async def archive(sessions: Sessions) -> None:
    """As maintenance does: the oldest completed ones, in one statement."""
    async with sessions.operating() as session:
        await session.execute(text(ARCHIVE))


async def measured(databases: Databases, repeat: int) -> list[Measured]:
    """All of it, against the largest tenant."""
    sessions = Sessions(databases)
    flows, chance = Flows(sessions), random.Random(3)
    known = chance.sample(await flows.list(tenant(0), limit=10_000), 200)
    last = Cursor(100, 0)
    asking = questions(chance, known, last)
    found = [await asked(sessions, what, ask, repeat, tenant(0)) for what, ask in asking.items()]
    for what in ("list, first page of 50", "search, how a word begins"):
        found.append(await asked(sessions, f"{what}, smallest tenant", asking[what], repeat, tenant(len(SHARES) - 1)))
    recovery = StateRecovery(flows)
    new = [await flows.create(tenant(0), "new", "servicenow", "aws") for _ in range(5)]

    def change() -> Awaitable[object]:
        return flows.update(tenant(0), chance.choice(new).id, {"n": chance.random()})

    acts: dict[str, Callable[[], Awaitable[object]]] = {
        "list of all tenants, first page of 50": lambda: flows.list(None, limit=50),
        "search in all tenants": lambda: flows.list(None, search="site77 q1", limit=50),
        "events of all tenants, newest": lambda: flows.events_after(last),
        "a flow is created": lambda: flows.create(tenant(0), "new", "servicenow", "aws"),
        "a flow is changed": change,
        "a flow is checked": lambda: recovery.check(chance.choice(new).id),
    }
    found += [await timed(what, act, repeat) for what, act in acts.items()]
    found.append(await timed("500 flows are archived", lambda: archive(sessions), 4))
    await sessions.close()
    return found


def table(found: list[Measured]) -> list[str]:
    """For a person, and how the promise was kept."""
    promised = [each for each in found if each.what.startswith(("status", "list"))]
    slow = [each.what for each in promised if each.median > PROMISED_MS]
    return [
        f"{'':<44}{'median ms':>9}{'worst':>9}  by",
        *(each.line() for each in found),
        f"status and list under {PROMISED_MS} ms (median): {'not ' + ', '.join(slow) if slow else 'all'}",
        f"(load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores)",
    ]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flows", type=int, default=100_000)
    parser.add_argument("--repeat", type=int, default=60)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home, connected(Settings(home=Path(home))) as databases:
        prepare(databases)
        fill(databases, options.flows)
        print(f"{options.flows:,} flows, {EVENTS_EACH * options.flows:,} events")
        print("\n".join(table(asyncio.run(measured(databases, options.repeat)))))


if __name__ == "__main__":
    main()
