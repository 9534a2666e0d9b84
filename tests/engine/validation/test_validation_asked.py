"""Rules that come with a mapping: read, put on the right columns, and kept from delivery where they are errors."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from made_tables import servers_table

from discovery_pipeline.engine import duck, targets, validation
from discovery_pipeline.engine.findings import Severity
from discovery_pipeline.engine.mapping.model import MappedField, Mapping
from discovery_pipeline.engine.tables import Table
from discovery_pipeline.engine.validation import asked
from discovery_pipeline.engine.validation.demands import Demand
from discovery_pipeline.engine.validation.model import Verdict
from discovery_pipeline.errors import InputRefused

TODAY = date(2026, 6, 30)
MAPPED = {"name": "HostName", "ram": "RAM.TotalSizeInMB", "os": "OS.Name"}


def mapping() -> Mapping:
    fields = (
        MappedField(source_table="servers", source_field=s, target_table="servers", target_field=t, confidence=1)
        for s, t in MAPPED.items()
    )
    return Mapping(target="aws", fields=tuple(fields))


def judged(folder: Path, table: Table, *demands: Demand) -> tuple[Verdict, list[tuple[int, str]]]:
    contract = targets.load("aws")
    first = next(t.name for t in contract.tables)
    agreed = mapping().model_copy(
        update={"fields": tuple(f.model_copy(update={"target_table": first}) for f in mapping().fields)}
    )
    with duck.connect() as con:
        found = validation.validate(con, (table,), agreed, contract, folder / "out", demands=demands, today=TODAY)
        log = f"read_parquet({duck.text(str(found.rejected))})"
        return found, con.execute(f"SELECT row, reasons FROM {log} ORDER BY row").fetchall()


@pytest.fixture
def table(tmp_path: Path) -> Table:
    return servers_table(tmp_path, name=["a", "b", "c"], ram=["4096", "8192", "16"], os=["Linux", None, "Linux"])


@pytest.mark.parametrize(
    ("check", "rows"),
    [
        ({"column": "os", "required": True}, {1: "os has no value"}),
        ({"column": "os", "unique": True}, {2: 'os: "Linux" stands in an earlier row already'}),
        ({"column": "ram", "minimum": 1000}, {2: 'ram: "16" is no number from 1000'}),
        ({"column": "name", "allowed": ("a", "b")}, {2: 'name: "c" is not one of a, b'}),
        ({"column": "ram", "min_length": 3}, {2: 'ram: "16" has fewer than 3 characters'}),
    ],
)
def test_a_row_that_breaks_an_error_is_rejected_and_says_why(
    tmp_path: Path, table: Table, check: dict, rows: dict[int, str]
):
    verdict, rejected = judged(tmp_path, table, Demand(severity=Severity.ERROR, **check))
    assert dict(rejected) == rows
    assert (verdict.rows_delivered, verdict.rows_rejected) == (3 - len(rows), len(rows))
    assert any(f.rule.startswith("demand.") and f.count == len(rows) for f in verdict.findings)


def test_a_warning_rejects_nothing(tmp_path: Path, table: Table):
    verdict, rejected = judged(tmp_path, table, Demand(column="os", required=True))
    assert (rejected, verdict.rows_delivered) == ([], 3)


def test_checks_are_read_by_field():
    found = asked.read(
        {
            "owner": [{"check": "not_null", "severity": "error"}],
            "ram": [{"check": "range", "min": 1, "max": 64}, {"check": "unique"}],
            "installed": [{"check": "date_order", "not_after": "seen"}],
        }
    )
    assert found == (
        Demand(column="owner", required=True, severity=Severity.ERROR),
        Demand(column="ram", minimum=1, maximum=64),
        Demand(column="ram", unique=True),
        Demand(column="installed", not_after="seen"),
    )


def test_every_rule_that_cannot_be_is_named():
    with pytest.raises(InputRefused) as refused:
        asked.read({"a": [{"check": "odd"}], "b": [{"check": "range", "least": 1}], "c": [{"check": "pattern"}]})
    said = str(refused.value)
    assert "a: there is no check 'odd'" in said
    assert "b: range takes min, max" in said
    assert "c: " in said


def test_a_rule_on_a_target_field_is_one_on_what_is_mapped_to_it(table: Table):
    found = asked.resolved([Demand(column="OS.Name", required=True)], (table,), mapping())
    assert found == (Demand(column="os", table="servers", required=True),)


def test_a_rule_on_a_source_column_stays(table: Table):
    demand = Demand(column="os", required=True)
    assert asked.resolved([demand], (table,), mapping()) == (demand,)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"check": "in"}, "ram: in needs values"),
        ({"check": "in", "values": []}, "ram: in needs values"),
        ({"check": "range"}, "ram: range needs min or max"),
        ({"check": "date_order"}, "ram: date_order needs not_after"),
        ({"check": "range", "min": 5, "max": 1}, "ram: nothing is at least 5 and at most 1"),
        ({"check": "pattern", "pattern": "("}, "ram: pattern: '(' is no pattern"),
    ],
)
def test_a_check_that_asks_nothing_says_what_it_needs(rule: dict[str, object], said: str):
    with pytest.raises(InputRefused, match=re.escape(said)):
        asked.read({"ram": [rule]})
