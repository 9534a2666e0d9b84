"""Lists of flows: page by page, newest first, by status and by words of the name."""

from __future__ import annotations

import pytest

from discovery_pipeline.flow.state import Flow, FlowStatus
from discovery_pipeline.flow.tenant import Tenant
from discovery_pipeline.store.blocking import Store
from discovery_pipeline.store.listing import Place
from discovery_pipeline.store.people import accounts
from discovery_pipeline.store.postgres.databases import Role


@pytest.fixture
def theirs(store: Store) -> Tenant:
    async def made() -> Tenant:
        async with store.flows.sessions.operating() as session:
            return await accounts.create_engagement(session, "Rival", "Rival's move")

    return store.wait_for(made())


def new(store: Store, name: str, tenant: Tenant | None = None) -> Flow:
    return store.create_flow(tenant or store.default_tenant(), name, "servicenow", "aws")


def listed(store: Store, tenant: Tenant | None, **wanted) -> list[str]:
    return [flow.name for flow in store.wait_for(store.flows.list(tenant, **wanted))]


@pytest.mark.parametrize("search", [None, "estate"])
@pytest.mark.parametrize("of_all", [True, False])
def test_pages_hold_each_flow_once_though_one_comes_and_one_goes(store: Store, search: str | None, of_all: bool):
    made = [new(store, f"estate {n}") for n in range(7)]
    tenant = None if of_all else store.default_tenant()
    seen, before = [], None
    while page := store.wait_for(store.flows.list(tenant, search=search, before=before, limit=2)):
        seen += page
        before = Place.parse(str(Place.of(page[-1])))
        if len(seen) == 2:
            new(store, "estate late")
            store.query(f"select archive_flows(array['{made[5].id}']::uuid[], 'ops', 'a page goes')")
    assert seen == list(reversed(made))


def test_flows_of_one_moment_are_all_listed(store: Store):
    made = [new(store, f"{n}") for n in range(5)]
    store.query("update discovery_flows set created_at = '2026-01-01Z' returning 1")
    tenant, seen, before = store.default_tenant(), [], None
    while page := store.wait_for(store.flows.list(tenant, before=before, limit=1)):
        seen.append(page[0].id)
        before = Place.of(page[0])
    assert seen == sorted((flow.id for flow in made), reverse=True)


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("q3", ["Q3 estate, Zürich"]),
        ("ESTATE", ["Q4 estate", "Q3 estate, Zürich"]),
        ("est q4", ["Q4 estate"]),
        ("zür", ["Q3 estate, Zürich"]),
        ("state", []),
        ("it's", ["It's Ann's"]),
        ("a & b | !c :* \\ '", []),
        ("---", []),
    ],
)
def test_a_search_is_for_words_or_how_they_begin(store: Store, search: str, found: list[str]):
    for name in ("Q3 estate, Zürich", "It's Ann's", "Q4 estate"):
        new(store, name)
    for tenant in (store.default_tenant(), None):
        assert listed(store, tenant, search=search) == found


def test_a_search_is_narrowed_by_status(store: Store):
    store.cancel(new(store, "estate over"), by="ana")
    new(store, "estate")
    for tenant in (store.default_tenant(), None):
        assert listed(store, tenant, search="estate", status=FlowStatus.CANCELLED) == ["estate over"]


def test_a_search_finds_no_other_tenants_flow(store: Store, theirs: Tenant):
    new(store, "estate")
    new(store, "estate of the rival", theirs)
    assert listed(store, theirs, search="estate") == ["estate of the rival"]
    assert listed(store, None, search="estate") == ["estate of the rival", "estate"]


def test_the_search_answers_nobody_without_a_tenant(store: Store):
    new(store, "estate")
    asked = "select flows_named('estate', null, null, null, 10)"
    assert store.query(asked, Role.APP) == []


@pytest.mark.parametrize("said", ["", "2026-01-01", "2026-01-01T00:00:00~0", "2026-01-01T00:00:00~" + 32 * "0"])
def test_what_is_no_place_is_refused(said: str):
    with pytest.raises(ValueError, match="no place in a list"):
        Place.parse(said)
