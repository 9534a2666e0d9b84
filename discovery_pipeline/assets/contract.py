"""Contracts in Dagster: a pandera model becomes a column schema and an asset check.

dagster-pandera fails the step and pins an older pandas, so this adapter is ours: a frame that breaks
its contract is a failed check with its cases as metadata.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from discovery_pipeline.assets.partitions import flows
from discovery_pipeline.engine import duck

if TYPE_CHECKING:
    import duckdb
    import pandas as pd
    import pandera.pandas as pa

VECTORS = 20  # of 2,048 rows each: 100 MB of strings less than with a hundred, and no slower
CASES = 10
"""Failure cases shown with a failed check; their values stay out of the metadata."""


def gate(name: str, asset: str, description: str, of: dg.PartitionsDefinition | None = flows) -> dg.AssetCheckSpec:
    """A check that the next stage waits for, since it would be wrong without it."""
    return _check(name, asset, description, of, blocking=True)


def spec(asset: str, of: dg.PartitionsDefinition | None = flows) -> dg.AssetCheckSpec:
    """The check that holds an asset to its contract."""
    return gate("contract", asset, "The table keeps the contract of its stage.", of)


def watch(name: str, asset: str, description: str, of: dg.PartitionsDefinition | None = flows) -> dg.AssetCheckSpec:
    """A check for what a person should look at; nothing waits for it."""
    return _check(name, asset, description, of, blocking=False)


def _check(
    name: str, asset: str, description: str, of: dg.PartitionsDefinition | None, *, blocking: bool
) -> dg.AssetCheckSpec:
    """A check that each partition has its own state of, so that one flow's failure is none of another's."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.PreviewWarning)
        return dg.AssetCheckSpec(name, asset=asset, description=description, blocking=blocking, partitions_def=of)


def watched(
    name: str, said: str, cases: Sequence[Mapping[str, Any]], passed: bool | None = None
) -> dg.AssetCheckResult:
    """What such a check found, with its worst cases first: places and counts, no values. None is well."""
    return dg.AssetCheckResult(
        passed=not cases if passed is None else passed,
        check_name=name,
        severity=dg.AssetCheckSeverity.WARN,
        description=said,
        metadata={"found": len(cases)} | ({"cases": table(cases[:CASES])} if cases else {}),
    )


def column_schema(model: type[pa.DataFrameModel]) -> dg.TableSchema:
    """The columns of a contract, as Dagster shows them."""
    schema = model.to_schema()
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name,
                type=str(column.dtype).partition("[")[0],  # not where strings are kept
                description=column.description,
                constraints=dg.TableColumnConstraints(
                    nullable=bool(column.nullable),
                    unique=bool(column.unique),
                    other=[_in_words(check) for check in column.checks],
                ),
            )
            for name, column in schema.columns.items()
        ]
    )


def _in_words(rule: pa.Check) -> str:
    """A rule of a contract as a person reads it."""
    stated = dict(rule.statistics or {})
    match rule.name:
        case "greater_than_or_equal_to":
            return f"≥ {stated['min_value']}"
        case "less_than_or_equal_to":
            return f"≤ {stated['max_value']}"
        case "isin":
            return f"one of {', '.join(map(str, stated['allowed_values']))}"
        case "str_length":
            return "not empty"
        case _:
            return str(rule.error or rule.name)


def held(
    model: type[pa.DataFrameModel], frames: Iterable[pd.DataFrame], asset: dg.AssetKey | None = None
) -> dg.AssetCheckResult:
    """Hold the frames of a table to its contract, one after the other; every failed rule is counted.

    `asset` is said where a step makes several.
    """
    from pandera.errors import SchemaErrors

    rows, failed = 0, {}
    for frame in frames:
        rows += len(frame)
        try:
            _asked(model, frame).validate(frame, lazy=True)
        except SchemaErrors as broken:
            for rule, count in _counted(broken.failure_cases).items():
                failed[rule] = failed.get(rule, 0) + count
    return dg.AssetCheckResult(
        passed=not failed,
        asset_key=asset,
        check_name="contract",
        description=None if not failed else f"{sum(failed.values())} cases in {len(failed)} rules",
        metadata={"rows": rows, "contract": model.__name__} | ({"failures": _table(failed)} if failed else {}),
    )


def _asked(model: type[pa.DataFrameModel], frame: pd.DataFrame) -> pa.DataFrameSchema:
    """What is left to ask of the frame: its types only where they are others.

    Pandera looks at text value by value and, before it knows of any, describes those that aren't; by far the longest of
    its checks.
    """
    schema = model.to_schema()
    said = {name: column.dtype for name, column in schema.columns.items()}
    as_said = all(said[name].type == held for name, held in frame.dtypes.items() if name in said)
    return _untyped(model) if as_said else schema


@cache
def _untyped(model: type[pa.DataFrameModel]) -> pa.DataFrameSchema:
    schema = model.to_schema()
    return schema.update_columns({name: {"dtype": None} for name in schema.columns})


def batches(con: duckdb.DuckDBPyConnection, file: Path, columns: Sequence[str]) -> Iterator[pd.DataFrame]:
    """Those columns of a Parquet file, about 40,000 rows at a time."""
    con.execute(f"SELECT {', '.join(map(duck.name, columns))} FROM {duck.parquet(file)}")
    while len(batch := con.fetch_df_chunk(VECTORS)):
        yield batch


def _counted(cases: pd.DataFrame) -> dict[tuple[str, str], int]:
    counts: dict[tuple[str, str], int] = {}
    for column, check in zip(cases["column"], cases["check"], strict=True):
        key = (str(column), str(check))
        counts[key] = counts.get(key, 0) + 1
    return counts


def _table(failed: dict[tuple[str, str], int]) -> Any:
    worst = sorted(failed.items(), key=lambda item: -item[1])[:CASES]
    return table([{"column": c, "rule": r, "cases": n} for (c, r), n in worst])


def table(rows: Sequence[Mapping[str, Any]]) -> dg.TableMetadataValue:
    """Rows of the same keys, at least one, as Dagster shows a table."""
    columns = [dg.TableColumn(name, "int" if isinstance(value, int) else "string") for name, value in rows[0].items()]
    return dg.MetadataValue.table([dg.TableRecord(dict(row)) for row in rows], schema=dg.TableSchema(columns))
