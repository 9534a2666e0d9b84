"""Contracts by name, and what they promise."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from discovery_pipeline.engine import duck, intake, targets
from discovery_pipeline.engine.mapping.transformations.vocabularies import matched
from discovery_pipeline.engine.targets import Target, TargetField, TargetTable
from discovery_pipeline.engine.targets.schema import value_rules
from discovery_pipeline.errors import TargetError

EVERY = [targets.load(name) for name in targets.names()]


@pytest.mark.parametrize(
    "said", ["aws", "AWS", "Aws", "AWS Migration Hub import", "migration-hub", "aws_migration_hub"]
)
def test_a_target_goes_by_name_title_and_alias_in_any_case(said: str):
    assert targets.load(said).name == "aws"


def test_no_two_targets_share_a_name():
    said = [n for t in EVERY for n in {re.sub(r"[\W_]", "", n.casefold()) for n in (t.name, t.title, *t.aliases)}]
    assert len(said) == len(set(said))


def test_an_unknown_target_names_the_nearest_and_all():
    with pytest.raises(TargetError, match=r"no target 'azur'.*'azure'.*aws, aws-mgn, azure, google, servicenow"):
        targets.load("azur")


def test_a_file_that_is_no_contract_says_where(tmp_path: Path):
    bad = tmp_path / "mine.yaml"
    bad.write_text("name: mine\ntitle: Mine\ntables: [{name: a, file: a.csv, fields: [{name: x, type: int}]}]")
    with pytest.raises(TargetError, match=r"mine.yaml.*tables\.0\.fields\.0\.type"):
        targets.load(bad)


@pytest.mark.parametrize("content", ["", "a: [", "- 1", "\x00", "just text"])
def test_nonsense_is_no_contract(tmp_path: Path, content: str):
    bad = tmp_path / "bad.yml"
    bad.write_text(content)
    with pytest.raises(TargetError):
        targets.load(bad)


def test_a_missing_contract_file_says_so(tmp_path: Path):
    with pytest.raises(TargetError, match="can't be read"):
        targets.load(tmp_path / "none.yaml")


@pytest.mark.parametrize("target", EVERY, ids=lambda t: t.name)
def test_a_contract_holds_together(target: Target):
    for table in target.tables:
        names = [f.name for f in table.fields]
        assert len({n.casefold() for n in names}) == len(names)
        for rule in table.rules:
            assert {f for g in rule.groups for f in g} | set(rule.fields) <= set(names)
        for field in table.fields:
            assert field.description, field.name
            if field.allowed:
                assert set(field.vocabulary) | set(field.vocabulary_patterns) <= set(field.allowed), field.name
            if field.references:
                there, _, key = field.references.partition(".")
                assert target.table(there).field(key).unique


@pytest.mark.parametrize("target", EVERY, ids=lambda t: t.name)
def test_a_contract_reads_back_as_written(target: Target, tmp_path: Path):
    path = tmp_path / "copy.yaml"
    path.write_text(targets.written(target), encoding="utf-8")
    assert targets.load(path) == target


def test_a_keyed_field_goes_by_its_key_and_number():
    table = targets.load("aws-mgn").table("server")
    assert table.field("mgn:server:tag:Owner").name == "mgn:server:tag:Owner"
    assert table.field("mgn:launch:nic:1:private-ip:2").type == "ipv4"
    assert table.field("mgn:server:tag:KEY").keyed_by("Cost KEY").name == "mgn:server:tag:Cost KEY"
    with pytest.raises(KeyError):
        table.field("mgn:server:owner")


def test_a_schema_judges_a_whole_file():
    import pandas as pd
    from pandera.errors import SchemaErrors

    table = TargetTable(
        name="server",
        file="s.csv",
        fields=(TargetField(name="id", required=True, unique=True), TargetField(name="ram", type="integer", minimum=1)),
    )
    frame = pd.DataFrame({"id": ["a", "a", None], "ram": ["4", "0", "four"]}, dtype="str")
    with pytest.raises(SchemaErrors) as wrong:
        targets.schema(table).validate(frame, lazy=True)
    broken = {(c["column"], c["index"]) for c in wrong.value.failure_cases.to_dict("records")}
    assert {("id", 2), ("id", 1), ("ram", 1), ("ram", 2)} <= broken


DDL = """create table hosts (
    id bigint primary key, name varchar(50) not null unique comment 'host name', ip inet, note text
); create view v as select 1;"""


def test_no_pattern_of_a_contract_holds_its_judge_up():
    field = TargetField(
        name="code", type="string", pattern="^(a+)+$", allowed=("b",), vocabulary_patterns={"b": ("^(a|aa)+$",)}
    )
    endless = "a" * 200 + "!"
    pattern = next(rule for rule in value_rules(field) if rule.rule == "pattern")
    assert pattern.holds(pd.Series(["aaa", endless], index=[4, 2])).to_dict() == {4: True, 2: False}
    (match,) = matched(field, [(endless, 1)])
    assert match.target is None


def test_what_a_ddl_checks_the_contract_asks(tmp_path: Path):
    path = tmp_path / "checked.sql"
    path.write_text(
        "CREATE TABLE apps (app_id INT PRIMARY KEY);"
        "CREATE TABLE srv (env VARCHAR(10) CHECK (env IN ('prod', 'dev')), kind ENUM('vm', 'metal'),"
        " cores INT CHECK (cores >= 1), app INT REFERENCES apps(app_id), other INT CHECK (other > cores));",
        encoding="utf-8",
    )
    fields = {f.name: f for f in targets.draft(path).table("srv").fields}
    assert (fields["env"].allowed, fields["kind"].allowed) == (("prod", "dev"), ("vm", "metal"))
    assert (fields["cores"].minimum, fields["other"].minimum) == (1, None)
    assert (fields["app"].references, fields["env"].references) == ("apps.app_id", None)


def test_a_ddl_becomes_a_contract(tmp_path: Path):
    path = tmp_path / "estate.sql"
    path.write_text(DDL)
    (table,) = targets.draft(path).tables
    fields = {f.name: f for f in table.fields}
    assert (fields["id"].type, fields["id"].required, fields["id"].identity) == ("integer", True, True)
    assert (fields["name"].max_length, fields["name"].unique, fields["name"].description) == (50, True, "host name")
    assert (fields["ip"].type, fields["note"].required) == ("ip", False)


def test_a_json_schema_becomes_a_contract(tmp_path: Path):
    path = tmp_path / "host.json"
    path.write_text(
        '{"required": ["id"], "properties": {"id": {"type": "string", "format": "uuid"}, "env": {"enum": ["p", "t"]},'
        ' "cpus": {"type": ["integer", "null"], "minimum": 1}}}'
    )
    fields = {f.name: f for f in targets.draft(path).tables[0].fields}
    assert (fields["id"].type, fields["id"].required) == ("uuid", True)
    assert (fields["env"].allowed, fields["cpus"].type, fields["cpus"].minimum) == (("p", "t"), "integer", 1)


def test_a_sample_becomes_a_contract(tmp_path: Path):
    path = tmp_path / "Hosts of ACME.csv"
    path.write_text("id,env,ip\n" + "".join(f"h{i},{'prod' if i % 2 else 'test'},10.0.0.{i}\n" for i in range(40)))
    with duck.connect() as con:
        target = targets.draft_of_rows(con, intake.read(con, [path], tmp_path / "read").tables, path)
    id_, env, ip = target.tables[0].fields
    assert target.name == "hosts-of-acme"
    assert (id_.unique, id_.required, env.allowed, ip.type) == (True, True, ("prod", "test"), "ipv4")


@pytest.mark.parametrize(
    ("name", "content"), [("a.sql", "select 1"), ("a.json", "[1]"), ("a.json", "{"), ("a.sql", "((")]
)
def test_what_describes_nothing_drafts_nothing(tmp_path: Path, name: str, content: str):
    (tmp_path / name).write_text(content)
    with pytest.raises(TargetError):
        targets.draft(tmp_path / name)
