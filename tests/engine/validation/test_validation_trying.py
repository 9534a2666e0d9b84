"""What a person is about to put into cells is read as the target would read it, before it is decided."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from discovery_pipeline.engine import duck, intake
from discovery_pipeline.engine.mapping.model import MappedField, Mapping
from discovery_pipeline.engine.tables import Table
from discovery_pipeline.engine.targets.contract import Target, TargetField, TargetTable
from discovery_pipeline.engine.validation.trying import Trial, refused

TARGET = Target(
    name="cmdb",
    title="A CMDB",
    tables=(
        TargetTable(
            name="host",
            file="host.csv",
            fields=(
                TargetField(name="Name", required=True, identity=True),
                TargetField(name="System", allowed=("Debian 8", "Debian 9"), match="contains", completed_by="Version"),
                TargetField(name="Version"),
                TargetField(name="Stage", allowed=("Production", "Test")),
                TargetField(name="Memory", type="integer", unit="MB"),
            ),
        ),
    ),
)
FILLED = {
    "name": ("Name", None),
    "os": ("System", None),
    "version": ("Version", None),
    "env": ("Stage", 'map_values({"prod": "Production", "tst": "Test"})'),
    "ram": ("Memory", 'convert("GB","MB") | round(0)'),
}
MAPPING = Mapping(
    target="cmdb",
    fields=tuple(
        MappedField(
            source_table="hosts", source_field=column, target_table="host", target_field=field,
            transformation=transformation, confidence=1,
        )
        for column, (field, transformation) in FILLED.items()
    ),
)  # fmt: skip


@pytest.fixture
def con():
    with duck.connect() as opened:
        yield opened


@pytest.fixture
def hosts(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> Table:
    file = tmp_path / "hosts.csv"
    file.write_text("name,os,version,env,ram,note\na,Debian,8,prod,4,\nb,Debian,11,tst,8,x\n", encoding="utf-8")
    return intake.read(con, [file], tmp_path / "tables").tables[0]


def test_each_trial_is_answered_by_its_columns(con, hosts: Table):
    answers = refused(
        con,
        hosts,
        [Trial(0, {"env": "prod", "ram": "lots"}), Trial(1, {"env": "stage"}), Trial(1, {})],
        MAPPING,
        TARGET,
    )
    assert [set(answer) for answer in answers] == [{"ram"}, {"env"}, set()]
    assert "lots" in answers[0]["ram"]
    assert "stage" in answers[1]["env"]


def test_what_other_columns_of_the_row_hold_counts(con, hosts: Table):
    tried = {"os": "Debian"}
    alone, completed, together = refused(
        con, hosts, [Trial(1, tried), Trial(0, tried), Trial(1, {**tried, "version": "9"})], MAPPING, TARGET
    )
    assert "os" in alone
    assert (completed, together) == ({}, {})


def test_what_fills_nothing_and_what_is_emptied_is_never_refused(con, hosts: Table):
    trials = [Trial(0, {"note": "anything", "nowhere": "x"}), Trial(0, {"name": None})]
    assert refused(con, hosts, trials, MAPPING, TARGET) == [{}, {}]
    assert refused(con, hosts, [], MAPPING, TARGET) == []
