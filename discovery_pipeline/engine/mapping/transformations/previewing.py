"""Previews: what a transformation makes of a few values, what gets lost on the way, and what can't be.

Of samples only. What the whole table loses is risk.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import takewhile

import duckdb
from pydantic import BaseModel, ConfigDict

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.mapping import transformations
from discovery_pipeline.engine.mapping.model import DataType
from discovery_pipeline.engine.mapping.transformations.operations import arguments
from discovery_pipeline.engine.tables import Source, Table, columns_named
from discovery_pipeline.errors import TransformationError

_IS: dict[str, str] = {
    "integer": r"regexp_full_match({}, '[+-]?\d+')",
    "float": "coalesce(isfinite(TRY_CAST({} AS DOUBLE)), false)",
    "boolean": "{} IN ('true', 'false')",
    "datetime": "TRY_CAST({} AS TIMESTAMP) IS NOT NULL",
    "json": "json_valid({})",
    "string": "true",
}
_READING = frozenset(("trim", "convert", "to_number", "to_integer", "to_boolean", "parse_date"))
"""Operations that write one thing in one way: "1 GB" and "1024 MB" are the same, and lose nothing by meeting."""


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True)


class Change(_Value):
    """One value before and after."""

    before: str | None
    after: str | None
    fits: bool  # whether the result is of the wanted type; nothing is of every type


class Preview(_Value):
    """What a transformation does to samples."""

    changes: tuple[Change, ...] = ()
    losses: tuple[str, ...] = ()  # what these values lose, in words
    errors: tuple[str, ...] = ()  # why the transformation can't be used, or which results are of another type


def preview(
    con: duckdb.DuckDBPyConnection,
    sample: Mapping[str, Sequence[str | None]],
    source_field: str,
    transformation: str | None,
    data_type: DataType = "string",
) -> Preview:
    """Work a transformation out on a sample.

    Parameters
    ----------
    sample
        Columns of the source table by name, all equally long: the source field, and those that the transformation
        reads besides. May be empty for a constant.
    source_field
        Empty where the transformation needs no source.

    Returns
    -------
    Preview
        One change a row of the sample. A transformation that can't be used has an error and no changes.
    """
    table = _table(sample)
    try:
        steps = transformations.parse(transformation) if transformation else transformations.Transformation(())
        sql = transformations.compile(steps, table, source_field)
        read = transformations.compile(_reading(steps), table, source_field)
    except TransformationError as error:
        return Preview(errors=(str(error),))
    before = duck.col(table.column(source_field)) if source_field else "CAST(NULL AS VARCHAR)"
    columns = ", ".join(f"unnest(?::VARCHAR[]) AS {duck.col(c)}" for c in table.columns) or "1"
    rows = con.execute(
        f"""SELECT before, after, after IS NULL OR {_IS[data_type].format("after")}, coalesce(read, before)
        FROM (SELECT {before} AS before, {arguments.stripped(sql)} AS after, {read} AS read FROM (SELECT {columns}))""",
        [list(values) for values in sample.values()],
    ).fetchall()
    changes = tuple(Change(before=b, after=a, fits=fits) for b, a, fits, _ in rows)
    misfits = dict.fromkeys(c.after for c in changes if not c.fits)
    errors = (f"{_some([m for m in misfits if m])} {'is' if len(misfits) == 1 else 'are'} not of type {data_type}",)
    return Preview(
        changes=changes,
        losses=tuple(_losses(changes, [row[3] for row in rows], steps)),
        errors=errors if misfits else (),
    )


def _table(sample: Mapping[str, Sequence[str | None]]) -> Table:
    """The sample as a table that has columns and no file."""
    rows = max(map(len, sample.values()), default=0)
    source = Source(file="sample")
    return Table.model_construct(name="sample", columns=columns_named(list(sample)), row_count=rows, source=source)


def _reading(steps: transformations.Transformation) -> transformations.Transformation:
    """The first steps, as far as they only read what a value says."""
    return transformations.Transformation(tuple(takewhile(lambda step: step.operation in _READING, steps.steps)))


def _losses(changes: Sequence[Change], read: Sequence[str | None], steps: transformations.Transformation) -> list[str]:
    """What these values lose, counted; what an operation may lose, if any value changed.

    `read` is what each value says, however it is written.
    """
    emptied = list(dict.fromkeys(c.before for c in changes if c.before and not c.after))
    after: dict[str, dict[str | None, str]] = {}
    for change, says in zip(changes, read, strict=True):
        if change.before and change.after:
            after.setdefault(change.after, {}).setdefault(says, change.before)
    merged = [f"{_some(sorted(olds.values()))} become one, {new!r}" for new, olds in after.items() if len(olds) > 1]
    said = [f"{_some(emptied)} {'becomes' if len(emptied) == 1 else 'become'} empty"] if emptied else []
    if any(step.operation == "round" for step in steps.steps):
        said += _rounded(changes, read)
    changed = any(c.before != c.after for c in changes if c.before)
    return said + merged + (list(steps.losses) if changed else [])


def _rounded(changes: Sequence[Change], read: Sequence[str | None]) -> list[str]:
    """Which values are other numbers afterwards, and what the first of them is."""
    numbers = [(c, _number(says), _number(c.after)) for c, says in zip(changes, read, strict=True)]
    other = {c.before: c.after for c, was, now in numbers if c.before and None not in (was, now) and was != now}
    if not other:
        return []
    first, becomes = next(iter(other.items()))
    whose = "" if len(other) == 1 else f"{first!r} "
    return [f"{_some(list(other))} {'is' if len(other) == 1 else 'are'} rounded, {whose}to {becomes!r}"]


def _number(text: str | None) -> float | None:
    """The number that a text is; None where it is none, or nothing is left to compare."""
    try:
        return float(text) if text else None
    except ValueError:
        return None


def _some(values: Sequence[str]) -> str:
    shown = " and ".join(map(repr, values[:2])) if len(values) < 3 else ", ".join(map(repr, values[:3]))
    return f"{shown} and {len(values) - 3} more" if len(values) > 3 else shown
