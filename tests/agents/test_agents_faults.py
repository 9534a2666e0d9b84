"""Whatever a vendor's server does, the flow has the playbook's answer, says so, and asked as little as it should."""

from __future__ import annotations

import time

import pytest
from agents_audit import Rows
from agents_vendor import FAULTS, HANGS_SECONDS, Vendor

from discovery_pipeline.agents import running
from discovery_pipeline.agents.running import Means
from discovery_pipeline.errors import AgentUnavailable
from discovery_pipeline.flow.advice import Advice, Brief
from discovery_pipeline.settings import AgentSettings

RISK = "risk_agent"

# By fault: requests that one agent with one task makes, and what the reason says.
EXPECTED = {
    "429": (1, "busy or broken (HTTP 429)"),
    "500": (1, "busy or broken (HTTP 500)"),
    "401": (1, "refuses the key (HTTP 401)"),
    "refused tools": (1, "refuses the request (HTTP 400)"),
    "too long": (1, "refuses the request (HTTP 400)"),
    "redirect": (1, "refuses the request (HTTP 302)"),
    "hang": (1, "no whole answer within"),
    "trickle": (1, "no whole answer within"),
    "reset": (1, "can't be reached"),
    "html": (1, "not its protocol"),
    "malformed": (1, "not its protocol"),
    "truncated": (1, "not its protocol"),
    "deep": (1, "not its protocol"),
    "8 MB": (1, "more than 1,000,000 bytes"),
    "nothing": (1, "said nothing"),
    "prose": (2, "another shape"),
    "endless tools": (5, "the same tool again and again"),
    "unknown tool": (1, "a tool that it doesn't have"),
    "missing field": (4, "another shape"),
    "injected": (4, "places that no tool named"),
}
ENDLESS = {"hang", "trickle"}


@pytest.fixture
def by_the_book(told: Brief) -> Advice:
    return running.advise(RISK, told, {}, Means(AgentSettings(engine="expert")))


def test_every_fault_of_the_server_is_expected():
    assert EXPECTED.keys() == FAULTS.keys()


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_ends_in_the_playbooks_answer_and_says_so(
    fault: str, warm: None, told: Brief, vendor: Vendor, audit: Rows, asking, by_the_book: Advice
):
    vendor.fault = fault
    since = time.monotonic()
    settings = asking(request_seconds=2) if fault in ENDLESS else asking()
    advice = running.advise(RISK, told, {}, Means(settings, audit))
    requests, reason = EXPECTED[fault]
    assert advice.source == "fallback"
    assert advice.answers == by_the_book.answers
    assert reason in advice.reason, advice.reason
    assert len(vendor.bodies) == advice.requests == requests
    assert [row["outcome"] for row in audit].count("sent") == requests
    assert time.monotonic() - since < HANGS_SECONDS / 2


@pytest.mark.parametrize("fault", ["429", "html", "injected", "endless tools"])
def test_anthropics_protocol_ends_the_same(fault: str, told: Brief, vendor: Vendor, audit: Rows, asking):
    vendor.fault = fault
    advice = running.advise(RISK, told, {}, Means(asking("anthropic"), audit))
    assert (advice.source, len(vendor.bodies)) == ("fallback", EXPECTED[fault][0])


def test_where_one_vendor_fails_the_others_agents_go_on(told: Brief, vendor: Vendor, audit: Rows):
    vendor.fault = "500"
    settings = AgentSettings(models={"relationship_agent": "vllm/m"}, base_urls={"vllm": vendor.address})
    sources = {a.agent: a.source for a in running.advise_all(told, Means(settings, audit))}
    assert sources.pop("relationship_agent") == "fallback"
    assert set(sources.values()) == {"expert"}


def test_whoever_tries_again_hears_that_the_server_is_away(told: Brief, vendor: Vendor, audit: Rows, asking):
    vendor.fault = "429"
    with pytest.raises(AgentUnavailable):
        running.advise(RISK, told, {}, Means(asking(), audit), patient=True)
    assert len(vendor.bodies) == 1


def test_trying_again_is_for_servers_that_are_away_only(told: Brief, vendor: Vendor, audit: Rows, asking):
    vendor.fault = "malformed"
    assert running.advise(RISK, told, {}, Means(asking(), audit), patient=True).source == "fallback"


@pytest.mark.parametrize(
    ("limits", "spent"),
    [
        ({"budget_tokens": 500}, (0, 0.0)),
        ({"budget_tokens": 50_000}, (49_000, 0.0)),
        ({"budget_cost": 0.5, "prices": {"compatible/a-model": (1.0, 1.0)}}, (0, 0.5)),
        ({"request_bytes": 100}, (0, 0.0)),
    ],
)
def test_beyond_a_limit_nothing_is_sent(
    limits: dict, spent: tuple[int, float], told: Brief, vendor: Vendor, audit: Rows, asking
):
    advice = running.advise(RISK, told, {}, Means(asking(**limits), audit, spent=spent))
    assert (advice.source, len(vendor.bodies)) == ("fallback", 0)
    assert [row["outcome"] for row in audit] == ["withheld" if "request_bytes" in limits else "over_budget"]


def test_time_ends_an_agent_between_requests(told: Brief, vendor: Vendor, audit: Rows, asking):
    advice = running.advise(RISK, told, {}, Means(asking(budget_seconds=0.0001), audit))
    assert (advice.source, len(vendor.bodies)) == ("fallback", 0)
    assert "seconds" in advice.reason


def test_a_request_that_can_not_be_recorded_is_not_sent(told: Brief, vendor: Vendor, asking):
    class Broken:
        def record(self, entry: dict) -> None:
            raise OSError("disk full")

    advice = running.advise(RISK, told, {}, Means(asking(), Broken()))
    assert (advice.source, len(vendor.bodies)) == ("fallback", 0)
