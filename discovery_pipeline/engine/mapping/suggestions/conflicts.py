"""Conflicts: several columns for one target field, with what they hold in common and how they may be joined.

A choice is a person's. What they need for it is counted here: where each column is filled, where they agree, and what
stands where they don't.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet

import duckdb

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.mapping import transformations
from discovery_pipeline.engine.mapping.model import Conflict, MappedField, Match, Suggestions
from discovery_pipeline.engine.tables import Table
from discovery_pipeline.errors import TransformationError

ROWS = 100_000
"""Rows that are looked at."""

_EXAMPLES = 3
_LONGEST = 40  # characters of an example
_RIVALS = 3  # columns beside the one that is assigned
_LIKELY = 0.5  # confidence of a rival
_AGREED = 0.5  # share of the rows that both fill from which one may stand in for the other

Line = tuple[str, str | None]
"""A column, and the transformation that it goes through."""


def explained(
    con: duckdb.DuckDBPyConnection, table: Table, lines: Sequence[Line], *, examples: bool = True
) -> Conflict | None:
    """What columns of one table that would fill one field have in common; None where a line can't be worked out.

    `lines` stand in the order in which they are preferred; `examples` are values, to be left out of personal data.
    """
    try:
        made = [transformations.compile(_parsed(how), table, name) for name, how in lines]
    except TransformationError:
        return None
    names = [duck.name(f"v{i}") for i in range(len(made))]
    values = ", ".join(f"nullif(trim({sql}), '') AS {name}" for sql, name in zip(made, names, strict=True))
    listed = f"list_filter([{', '.join(names)}], lambda x: x IS NOT NULL)"
    several, alike = f"len({listed}) > 1", f"len(list_distinct(list_transform({listed}, lambda x: lower(x)))) = 1"
    with con.cursor() as own:
        first = f"FROM {duck.scan(table)} LIMIT {ROWS}"
        own.execute(f"CREATE OR REPLACE TEMP TABLE rivals AS SELECT {values} FROM ({first})")
        counted = own.execute(
            f"SELECT count(*), count(*) FILTER ({several}), count(*) FILTER ({several} AND {alike}),"
            f" {', '.join(f'count({name})' for name in names)} FROM rivals"
        ).fetchone()
        shown = own.execute(
            f"SELECT DISTINCT {', '.join(names)} FROM rivals WHERE {several} AND NOT {alike}"
            f" ORDER BY ALL LIMIT {_EXAMPLES}"
        ).fetchall()
    rows, together, agree, *filled = counted or (0, 0, 0, *(0 for _ in names))
    order = sorted(range(len(lines)), key=lambda i: -filled[i])
    fields = tuple(lines[i][0] for i in order)
    return Conflict(
        source_table=table.name,
        source_fields=fields,
        rows=rows,
        filled=tuple(filled[i] for i in order),
        together=together,
        agree=agree,
        examples=tuple(tuple((row[i] or "")[:_LONGEST] for i in order) for row in shown) if examples else (),
        transformation=_joined([lines[i] for i in order], together, agree, gained=filled[order[0]] < rows),
    )


def found(
    con: duckdb.DuckDBPyConnection,
    tables: Iterable[Table],
    suggestions: Suggestions,
    personal: AbstractSet[tuple[str, str]] = frozenset(),
) -> tuple[Conflict, ...]:
    """Fields that a second column would fill, had the first not been assigned; nothing is left out silently.

    Examples are left out of columns that hold personal data, which `personal` names by table and column.
    """
    used = {(f.source_table, name) for f in suggestions.assignment for name in transformations.read_by(f)}
    rivals: dict[tuple[str, str, str], list[Match]] = defaultdict(list)
    for match in suggestions.matches:
        best = match.rank == 1 and match.confidence >= _LIKELY
        if best and (match.source_table, match.source_field) not in used:
            rivals[match.place].append(match)
    known = {table.name: table for table in tables}
    conflicts = []
    for field in suggestions.assignment:
        others = rivals.get(field.place, [])
        if not others or not field.source_field:
            continue
        chosen = sorted(others, key=lambda m: -m.confidence)[:_RIVALS]
        lines = [(each.source_field, each.transformation) for each in (field, *chosen)]
        shown = not any((field.source_table, name) in personal for name, _ in lines)
        conflict = explained(con, known[field.source_table], lines, examples=shown)
        if conflict:
            conflicts.append(_placed(conflict, field))
    return tuple(conflicts)


def _placed(conflict: Conflict, field: MappedField) -> Conflict:
    place = {"target_table": field.target_table, "target_field": field.target_field, "assigned": field.source_field}
    return conflict.model_copy(update=place)


def _parsed(how: str | None) -> transformations.Transformation:
    return transformations.parse(how) if how else transformations.Transformation(())


def _joined(lines: Sequence[Line], together: int, agree: int, *, gained: bool) -> str | None:
    """What makes one value of all of them, the fullest first; None where they differ, or the first has all there is."""
    if not gained or (together and agree < _AGREED * together) or len({how for _, how in lines}) > 1:
        return None
    others = ", ".join(transformations.named(name) for name, _ in lines[1:])
    how = lines[0][1]
    return f"coalesce({others}) | {how}" if how else f"coalesce({others})"
