"""Following events: as they come, in order, each one, through whatever happens to connections and server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from discovery_pipeline.flow.events import EventType
from discovery_pipeline.flow.state import Flow, Phase
from discovery_pipeline.flow.tenant import Tenant
from discovery_pipeline.store.blocking import Store, open_store
from discovery_pipeline.store.events import follow, outbox
from discovery_pipeline.store.events.bell import Bell
from discovery_pipeline.store.events.follow import Wanted
from discovery_pipeline.store.events.outbox import Cursor, Posted
from discovery_pipeline.store.flows import Flows
from discovery_pipeline.store.people import accounts
from discovery_pipeline.store.postgres import session
from discovery_pipeline.store.postgres.databases import Databases, Role
from discovery_pipeline.store.postgres.session import Sessions

LISTENERS = "select pid from pg_stat_activity where query like 'listen%%' and datname = %s"


@dataclass
class House:
    """What a process of pages holds: flows, a bell, and readers."""

    databases: Databases
    flows: Flows
    bell: Bell

    def reader(self, wanted: Wanted, cursor: Cursor | None = None) -> AsyncGenerator[Posted, None]:
        return follow.follow(self.flows.sessions, self.bell, wanted, cursor)

    def listening(self, then: str = "") -> int:
        """How many connections listen; with `then`, that is done to each."""
        with psycopg.connect(self.databases.dsn(), autocommit=True) as operator:
            pids = operator.execute(LISTENERS, [self.databases.discovery]).fetchall()
            for pid in pids if then else ():
                operator.execute(f"select {then}(%s)", pid)
            return len(pids)

    async def new(self, tenant: Tenant | None = None) -> Flow:
        return await self.flows.create(tenant or await self.flows.default_tenant(), "estate", "servicenow", "aws")


@asynccontextmanager
async def opened(store: Store) -> AsyncIterator[House]:
    flows = Flows(Sessions(store.databases))
    async with Bell(store.databases) as bell:
        await bell.listening()
        yield House(store.databases, flows, bell)
    await flows.sessions.close()


@pytest.fixture
async def house(store: Store, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    """With readers that look by themselves only once an hour, so that it is the bell which wakes them."""
    monkeypatch.setattr(follow, "LOOK_SECONDS", 3600.0)
    async with opened(store) as house:
        yield house


async def read(reader: AsyncIterator[Posted], count: int) -> list[Posted]:
    async with asyncio.timeout(60):
        return [await anext(reader) for _ in range(count)]


def types(posted: list[Posted]) -> list[str]:
    return [each.event.type.value for each in posted]


async def test_a_reader_gets_what_was_told_and_then_what_is_told(house: House):
    flow = await house.new()
    async with aclosing(house.reader(Wanted(flow.tenant, flow.id))) as reader:
        assert types(await read(reader, 3)) == ["flow.created", "flow.phase.completed", "flow.state.updated"]
        coming = asyncio.create_task(read(reader, 2))
        await asyncio.sleep(0)
        await house.flows.update(flow.tenant, flow.id, {"note": 1})
        await house.flows.update(flow.tenant, flow.id, {"note": 2})
        told = await coming
    assert [each.event.data["new_state"]["note"] for each in told] == [1, 2]


async def test_readers_go_home_when_the_bell_ends(house: House):
    flow = await house.new()
    async with aclosing(house.reader(Wanted(flow.tenant, flow.id))) as reader:
        await read(reader, 3)
        waiting = asyncio.create_task(anext(reader, None))
        await asyncio.sleep(0)
        house.bell.end()
        async with asyncio.timeout(60):
            assert await waiting is None


@pytest.mark.parametrize("of_one", [True, False])
async def test_a_reader_goes_on_from_its_cursor(house: House, of_one: bool):
    flow = await house.new()
    wanted = Wanted(flow.tenant, flow.id if of_one else None)
    async with aclosing(house.reader(wanted)) as reader:
        whole = await read(reader, 3)
    async with aclosing(house.reader(wanted, Cursor.parse(str(whole[0].cursor)))) as reader:
        assert await read(reader, 2) == whole[1:]


async def test_a_reader_of_what_is_to_come_misses_nothing_and_hears_nothing_old(house: House):
    flow = await house.new()
    for wanted in (Wanted(flow.tenant, flow.id), Wanted(flow.tenant), Wanted()):
        now = await follow.newest(house.flows.sessions, wanted)
        await house.flows.update(flow.tenant, flow.id, {"note": str(wanted)})
        async with aclosing(house.reader(wanted, now)) as reader:
            (told,) = await read(reader, 1)
        assert told.event.data["new_state"]["note"] == str(wanted)


async def test_a_flow_is_read_though_a_strangers_transaction_is_open(house: House):
    flow, other = await house.new(), await house.new()
    with psycopg.connect(house.databases.dsn(Role.OWNER)) as stranger:
        stranger.execute("update discovery_flows set name = 'held' where id = %s", [other.id])
        changed = await house.flows.update(flow.tenant, flow.id, {"note": 1})
        async with aclosing(house.reader(Wanted(flow.tenant, flow.id))) as reader:
            assert (await read(reader, 4))[-1].event.data["new_state"] == changed.state_data
        async with aclosing(house.reader(Wanted(flow.tenant), Cursor())) as reader:
            of_all = asyncio.create_task(read(reader, 7))
            await asyncio.sleep(3 * follow.HELD_SECONDS)
            assert not of_all.done()  # what the stranger tells may still have to come first
            stranger.commit()
            assert len(await of_all) == 7


async def test_what_is_no_longer_held_back_when_a_reader_asks_is_read(house: House, monkeypatch: pytest.MonkeyPatch):
    flow, other = await house.new(), await house.new()
    held = outbox.held
    with psycopg.connect(house.databases.dsn(Role.OWNER)) as stranger:
        stranger.execute("update discovery_flows set name = 'held' where id = %s", [other.id])
        await house.flows.update(flow.tenant, flow.id, {"note": 1})

        async def ended_meanwhile(*asked: Any) -> bool:
            stranger.commit()
            return await held(*asked)

        monkeypatch.setattr(outbox, "held", ended_meanwhile)
        dumb = Bell(house.databases)
        async with aclosing(follow.follow(house.flows.sessions, dumb, Wanted(flow.tenant))) as reader:
            assert len(await read(reader, 7)) == 7


async def test_a_reader_sees_its_own_tenant_only_and_the_orchestrator_all(house: House):
    mine = await house.new()
    async with house.flows.sessions.operating() as session:
        theirs = await accounts.create_engagement(session, "Rival", "Rival's move")
    foreign = await house.new(theirs)
    async with aclosing(house.reader(Wanted(theirs))) as reader:
        assert {each.event.flow_id for each in await read(reader, 3)} == {foreign.id}
    async with aclosing(house.reader(Wanted())) as reader:
        assert {each.event.flow_id for each in await read(reader, 6)} == {mine.id, foreign.id}
    async with house.flows.sessions.transaction(theirs) as session:
        assert (await outbox.page(session, Cursor(), flow=mine.id)).posted == []


async def test_only_wanted_types_come_and_the_others_are_passed_once(house: House):
    flow = await house.new()
    reader = house.reader(Wanted(types=frozenset({EventType.PHASE_STARTED})))
    coming = asyncio.create_task(read(reader, 1))
    await asyncio.sleep(0.2)
    await house.flows.update(flow.tenant, flow.id, {"note": 1})
    assert not coming.done()
    async with house.flows.changing(flow.tenant) as states:
        from discovery_pipeline.flow.commands import StartPhase

        await states.update_state(flow.id, StartPhase(Phase.DATA_IMPORT))
    assert types(await coming) == ["flow.phase.started"]


async def test_a_hundred_readers_share_one_listening_connection(house: House):
    flow = await house.new()
    readers = [house.reader(Wanted(flow.tenant, flow.id)) for _ in range(100)]
    told = await asyncio.gather(*(read(reader, 3) for reader in readers))
    assert all(each == told[0] for each in told)
    assert house.listening() == 1


async def test_a_cut_bell_rings_again(house: House):
    flow = await house.new()
    async with aclosing(house.reader(Wanted(flow.tenant, flow.id))) as reader:
        await read(reader, 3)
        assert house.listening(then="pg_terminate_backend") == 1
        coming = asyncio.create_task(read(reader, 1))
        await asyncio.sleep(0.05)
        await house.flows.update(flow.tenant, flow.id, {"note": 1})
        (told,) = await coming
    assert told.event.data["new_state"]["note"] == 1


async def test_without_a_bell_a_reader_looks_by_itself(house: House, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(follow, "LOOK_SECONDS", 0.2)
    flow, dumb = await house.new(), Bell(house.databases)
    wanted = Wanted(flow.tenant, flow.id)
    async with aclosing(follow.follow(house.flows.sessions, dumb, wanted)) as reader:
        await read(reader, 3)
        coming = asyncio.create_task(read(reader, 1))
        await house.flows.update(flow.tenant, flow.id, {"note": 1})
        assert types(await coming) == ["flow.state.updated"]


async def test_a_bell_rings_for_whoever_follows_that_flow(house: House):
    flow, other = await house.new(), await house.new()
    while flow.id.hex[:3] == other.id.hex[:3]:
        other = await house.new()
    async with Bell(house.databases) as bell:  # one that hasn't heard of the flows' creation
        await bell.listening()
        with bell.heard(flow.id) as mine, bell.heard(other.id) as theirs, bell.heard() as any_flow:
            await house.flows.update(flow.tenant, flow.id, {"note": 1})
            await asyncio.wait_for(mine.wait(), 60)
            assert any_flow.is_set()
            assert not theirs.is_set()


async def test_readers_outlive_a_restart_of_the_server(home, monkeypatch: pytest.MonkeyPatch):
    from discovery_pipeline.settings import Settings

    monkeypatch.setattr(session, "PAUSES", (0.01,))  # whoever asks meanwhile hears that the server is away
    monkeypatch.setattr(Databases, "revive", lambda _: False)  # and nobody starts it
    monkeypatch.setattr(follow, "LOOK_SECONDS", 0.05)
    with open_store(Settings(home=home)) as store:
        embedded = store.databases.embedded_server
        assert embedded is not None
        async with opened(store) as house:
            flow = await house.new()
            async with aclosing(house.reader(Wanted(flow.tenant))) as reader:
                before = await read(reader, 3)
                coming = asyncio.create_task(read(reader, 1))
                await asyncio.to_thread(embedded.stop)
                await asyncio.sleep(0.5)
                assert not coming.done()
                await asyncio.to_thread(embedded.start)
                await house.flows.update(flow.tenant, flow.id, {"note": 1})
                (told,) = await coming
    assert told.cursor > before[-1].cursor
    assert told.event.data["new_state"]["note"] == 1


@pytest.mark.parametrize("said", ["x", "1", "1:2:3", "-1:2", "1:99999999999999999999", "٣:٤", ":"])
def test_what_is_no_cursor_is_refused(said: str):
    with pytest.raises(ValueError, match="is no cursor"):
        Cursor.parse(said)


@pytest.mark.parametrize("cursor", [Cursor(), Cursor(7, 9)])
def test_a_cursor_is_its_text(cursor: Cursor):
    assert Cursor.parse(str(cursor)) == cursor
