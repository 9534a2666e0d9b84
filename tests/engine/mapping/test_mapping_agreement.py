"""Agreement: what makes a pair High is a name, and values that speak for it; and what is said of values is so."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from discovery_pipeline.engine import targets
from discovery_pipeline.engine.mapping.matcher import fields, samples
from discovery_pipeline.engine.mapping.matcher.evidence import Reasons
from discovery_pipeline.engine.mapping.matcher.matching import match
from discovery_pipeline.engine.mapping.model import HIGH

SERVER = targets.load("aws").tables[0]
WANTED = fields.of_target(SERVER.model_copy(update={"fields": tuple(f for f in SERVER.fields if not f.template)}))


@pytest.fixture
def offered(con, table_of):
    def made(header: str, values: Sequence[str], field: str) -> tuple[float, tuple[str, ...]]:
        rows = [(value, f"srv{i}", f"10.0.1.{i}") for i, value in enumerate(values)]
        table = table_of("servers", [header, "name", "ip_address"], *rows)
        found = match(fields.of_table(table, samples.take(con, table)), WANTED)
        j = WANTED.names.index(field)
        return float(found.confidence[0, j]), Reasons(found).of(0, j)

    return made


def test_a_name_that_only_the_description_speaks_of_is_no_high(offered):
    confidence, _ = offered("External ID", [str(i % 3) for i in range(60)], "ExternalId")
    assert confidence < HIGH


def test_values_that_tell_rows_apart_speak_for_an_identifier_and_are_said_to(offered):
    confidence, reasons = offered("External ID", [f"AX-{i:04}" for i in range(60)], "ExternalId")
    assert confidence >= HIGH
    assert "60 of 60 values seen differ, as an identifier's do" in reasons


@pytest.mark.parametrize("ids", [[f"{i:032x}" for i in range(60)], [f"{i:06x}" for i in range(60)]])
def test_hex_ids_are_no_whole_numbers(con, table_of, ids: list[str]):
    table = table_of("servers", ["record"], *((one,) for one in ids))
    wanted = fields.of_schema("t", [fields.Stated("record", "integer", "")])
    found = match(fields.of_table(table, samples.take(con, table)), wanted)
    assert not [reason for reason in Reasons(found).of(0, 0) if "whole numbers" in reason]


@pytest.mark.parametrize(
    "values",
    [
        ["2012 R2", "2016", "15 SP4"],
        ["7", "8"],
        ["v1", "v2"],
        ["10.0.17763 N/A Build 17763"],
        ["8.6 (Ootpa)"],
        ["2019", "8.8", "N/A", "-", "unknown"],
    ],
)
def test_versions_speak_for_a_version_however_they_are_written(offered, values: list[str]):
    confidence, _ = offered("os_version", [values[i % len(values)] for i in range(60)], "OS.Version")
    assert confidence >= HIGH


@pytest.mark.parametrize("values", [["Windows Server 2019", "RHEL 8"], ["yes", "no"], ["srv12", "srv13"]])
def test_what_is_no_version_does_not(offered, values: list[str]):
    confidence, _ = offered("os_version", [values[i % len(values)] for i in range(60)], "OS.Version")
    assert confidence < HIGH


@pytest.mark.parametrize(
    ("values", "sure"), [(["Anna", "Ben", "Carla Maria"], True), (["2020-01-02", "2021-05-06"], False)]
)
def test_words_speak_for_a_name_and_dates_do_not(con, table_of, values: list[str], sure: bool):
    table = table_of("people", ["Vorname"], *((values[i % len(values)],) for i in range(60)))
    wanted = fields.of_schema("t", [fields.Stated("first_name", "string"), fields.Stated("salary", "string")])
    found = match(fields.of_table(table, samples.take(con, table)), wanted)
    assert bool(found.confidence[0, 0] >= HIGH) is sure


def test_a_few_values_that_the_alphabet_puts_first_do_not_speak_for_all(con, table_of):
    names = [f"ffmdb{i:03}" for i in range(110)] + [f"BERAPP{i:03}.CORP.LOCAL" for i in range(10)]
    table = table_of("servers", ["Hostname", "vCPU"], *((name, str(2 + i % 4)) for i, name in enumerate(names)))
    wanted = fields.of_target(targets.load("google").tables[0])
    found = match(fields.of_table(table, samples.take(con, table)), wanted)
    j = wanted.names.index("MachineName")
    assert found.confidence[0, j] >= HIGH
    assert "values look like 'host name'" in Reasons(found).of(0, j)
