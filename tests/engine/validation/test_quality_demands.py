"""Quality rules from the user's YAML: read, checked, and loud where they can't be."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from made_tables import servers_table

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.findings import Dimension, Finding
from discovery_pipeline.engine.tables import Table
from discovery_pipeline.engine.validation.demands import Demand, check, read
from discovery_pipeline.errors import InputRefused

TODAY = date(2026, 6, 30)


def found(servers: Table, **rule: object) -> tuple[Finding, ...]:
    with duck.connect() as con:
        return check(con, (servers,), (Demand.model_validate(rule),), today=TODAY)


@pytest.mark.parametrize(
    ("rule", "count", "dimension", "examples"),
    [
        ({"column": "owner", "required": True}, 2, Dimension.COMPLETENESS, ()),
        ({"column": "owner", "required": True, "where": {"use": "prod"}}, 1, Dimension.COMPLETENESS, ()),
        ({"column": "name", "unique": True}, 1, Dimension.UNIQUENESS, ("a1",)),
        ({"column": "name", "pattern": "[a-z][0-9]"}, 1, Dimension.ACCURACY, ("b'x",)),
        ({"column": "use", "allowed": ["prod"]}, 1, Dimension.ACCURACY, ("test",)),
        ({"column": "cores", "minimum": 1, "maximum": 64}, 2, Dimension.ACCURACY, ("0", "many")),
        ({"column": "name", "max_length": 2}, 1, Dimension.ACCURACY, ("b'x",)),
        ({"column": "seen", "newer_than_days": 30}, 1, Dimension.TIMELINESS, ("2026-01-01",)),
        ({"column": "made", "not_after": "seen"}, 1, Dimension.CONSISTENCY, ("2026-06-10",)),
    ],
)
def test_each_check_counts_what_fails(
    tmp_path: Path, rule: dict[str, object], count: int, dimension: Dimension, examples: tuple[str, ...]
):
    servers = servers_table(
        tmp_path,
        name=["a1", "a1", "b'x"],
        owner=["ada", None, None],
        use=["prod", "prod", "test"],
        cores=["0", "16", "many"],
        made=["2025-05-05", "2026-06-10", "2020-02-02"],
        seen=["2026-06-29", "2026-06-01", "2026-01-01"],
    )
    (finding,) = found(servers, **rule)
    assert (finding.count, finding.dimension, finding.examples) == (count, dimension, examples)


def test_a_met_demand_is_silent(tmp_path: Path):
    assert (
        found(servers_table(tmp_path, name=["a", "b"]), column="name", unique=True, required=True, pattern="[a-z]")
        == ()
    )


def test_a_demand_of_a_column_that_is_not_there_is_said(tmp_path: Path):
    (finding,) = found(servers_table(tmp_path, name=["a"]), column="nam", required=True)
    assert finding.rule == "demand.unasked"
    assert "nothing was checked" in finding.evidence


def test_a_file_of_rules_is_read(tmp_path: Path):
    path = tmp_path / "rules.yaml"
    path.write_text("rules:\n  - {column: name, unique: true, severity: error}\n", encoding="utf-8")
    assert read(path) == (Demand.model_validate({"column": "name", "unique": True, "severity": "error"}),)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("- column: a", "list of rules"),
        ("rules: [{column: a}]", "nothing is asked"),
        ("rules: [{column: a, uniqe: true}]", "uniqe"),
        ("rules: [{column: a, pattern: '('}]", "no pattern"),
        ("rules: [{column: a, unique: perhaps}]", "unique"),
        ("rules: [", "can't be read"),
        ("rules: [17]", "rule 1"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_with_its_place(tmp_path: Path, written: str, said: str):
    path = tmp_path / "rules.yaml"
    path.write_text(written, encoding="utf-8")
    with pytest.raises(InputRefused, match=said.replace("(", r"\(")):
        read(path)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path):
    with pytest.raises(InputRefused, match="can't be read"):
        read(tmp_path / "nowhere.yaml")
