"""Joining: what a table that describes the rows of a feed says of them, as one value a row.

Several rows about one thing become one value: added up, listed, the first, or the one that they agree on.
"""

from __future__ import annotations

from typing import NamedTuple

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.mapping.roles import gathers
from discovery_pipeline.engine.schema.model import Description
from discovery_pipeline.engine.tables import Table
from discovery_pipeline.engine.targets.contract import TargetField


class Lent(NamedTuple):
    """Expressions over a table and its join with another one."""

    source_sql: str
    value_sql: str
    join: str


def lent(  # noqa: PLR0913, PLR0917 - two tables, how they belong together, and what is asked of the second
    field: TargetField, source_sql: str, value_sql: str, host: Table, other: Table, by: Description, number: int
) -> Lent:
    """Expressions over `other`, as such over `host`, by a join whose columns `number` tells apart."""
    own, theirs = (by.column, by.key) if host.name == by.table else (by.key, by.column)
    key, raw, value = (duck.name(f"__{what}{number}") for what in ("key", "raw", "value"))
    join = f"""
        LEFT JOIN (
            SELECT {comparable(duck.col(other.column(theirs)), by)} AS {key}, {_listed("r", ", ")} AS {raw},
                {_gathered(field)} AS {value}
            FROM (SELECT *, nullif(trim({source_sql}), '') AS r, nullif(trim({value_sql}), '') AS v
                  FROM {duck.scan(other)})
            GROUP BY ALL
        ) ON {key} = {comparable(duck.col(host.column(own)), by)}"""
    return Lent(raw, value, join)


def described(source: Table, main: Table, by: Description) -> str:
    """Whether a row of `source`, scanned as s, is about a row of the table that it describes, as SQL."""
    keys = f"SELECT {comparable(duck.col(main.column(by.key)), by)} FROM {duck.scan(main)}"
    return f"coalesce({comparable(f's.{duck.col(source.column(by.column))}', by)} IN ({keys}), false)"


def comparable(text: str, by: Description) -> str:
    """What keys are compared by."""
    plain = f"lower(trim({text}))"
    return f"split_part({plain}, '.', 1)" if by.by_label else plain


def _gathered(field: TargetField) -> str:
    """One value of the values v that are made of what is there, r."""
    match gathers(field):
        case "added up":
            total = "CAST(sum(TRY_CAST(v AS DECIMAL(28, 6))) AS VARCHAR)"
            plain = f"regexp_replace({total}, '\\.?0+$', '')"
            return f"CASE WHEN count(TRY_CAST(v AS DECIMAL(28, 6))) = count(r) THEN {plain} END"
        case "listed":
            return _listed("v", field.separator or ",")
        case "the first":
            return "first(v ORDER BY file_row_number) FILTER (v IS NOT NULL)"
        case _:
            return "CASE WHEN count(DISTINCT v) = 1 THEN min(v) END"


def _listed(value: str, separator: str) -> str:
    """The distinct values in the order of their rows, parted by the separator."""
    every = f"list({value} ORDER BY file_row_number) FILTER ({value} IS NOT NULL)"
    first = f"list_filter({every}, lambda x, i: list_position({every}, x) = i)"
    return f"array_to_string({first}, {duck.text(separator)})"
