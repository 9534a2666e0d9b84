"""Run requests: written with the decision, launched once, tried again."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from discovery_pipeline.flow.state import Flow, FlowStatus, Phase, PhaseStatus
from discovery_pipeline.store import requests
from discovery_pipeline.store.blocking import Store
from discovery_pipeline.store.postgres.query import ask
from discovery_pipeline.store.requests import RunRequest


def asked(store: Store, flow: Flow) -> RunRequest:
    """A request to discover the flow."""

    async def ask() -> RunRequest:
        async with store.flows.changing(flow.tenant) as states:
            return await requests.request(states, flow, "discover", "upload accepted")

    return store.wait_for(ask())


def launch(store: Store, request: RunRequest, launched: list[str], failing: str = "") -> None:
    """Claim the request and launch it, or fail to."""

    async def claim() -> None:
        async with requests.claiming(store.flows, request, "tester") as mine:
            if mine is None:
                return
            await asyncio.sleep(0.05)
            if failing:
                raise OSError(failing)
            launched.append(mine.run_id)

    store.wait_for(claim())


def waiting(store: Store) -> list[RunRequest]:
    """What nobody has launched."""
    return store.wait_for(requests.open_requests(store.flows))


@pytest.fixture
def flow(store: Store) -> Flow:
    """A new flow."""
    return store.create_flow(store.default_tenant().acting("tester"), "estate", "servicenow", "aws")


def test_a_request_is_there_until_it_is_launched(store: Store, flow: Flow) -> None:
    request = asked(store, flow)
    assert waiting(store) == [request]
    launched: list[str] = []
    launch(store, request, launched)
    assert launched == [request.run_id]
    assert waiting(store) == []
    assert store.check(flow) == []


def test_a_second_wish_is_the_first_until_that_is_launched(store: Store, flow: Flow) -> None:
    first = asked(store, flow)
    assert asked(store, flow).id == first.id
    launch(store, first, [])
    assert asked(store, flow).id != first.id


def test_of_many_claimers_one_launches(store: Store, flow: Flow) -> None:
    request = asked(store, flow)
    launched: list[str] = []

    async def claim(number: int) -> None:
        async with requests.claiming(store.flows, request, f"claimer {number}") as mine:
            if mine is not None:
                await asyncio.sleep(0.02)
                launched.append(mine.run_id)

    async def all_at_once() -> None:
        await asyncio.gather(*(claim(number) for number in range(12)))

    store.wait_for(all_at_once())
    assert launched == [request.run_id]


def test_what_is_asked_for_during_a_launch_is_launched_after_it(store: Store, flow: Flow) -> None:
    first = asked(store, flow)

    async def ask_anew() -> RunRequest:
        async with store.flows.changing(flow.tenant) as states:
            return await requests.request(states, flow, "discover", "another upload")

    async def ask_meanwhile() -> RunRequest:
        async with requests.claiming(store.flows, first, "tester"):
            asking = asyncio.create_task(ask_anew())
            await asyncio.wait([asking], timeout=0.3)
        return await asking

    second = store.wait_for(ask_meanwhile())
    assert second.id != first.id
    assert waiting(store) == [second]


def test_a_failed_launch_is_tried_again_and_given_up_in_the_end(store: Store, flow: Flow) -> None:
    request = asked(store, flow)
    for _ in range(requests.ATTEMPTS):
        assert waiting(store) == [request]
        with pytest.raises(OSError, match="no launcher"):
            launch(store, request, [], failing="no launcher")
    assert waiting(store) == []


def test_nobody_launches_what_was_not_committed(store: Store, flow: Flow) -> None:
    async def ask_in_vain() -> None:
        async with store.flows.changing(flow.tenant) as states:
            await requests.request(states, flow, "discover", "upload accepted")
            raise LookupError

    with pytest.raises(LookupError):
        store.wait_for(ask_in_vain())
    assert waiting(store) == []


def test_a_fallback_leaves_young_requests_to_the_runner(store: Store, flow: Flow) -> None:
    asked(store, flow)
    assert store.wait_for(requests.open_requests(store.flows, older_than=timedelta(minutes=1))) == []


def test_an_archived_flow_takes_its_requests_with_it(store: Store, flow: Flow) -> None:
    launch(store, asked(store, flow), [])
    moved = ask(store.databases, f"select archive_flows(array['{flow.id}']::uuid[], 'tester', 'done')")
    assert len(moved.rows) == 1
    kept = ask(store.databases, "select run_requests->0->>'status' from discovery_flows_history")
    assert kept.rows == [("launched",)]


def test_nothing_is_launched_for_a_cancelled_flow(store: Store, flow: Flow) -> None:
    request = asked(store, flow)
    store.cancel(flow, by="tester")
    launched: list[str] = []
    launch(store, request, launched)
    assert (launched, waiting(store)) == ([], [])


def test_a_connection_takes_any_number_of_requests(store: Store, flow: Flow) -> None:
    """From the sixth on, the driver has PostgreSQL prepare the statement."""
    assert len({asked(store, flow).id for _ in range(8)}) == 1


def test_an_import_ends_when_no_later_run_is_to_read_more(store: Store, flow: Flow) -> None:
    launched: list[str] = []
    launch(store, asked(store, flow), launched)
    launch(store, asked(store, flow), launched)  # more files came before the first run began
    early, late = launched
    store.start_phase(flow, Phase.DATA_IMPORT)
    waits = store.complete_phase(flow, Phase.DATA_IMPORT, {"run_id": early})
    assert (waits.current_phase, waits.phases[Phase.DATA_IMPORT].status) == (Phase.DATA_IMPORT, PhaseStatus.PENDING)
    store.start_phase(flow, Phase.DATA_IMPORT)
    asked(store, flow)  # and more while the second one works
    assert store.complete_phase(flow, Phase.DATA_IMPORT, {"run_id": late}).status is FlowStatus.ACTIVE
    launch(store, waiting(store)[0], launched)
    store.start_phase(flow, Phase.DATA_IMPORT)
    done = store.complete_phase(flow, Phase.DATA_IMPORT, {"run_id": launched[-1]})
    assert done.status is FlowStatus.WAITING_FOR_REVIEW
    assert store.check(flow) == []
