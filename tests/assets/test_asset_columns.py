"""What Dagster's pages say of a target's column."""

from __future__ import annotations

from discovery_pipeline.assets import lineage
from discovery_pipeline.engine import targets
from discovery_pipeline.engine.mapping.model import MappedField, Mapping


def filled(table: str, column: str | None, transformation: str = "") -> MappedField:
    """The server's host name, filled from that column."""
    return MappedField.model_construct(
        source_table=table,
        source_field=column,
        target_table="server",
        target_field="HostName",
        transformation=transformation,
    )


def told(*fields: MappedField) -> str | None:
    (column,) = lineage.target_columns([Mapping(target="aws", fields=fields)], [targets.load("aws")]).columns
    assert column.name == "aws.server.HostName"
    return column.description


def test_it_says_which_column_it_is_made_of_and_how():
    assert told(filled("servers", "name")) == "servers.name, as it is"
    assert told(filled("servers", "name", "trim() | lower()")) == "servers.name, trim | lower"


def test_it_names_every_column_where_rows_of_several_tables_fill_it():
    both = told(filled("servers", "name"), filled("vms", "DNS Name", "lower()"))
    assert both == "servers.name, as it is; vms.DNS Name, lower"


def test_a_constant_comes_from_no_column_and_is_not_shown():
    said = told(filled("servers", None, "constant('secret')"))
    assert said is not None
    assert said.startswith("a constant")
    assert "secret" not in said
