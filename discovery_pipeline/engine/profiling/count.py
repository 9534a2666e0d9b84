"""Counting: a plan carried out on a source or on a part of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import duckdb

from discovery_pipeline.engine.profiling import aggregate, periods
from discovery_pipeline.engine.profiling.aggregate import FRESH_DAYS
from discovery_pipeline.engine.profiling.partial import Calendar, ColumnPartial, Moments2, TablePartial, Texts
from discovery_pipeline.engine.profiling.plan import SHORT, ColumnPlan, TablePlan, finite
from discovery_pipeline.engine.profiling.sketch import Buckets, Moments

TOP = 10

TOGETHER = 40
"""Columns of which one query counts every value: of 600 at once DuckDB took ten GiB."""

Answer = Mapping[str, Any]


def count(con: duckdb.DuckDBPyConnection, plan: TablePlan, relation: str, today: date) -> TablePartial:
    """Count what the plan says in one reading of the relation (two where the table is small enough to be exact)."""
    answer = _answer(con, plan, relation, today)
    if alarming := [i for i, column in enumerate(plan.columns) if _alarms(column, answer, i)]:
        for some in _parted(alarming):
            answer |= _row(con, aggregate.second_look(plan, relation, some))
    exact = _exactly(con, plan, relation) if plan.exact else {}
    columns = []
    for i, column in enumerate(plan.columns):
        if column.dense:
            columns.append(_dense(con, column, answer, i, today))
            continue
        distinct, frequent = exact.get(i, (None, {}))
        columns.append(_sparse(column, answer, i, answer["different_keys"] if i == plan.key else distinct, frequent))
    rows = answer["all_rows"]
    return TablePartial(
        rows=rows,
        duplicates=_duplicates(con, plan, relation, answer),
        columns=tuple(columns),
        pairs=_pairs(plan, answer, columns, rows),
        nulls=answer.get("null_masks") or {},
    )


def _duplicates(con: duckdb.DuckDBPyConnection, plan: TablePlan, relation: str, answer: Answer) -> int:
    """Rows that repeat an earlier one. Where a key stands once in each row, there are none."""
    rows: int = answer["all_rows"]
    if plan.key is None:
        return rows - answer["different_rows"]
    if answer["different_keys"] == rows:
        return 0
    different = con.execute(aggregate.different_rows(plan, relation)).fetchall()[0][0]
    return rows - different


def _answer(con: duckdb.DuckDBPyConnection, plan: TablePlan, relation: str, today: date) -> dict[str, Any]:
    for most in aggregate.GROUPS[:-1]:
        try:
            return _batched(con, plan, relation, today, most)
        except duckdb.OutOfMemoryException:
            continue
    return _batched(con, plan, relation, today, aggregate.GROUPS[-1])


def _batched(con: duckdb.DuckDBPyConnection, plan: TablePlan, relation: str, today: date, most: int) -> dict[str, Any]:
    answer = _row(con, aggregate.of_rows(plan, relation)) if plan.wide else {}
    for positions in aggregate.batches(plan, most):
        sql = aggregate.query(plan, relation, today, positions)
        answer |= _row(con, aggregate.in_one_group(sql, positions[0])) or _row(con, sql)
    return answer


def _row(con: duckdb.DuckDBPyConnection, sql: str) -> dict[str, Any]:
    """The first row of the answer by its names; empty where there is none."""
    result = con.execute(sql)
    names = [d[0] for d in result.description or ()]
    return next((dict(zip(names, row, strict=True)) for row in result.fetchall()), {})


def _alarms(column: ColumnPlan, answer: Answer, i: int) -> bool:
    """Whether a column may have values that don't fit, of which the sample had none."""
    if column.dense:
        named = answer.get(f"c{i}_named")
        return named is not None and sum(named.get(v, 0) for v in column.few) < answer[f"c{i}_count"]
    if column.watched:
        return False
    if not column.edges:
        return (answer[f"c{i}_shortest"] or SHORT + 1) <= SHORT
    return answer[f"c{i}_numbers"] < answer[f"c{i}_count"] or bool(answer.get(f"c{i}_fractions"))


def _exactly(con: duckdb.DuckDBPyConnection, plan: TablePlan, relation: str) -> dict[int, tuple[int, dict[str, int]]]:
    sparse = [i for i, column in enumerate(plan.columns) if not column.dense]
    counted = (con.execute(aggregate.most_frequent(plan, relation, some, TOP)).fetchall() for some in _parted(sparse))
    return {i: (n, {t["v"]: t["n"] for t in top or ()}) for found in counted for i, n, top in found}


def _parted(positions: Sequence[int]) -> Iterator[Sequence[int]]:
    for first in range(0, len(positions), TOGETHER):
        yield positions[first : first + TOGETHER]


def _dense(con: duckdb.DuckDBPyConnection, column: ColumnPlan, answer: Answer, i: int, today: date) -> ColumnPartial:
    values: dict[str, int] = answer.get(f"c{i}_values") or _named(column, answer.get(f"c{i}_named") or {})
    plain = ColumnPartial(count=answer[f"c{i}_count"], values=values, distinct=len(values))
    if not column.edges or not values:
        return plain
    numbers, formats = _read(con, column, values)
    told = sorted((n, values[v]) for v, n in numbers.items() if n is not None)
    integer = column.typed.type == "integer"
    unfit = {v: c for v, c in values.items() if (n := numbers.get(v)) is None or (integer and n != int(n))}
    by_format: dict[str, int] = {}
    for value, name in formats.items():
        by_format[name] = by_format.get(name, 0) + values[value]
    return ColumnPartial(
        count=plain.count,
        values=values,
        distinct=plain.distinct,
        unfit=unfit,
        numbers={v: n for v, n in numbers.items() if n is not None},
        moments=Moments.of(told, column.centre),
        buckets=Buckets.of(told, column.edges),
        calendar=_calendar(told, today) if column.typed.is_date else None,
        by_format=by_format,
    )


def _named(column: ColumnPlan, counted: Mapping[str, int]) -> dict[str, int]:
    return {v: n for v in column.few if (n := counted.get(v, 0))}


def _read(
    con: duckdb.DuckDBPyConnection, column: ColumnPlan, values: Mapping[str, int]
) -> tuple[dict[str, float | None], dict[str, str]]:
    """The numbers of a dense column's values, and the formats of its dates."""
    number = finite(str(column.typed.number("v")))
    names = list(column.typed.formats.names) if column.typed.formats else []
    place = aggregate.format_of(names, "v") if names else "null"
    rows = con.execute(
        f"select v, {number}, {place} from (select unnest(?::varchar[]) as v)", [list(values)]
    ).fetchall()
    numbers: dict[str, float | None] = {v: n for v, n, _ in rows}
    formats: dict[str, str] = {v: names[k] for v, _, k in rows if k is not None}
    return numbers, formats


def _calendar(told: Sequence[tuple[float, int]], today: date) -> Calendar | None:
    if not told:
        return None
    tomorrow = datetime.combine(today, datetime.min.time()) + timedelta(days=1)
    year = tomorrow - timedelta(days=FRESH_DAYS + 1)
    moments = [(periods.moment(n), c) for n, c in told]
    return Calendar(
        earliest=moments[0][0],
        latest=moments[-1][0],
        ahead=sum(c for m, c in moments if m >= tomorrow),
        fresh=sum(c for m, c in moments if year <= m < tomorrow),
    )


def _sparse(
    column: ColumnPlan, answer: Answer, i: int, distinct: int | None, frequent: Mapping[str, int]
) -> ColumnPartial:
    def get(name: str) -> Any:
        return answer.get(f"c{i}_{name}")

    registers = get("registers")
    counted = get("frequent") or {}
    return ColumnPartial(
        count=get("count"),
        unfit=get("unfit") or {},
        registers=tuple(registers["registers"]) if registers else None,
        distinct=distinct,
        quantiles=tuple(get("quantiles")) if get("quantiles") else None,
        frequent=frequent or {v: counted[v] for v in column.candidates if counted.get(v)},
        texts=_texts(answer, i) if get("shortest") is not None else None,
        moments=_moments(column, answer, i) if get("numbers") else None,
        buckets=_buckets(column, get("mirrored"), get("numbers")) if get("numbers") else None,
        calendar=_counted_calendar(answer, i) if get("earliest") else None,
        by_format=_formats(column, answer, i) if column.edges else {},
    )


def _texts(answer: Answer, i: int) -> Texts:
    shortest, longest, characters = (int(answer[f"c{i}_{name}"]) for name in ("shortest", "longest", "characters"))
    return Texts(shortest, longest, characters, answer[f"c{i}_low"], answer[f"c{i}_high"])


def _moments(column: ColumnPlan, answer: Answer, i: int) -> Moments:
    n, *rest = (answer[f"c{i}_{name}"] for name in ("numbers", "s1", "s2", "s3", "s4", "least", "greatest"))
    return Moments(column.centre, n, *rest)


def _buckets(column: ColumnPlan, mirrored: Sequence[int], numbers: int) -> Buckets:
    # What lies below the first edge comes last in the mirror, and only where there is any.
    above = list(mirrored[: len(column.edges)])
    return Buckets(column.edges, (numbers - sum(above), *reversed(above)))


def _counted_calendar(answer: Answer, i: int) -> Calendar:
    names = ("earliest", "latest", "ahead", "fresh")
    return Calendar(*(answer[f"c{i}_{name}"] for name in names))


def _formats(column: ColumnPlan, answer: Answer, i: int) -> dict[str, int]:
    names = column.typed.formats.names if column.typed.formats else ()
    return {name: n for k, name in enumerate(names) if (n := answer[f"c{i}_format_{k}"])}


def _pairs(
    plan: TablePlan, answer: Answer, columns: Sequence[ColumnPartial], rows: int
) -> dict[tuple[int, int], Moments2]:
    found = {}
    for a, b in plan.summed:
        xy, n = answer[f"p{a}_{b}_xy"], answer.get(f"p{a}_{b}_n")
        if xy is None:
            continue
        if n is not None:
            x, y, xx, yy = (answer[f"p{a}_{b}_{name}"] for name in ("x", "y", "xx", "yy"))
            found[a, b] = Moments2(n, x, y, xx, yy, xy)
            continue
        left, right = columns[a].moments, columns[b].moments
        # The sample had a number in every row; where the table hasn't, single sums don't belong to the pairs.
        if left and right and left.n == right.n == rows:
            found[a, b] = Moments2(rows, left.s1, right.s1, left.s2, right.s2, xy)
    return found
