"""What was decided on values before is offered where these tables hold them, and applied nowhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from discovery_pipeline.engine.cleansing.decisions import ValueDecision
from discovery_pipeline.engine.cleansing.remembering import Before, Offer, offers
from discovery_pipeline.engine.tables import Table

MAY = datetime(2026, 5, 1, tzinfo=UTC)


def _before(value: str | None, after: str | None, table: str = "may", column: str = "site", day: int = 0) -> Before:
    return Before(
        ValueDecision(table=table, column=column, value=value, after=after, by="ana"), "May", MAY + timedelta(day)
    )


def _june(table_of: Callable[..., Any], *sites: str | None, name: str = "june") -> Table:
    return table_of(name, ["host", "Site"], *((f"web{i}", site) for i, site in enumerate(sites)))


def _said(found: tuple[Offer, ...]) -> list[tuple[str, str, str | None, dict[str | None, int]]]:
    return [(offer.table, offer.column, offer.after, offer.cells) for offer in found]


def test_values_that_became_one_are_one_offer_with_their_cells(con, table_of: Callable[..., Any]):
    table = _june(table_of, "berlin", "berlin", "BLN", "Berlin", "Bonn")
    said = [_before("berlin", "Berlin"), _before("BLN", "Berlin"), _before("Berlin", "Berlin"), _before("Rome", "Roma")]
    (offer,) = offers(con, (table,), said)
    assert _said((offer,)) == [("june", "Site", "Berlin", {"berlin": 2, "BLN": 1, "Berlin": 1})]
    assert offer.changes == {"berlin": 2, "BLN": 1}


def test_of_the_winner_alone_nothing_is_offered_but_what_was_kept_on_purpose_is(con, table_of: Callable[..., Any]):
    table = _june(table_of, "Berlin", "N/A")
    said = [_before("berlin", "Berlin"), _before("Berlin", "Berlin"), _before("N/A", "N/A")]
    assert _said(offers(con, (table,), said)) == [("june", "Site", "N/A", {"N/A": 1})]


def test_empty_cells_are_values_too(con, table_of: Callable[..., Any]):
    table = _june(table_of, None, "x", None)
    assert _said(offers(con, (table,), [_before(None, "Berlin"), _before("x", None)])) == [
        ("june", "Site", "Berlin", {None: 2}), ("june", "Site", None, {"x": 1}),
    ]  # fmt: skip


def test_what_is_decided_by_now_is_not_offered(con, table_of: Callable[..., Any]):
    table = _june(table_of, "berlin", "BLN")
    said = [_before("berlin", "Berlin"), _before("BLN", "Berlin")]
    assert _said(offers(con, (table,), said, {("june", "Site", "BLN")})) == [("june", "Site", "Berlin", {"berlin": 1})]


def test_of_two_decisions_on_a_value_the_newer_counts_unless_the_older_is_on_a_table_of_this_name(
    con, table_of: Callable[..., Any]
):
    table = _june(table_of, "b")
    older, newer = _before("b", "Berlin", "june"), _before("b", "Bonn", day=1)
    assert offers(con, (table,), [older, newer])[0].after == "Berlin"
    assert offers(con, (table,), [_before("b", "Berlin"), newer])[0].after == "Bonn"


def test_a_decision_on_a_table_that_is_there_counts_for_no_other(con, table_of: Callable[..., Any]):
    tables = (_june(table_of, "b", name="may"), _june(table_of, "b", name="sites"))
    assert [offer.table for offer in offers(con, tables, [_before("b", "Berlin")])] == ["may"]


def test_columns_and_values_that_are_not_there_are_no_offer(con, table_of: Callable[..., Any]):
    table = _june(table_of, "x")
    assert offers(con, (table,), [_before("x", "y", column="town"), _before("z", "y")]) == ()
    assert offers(con, (table,), []) == ()
