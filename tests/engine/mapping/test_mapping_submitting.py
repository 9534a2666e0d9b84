"""Submitted mappings: each fault has its own message, and what is suggested has none."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from discovery_pipeline.engine import mapping, profiling, targets
from discovery_pipeline.engine.mapping import FieldMappingService, SourceSchema
from discovery_pipeline.engine.mapping.known import Known
from discovery_pipeline.engine.mapping.transformations.operations import OPERATIONS
from discovery_pipeline.errors import MappingError

SCHEMA = {
    "tables": ["servers"],
    "fields": [
        {"name": "name", "table": "servers", "type": "string", "samples": ["web01", "db01"], "null_ratio": 0.25},
        {"name": "alias", "table": "servers", "type": "string"},
        {"name": "ip", "table": "servers", "type": "string"},
        {"name": "cores", "table": "servers", "type": "string", "samples": ["4", "8.5", "many"]},
        {"name": "load", "table": "servers", "type": "float"},
        {"name": "ram", "table": "servers", "type": "integer"},
        {"name": "os", "table": "servers", "type": "string"},
    ],
}
REQUIRED = [("name", "*Server name"), ("ram", "*Memory (In MB)"), ("os", "*OS name")]


def _line(source: str, target: str, how: str | None = None, data_type: str = "string") -> dict[str, Any]:
    return {"source_field": source, "target_field": target, "transformation": how, "data_type": data_type}


def _errors(*lines: dict[str, Any], target: str | None = None) -> list[str]:
    service = FieldMappingService(targets.load(target) if target else None)
    return service.validate_mapping(lines, SCHEMA).errors


def test_a_type_that_differs_needs_a_transformation():
    (error,) = _errors(_line("cores", "cpus", data_type="integer"))
    assert error.startswith("Type mismatch")
    assert "transformation required for string to integer conversion" in error


@pytest.mark.parametrize(
    ("source", "how", "data_type"),
    [
        ("cores", "to_integer", "integer"),
        ("cores", 'replace(" cores", "")', "integer"),
        ("ram", None, "string"),
        ("ram", None, "float"),
        ("load", "round(0)", "integer"),
        ("cores", "trim | to_number", "float"),
    ],
)
def test_what_makes_the_type_is_taken(source: str, how: str | None, data_type: str):
    assert not _errors(_line(source, "field", how, data_type))


@pytest.mark.parametrize("how", ["trim", "upper", "to_number", "hash", "round(1)"])
def test_a_transformation_that_makes_another_type_is_a_mismatch(how: str):
    assert [e.startswith("Type mismatch") for e in _errors(_line("cores", "cpus", how, "integer"))] == [True]


@pytest.mark.parametrize(
    ("line", "begins"),
    [
        (_line("nam", "field"), "Unknown source field: nam → field: there is no column 'nam' (did you mean 'name'?)."),
        (_line("name", "field", "explode"), "Unknown transformation: name → field: In 'explode' at character 1"),
        (_line("name", "field", "split(1"), "Invalid transformation: name → field: "),
        (_line("name", "field", "concat(name, ipp)"), "Invalid transformation: name → field: it reads 'ipp'"),
        (_line("", "field"), "Nothing to map"),
    ],
)
def test_each_fault_says_what_it_is(line: dict[str, Any], begins: str):
    (error,) = _errors(line)
    assert error.startswith(begins)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ({}, "Invalid line 2: target_field: Field required."),
        ({"target_field": "x", "data_type": "text"}, "Invalid line 2: data_type: Input should be 'string', 'integer'"),
        ("x", "Invalid line 2: Input should be a valid dictionary"),
        (_line("name", ""), "Nothing to fill: name → nothing: a target field is needed."),
        (_line("name", "x") | {"source_table": "disks"}, "there is no table 'disks', only servers."),
    ],
)
def test_what_is_no_line_is_an_error_beside_those_of_the_others(line: Any, said: str):
    errors = _errors(_line("cores", "cpus", data_type="integer"), line)
    assert len(errors) == 2
    assert any(said in error for error in errors)


@pytest.mark.parametrize(
    "schema",
    [
        {"cores": "VARCHAR(20)"},
        {"cores": {"type": "text", "table": "servers"}},
        [{"name": "cores", "type": "str"}],
        {"fields": [{"name": "cores"}]},
    ],
)
def test_a_schema_may_be_said_in_any_plain_form(schema: Any):
    (error,) = FieldMappingService().validate_mapping([_line("cores", "cpus", data_type="integer")], schema).errors
    assert "string to integer conversion" in error


def test_one_target_twice_names_both_sources():
    (error,) = _errors(_line("name", "field"), _line("alias", "field"))
    assert error.startswith("Target mapped twice: field is filled by name and alias.")


def test_required_targets_that_nothing_fills_are_named_one_by_one():
    errors = _errors(*(_line(s, t, "to_integer" if s == "ram" else None) for s, t in REQUIRED), target="azure")
    assert errors == [
        "Required target field unmapped: azure server needs *Cores. Map a column to it, or give it a constant."
    ]


def test_a_constant_fills_a_required_target():
    lines = [_line(s, t) for s, t in REQUIRED] + [_line("", "*Cores", 'constant("2")', "integer")]
    assert not _errors(*lines, target="azure")


def test_an_unknown_target_field_has_a_nearest_one():
    errors = _errors(_line("name", "HostNam"), _line("ip", "ExternalId"), target="aws")
    assert any("did you mean 'HostName'?" in e for e in errors)


def test_several_tags_may_be_filled_under_one_keyed_name():
    lines = [_line("name", "mgn:server:user-provided-id")]
    lines += [_line(s, "mgn:server:tag:KEY") for s in ("alias", "os")]
    assert not [e for e in _errors(*lines, target="aws-mgn") if "twice" in e]


def test_losses_are_counted_on_the_samples():
    found = FieldMappingService().validate_mapping([_line("cores", "cpus", "to_integer", "integer")], SCHEMA)
    assert found.is_valid
    assert "Lossy conversion: cores → cpus: '8.5' and 'many' become empty." in found.warnings


def test_empty_cells_of_a_required_field_are_a_warning():
    line = _line("name", "field") | {"is_required": True}
    (warning,) = FieldMappingService().validate_mapping(line, SCHEMA).warnings
    assert warning.startswith("Empty values: name → field: 25.0% of the rows")


def test_names_with_types_are_a_schema():
    assert not FieldMappingService().validate_mapping(_line("a", "b"), {"a": "integer"}).errors


def test_a_name_in_two_tables_must_say_which():
    schema = SourceSchema.of({"fields": [{"name": "id", "table": "a"}, {"name": "id", "table": "b"}]})
    service = FieldMappingService()
    assert "say which as source_table" in service.validate_mapping(_line("id", "x"), schema).errors[0]
    assert service.validate_mapping(_line("id", "x") | {"source_table": "b"}, schema).is_valid


def test_a_valid_mapping_is_completed_with_its_tables_and_an_invalid_one_refused():
    lines = [_line("name", "HostName"), _line("ip", "IPAddress"), _line("ram", "ExternalId")]
    service = FieldMappingService(targets.load("aws"))
    fields = service.completed(lines, SCHEMA).fields
    assert {(f.source_table, f.target_table, f.origin) for f in fields} == {("servers", "server", "user")}
    with pytest.raises(MappingError, match="Unknown source field"):
        service.completed([_line("nam", "HostName")], SCHEMA)


@pytest.mark.parametrize("target", targets.names())
def test_what_is_suggested_is_accepted_as_it_stands(con, table_of: Callable[..., Any], target: str):
    rows = [
        ("CI1", "web01", "10.0.0.1", "16 GB", "8", "yes", "31/12/2020", "prod", "4.0", "Ubuntu 22.04", ""),
        ("CI2", "web02", "10.0.0.2", "512 MB", "n/a", "no", "01/02/2021", "dev", "2.5", "RHEL 8", ""),
    ]
    header = ["id", "hostname", "ip", "ram", "cpus", "virtual", "created", "env", "cpu usage avg", "os", "disks"]
    tables = (table_of("servers", header, *rows),)
    profile = profiling.profile(con, tables, today=date(2024, 1, 1))
    found = mapping.suggest(con, tables, targets.load(target), Known(profile=profile))
    kinds = {c.name: c.inferred_type for c in profile.tables[0].columns}
    errors = FieldMappingService(targets.load(target)).validate_mapping(found.assignment, kinds).errors
    assert not [e for e in errors if not e.startswith("Required target field unmapped")]


@settings(deadline=None)
@given(st.text(max_size=30), st.sampled_from(["string", "integer", "float", "boolean", "datetime", "json"]))
def test_no_text_breaks_the_check(text: str, data_type: str):
    found = FieldMappingService().validate_mapping([_line("name", "field", text, data_type)], SCHEMA)
    assert found.is_valid == (not found.errors)


def test_every_operation_says_what_type_it_makes():
    known = {"any", "same", "string", "integer", "float", "boolean", "datetime", "json"}
    assert {o.makes for o in OPERATIONS.values()} <= known
