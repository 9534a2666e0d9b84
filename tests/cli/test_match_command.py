"""`discovery match`: one shape of answer for a file, a schema and a built-in target."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from discovery_pipeline.cli.app import app
from discovery_pipeline.errors import InputRefused, TargetError

SOURCE = "cust_no,surname,mail\n1,Lang,lang@example.org\n2,Ortiz,ortiz@example.org\n3,Kim,kim@example.org\n"
EXPECTED = {"cust_no": "customer_id", "surname": "last_name", "mail": "email"}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    path.write_text(SOURCE, encoding="utf-8")
    return path


def _matched(source: Path, target: str, *options: str) -> dict:
    out = source.with_name("out.json")
    done = CliRunner().invoke(app, ["match", str(source), target, "--json", str(out), *options])
    assert done.exit_code == 0, done.output
    return json.loads(out.read_text(encoding="utf-8"))


def _best(found: dict) -> dict[str, str]:
    return {m["source_field"]: m["target_field"] for m in found["matches"] if m["rank"] == 1}


def test_a_header_alone_is_a_bare_schema(source: Path):
    target = source.with_name("target.csv")
    target.write_text("customer_id,first_name,last_name,email\n", encoding="utf-8")
    found = _matched(source, str(target))
    assert _best(found) == EXPECTED
    assert {a["source_field"]: a["target_field"] for a in found["assignment"]} == EXPECTED
    assert found["unmapped_target"] == [{"table": "target", "field": "first_name"}]
    assert set(found["assignment"][0]) >= {
        "source_field", "target_field", "transformation", "data_type", "confidence"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "schema"),
    [
        ("schema.csv", "name,type,description\ncustomer_id,int,\nlast_name,varchar,\nemail,varchar,\n"),
        ("schema.yaml", "- {name: customer_id, type: int}\n- {name: last_name}\n- email\n"),
    ],
)
def test_a_schema_file_is_a_target(source: Path, name: str, schema: str):
    target = source.with_name(name)
    target.write_text(schema, encoding="utf-8")
    assert _best(_matched(source, str(target))) == EXPECTED


def test_a_built_in_target_is_taken_by_its_name(source: Path):
    assert _matched(source, "AWS")["target"] == "aws"


def test_names_of_fields_are_printed_as_they_are(source: Path):
    assert "mgn:wave:name" in CliRunner().invoke(app, ["match", str(source), "aws-mgn"]).output


def test_an_unknown_target_names_those_there_are(source: Path):
    refused = CliRunner().invoke(app, ["match", str(source), "awss"])
    assert isinstance(refused.exception, TargetError)
    assert "aws-mgn" in str(refused.exception)


def test_a_source_that_is_not_there_is_refused(tmp_path: Path):
    refused = CliRunner().invoke(app, ["match", str(tmp_path / "none.csv"), "aws"])
    assert isinstance(refused.exception, InputRefused)


def test_a_schema_without_names_is_refused(source: Path):
    schema = source.with_name("empty.csv")
    schema.write_text("name,type\n", encoding="utf-8")
    refused = CliRunner().invoke(app, ["match", str(source), str(schema)])
    assert "it names no fields" in str(refused.exception)


def test_a_saved_mapping_wins_over_a_guess_and_what_it_has_no_column_for_is_listed(source: Path):
    saved = source.with_name("saved.yaml")
    line = "{source_table: people, source_field: %s, target_table: target, target_field: %s}"
    fields = ", ".join((line % ("mail", "first_name"), line % ("gone", "email")))
    saved.write_text(f"name: hr\nversion: 2\ntarget_system: target\nfields: [{fields}]\n", encoding="utf-8")
    target = source.with_name("target.csv")
    target.write_text("customer_id,first_name,last_name,email\n", encoding="utf-8")
    found = _matched(source, str(target), "--profile", str(saved))
    chosen = {a["source_field"]: (a["target_field"], a["origin"], a["evidence"]) for a in found["assignment"]}
    assert chosen["mail"] == ("first_name", "memory", ["saved mapping 'hr' v2"])
    assert [u["field"]["source_field"] for u in found["not_applied"]] == ["gone"]


def test_a_contract_with_a_mistake_is_told_as_one(source: Path):
    contract = source.with_name("own.yaml")
    contract.write_text("name: own\ntitle: Own\ntables: [{name: rows, file: own.csv, fields: [{nam: a}]}]\n")
    refused = CliRunner().invoke(app, ["match", str(source), str(contract)])
    assert isinstance(refused.exception, TargetError)
    assert "tables.0.fields.0.name" in str(refused.exception)
