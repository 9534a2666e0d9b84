"""Contracts that people write: what is wrong with one is said before anything is matched with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from discovery_pipeline.engine import targets
from discovery_pipeline.engine.targets.checking import faults
from discovery_pipeline.errors import TargetError

RIGHT = """
name: own
title: Our CMDB
tables:
- name: host
  file: own/hosts.csv
  fields:
  - {name: Name, required: true, pattern: '^[a-z]+$'}
  - {name: Owner, minimum: 1, maximum: 2, vocabulary_patterns: {ops: ['^op']}}
  rules: [{kind: together, fields: [Name, Owner]}]
- name: disk
  file: own/disks.csv
  fields: [{name: Host, references: host.Name}]
"""


def test_a_contract_without_faults_is_read():
    assert targets.parsed(RIGHT, "own.yaml").table("disk").file == "own/disks.csv"


@pytest.mark.parametrize("name", targets.names())
def test_what_ships_has_no_faults(name: str):
    assert faults(targets.load(name)) == ()


@pytest.mark.parametrize(
    ("there", "instead", "said"),
    [
        ("name: own\n", "name: a,b\n", "name: one line"), ("name: own\n", "name: a/b\n", "name: one line"),
        ("title: Our CMDB\n", "title: T\ndelimiter: ab\n", "delimiter"),
        ("title: Our CMDB\n", "title: T\nline_terminator: x\n", "line_terminator"),
        ("name: disk", "name: host", "'host' stands twice"), ("own/disks.csv", "own/hosts.csv", "two write"),
        ("own/disks.csv", "../../disks.csv", "no path below"), ("own/disks.csv", "/tmp/disks.csv", "no path below"),
        ("{name: Owner", "{name: Name", "'Name' stands twice"),
        ("^[a-z]+$", "[a-z", "no regular expression"), ("'^op'", "'('", "no regular expression"),
        ("^[a-z]+$", "^(?=x)y", "no regular expression .RE2: invalid perl operator"),
        ("{name: Owner,", "{name: KEY-NAME-KEY, keyed: true,", "at most 2 keys"),
        ("minimum: 1", "minimum: 3", "minimum is above"), ("host.Name", "host.Nome", "there is no 'host.Nome'"),
        ("fields: [Name, Owner]", "fields: [Name, Nobody]", "no field 'Nobody'"),
        ("- {name: Name,", "- {name: '',", "a name is one line"),
        ("{name: Owner", "{name: File_Row_Number", "can't be called so"),
        ("  file: own/hosts.csv", "  max_rows: 0\n  file: h.csv", "max_rows and"),
    ],
)  # fmt: skip
def test_a_fault_is_said_with_its_place(there: str, instead: str, said: str):
    assert there in RIGHT
    with pytest.raises(TargetError, match=said):
        targets.parsed(RIGHT.replace(there, instead), "own.yaml")


def test_a_contract_that_would_take_the_process_along_is_refused(tmp_path: Path):
    (tmp_path / "deep.yaml").write_text("[" * 50_000)
    with pytest.raises(TargetError, match="nests more than"):
        targets.load(tmp_path / "deep.yaml")
