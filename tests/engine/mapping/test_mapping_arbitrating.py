"""Arbitrating: a choice among the matcher's candidates changes the mapping, says why, and never makes a pair up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import duckdb
import pytest

from discovery_pipeline.engine import profiling, targets
from discovery_pipeline.engine.mapping.arbitrating import Choice, arbitrated
from discovery_pipeline.engine.mapping.model import FieldRef, MappedField, Match, Suggestions
from discovery_pipeline.errors import MappingError

AWS = targets.load("aws")
NAME = "HostName"


@pytest.fixture
def decide(con: duckdb.DuckDBPyConnection, table_of: Callable[..., Any]) -> Callable[..., Suggestions]:
    """Lets a column be chosen for the host name of three servers with a short name, a long name and a date."""
    rows = [(f"web{i}", f"web{i}.example.org", f"0{i}/11/2024") for i in range(1, 4)]
    table = table_of("servers", ["name", "fqdn", "seen"], *rows)
    profile = profiling.profile(con, (table,), today=date(2026, 1, 1))

    def decided(column: str | None, given: Suggestions | None = None) -> Suggestions:
        suggestions = given or offered()
        choice = Choice(suggestions.assignment[0], column, "it is the longer name")
        return arbitrated(con, (table,), profile, AWS, suggestions, [choice])

    return decided


def field(column: str, target: str = NAME, confidence: float = 0.6) -> MappedField:
    return MappedField(source_table="servers", source_field=column, target_table="server", target_field=target,
                       confidence=confidence)  # fmt: skip


def match(column: str, target: str = NAME, confidence: float = 0.5) -> Match:
    return Match(source_table="servers", source_field=column, target_table="server", target_field=target,
                 confidence=confidence, rank=1, evidence=("the names say the same",))  # fmt: skip


def offered(*more: MappedField) -> Suggestions:
    return Suggestions(
        target="aws",
        matches=(match("name"), match("fqdn"), match("fqdn", "FQDN", 0.4)),
        assignment=(field("name"), *more),
        unmapped_source=(FieldRef(table="servers", field="fqdn"),),
    )


def test_the_chosen_column_takes_the_field_with_its_own_confidence_and_the_reason(decide: Callable[..., Suggestions]):
    [chosen] = decide("fqdn").assignment
    assert (chosen.source_field, chosen.confidence, chosen.origin) == ("fqdn", 0.5, "agent")
    assert chosen.evidence[0] == "chosen over name: it is the longer name"


def test_the_column_that_was_let_go_goes_nowhere(decide: Callable[..., Suggestions]):
    assert decide("fqdn").unmapped_source == (FieldRef(table="servers", field="name"),)


def test_keeping_the_offer_changes_nothing(decide: Callable[..., Suggestions]):
    before = offered()
    assert decide("name", before) is before


def test_choosing_none_leaves_the_field_to_a_person(decide: Callable[..., Suggestions]):
    after = decide(None)
    assert after.assignment == ()
    assert FieldRef(table="server", field=NAME) in after.unmapped_target


def test_a_column_that_is_chosen_leaves_the_field_it_filled_before(decide: Callable[..., Suggestions]):
    after = decide("fqdn", offered(field("fqdn", "FQDN", 0.4)))
    assert [(f.source_field, f.target_field) for f in after.assignment] == [("fqdn", NAME)]


def test_what_the_matcher_never_offered_can_not_be_chosen(decide: Callable[..., Suggestions]):
    with pytest.raises(MappingError, match="never offered"):
        decide("seen")
