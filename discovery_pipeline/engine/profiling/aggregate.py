"""The aggregate: everything that is counted of a table, in one query that reads it once.

Columns are read in inner selects as text (`c3`), as moment (`t3`), as number (`r3`) and as number less its centre
(`x3`), and counted in the outer one under aliases such as `c3_count`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.profiling import dates
from discovery_pipeline.engine.profiling.plan import SHORT, ColumnPlan, TablePlan, finite

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)

LONGEST_UNFIT = 80
"""Characters kept of a value that doesn't fit."""

FRESH_DAYS = 365

GROUPS = (30, 8, 1)
"""Group-bys of one query, fewer where memory doesn't do: DuckDB takes some ten MiB for each."""

COLUMNS = 200
"""Columns of one query: DuckDB plans ever slower beyond."""


def query(plan: TablePlan, relation: str, today: date, positions: Sequence[int] | None = None) -> str:
    """The SQL of the aggregate over a FROM item; one row, one alias a count.

    Parameters
    ----------
    positions
        Columns to be counted; all without it. What concerns whole rows is counted with all or with the first, and of
        a wide table apart (`of_rows`): beside what is read of columns, so many texts at once take ten times the memory.
    """
    chosen = range(len(plan.columns)) if positions is None else positions
    whole_rows = 0 in chosen and not plan.wide
    counted = [*(_of_rows(plan) if whole_rows else ()), *(s for i in chosen for s in _of_column(plan, i, today))]
    counted += [s for pair in plan.summed if pair[0] in chosen for s in _of_pair(plan, *pair)]
    needed = set(chosen) | {b for a, b in plan.summed if a in chosen}
    return (
        f"select {', '.join(counted)} from {_numbers(plan, needed, _texts(plan, needed, relation, every=whole_rows))}"
    )


def of_rows(plan: TablePlan, relation: str) -> str:
    """The SQL of what concerns whole rows; one row, the same aliases."""
    return f"select {', '.join(_of_rows(plan))} from {_texts(plan, set(), relation, every=True)}"


def in_one_group(sql: str, position: int) -> str:
    """The same query with all rows in one group, which gives no row where there are none.

    Beside a histogram or a distinct count, DuckDB keeps all rows for sums of a query without groups, in memory and
    then on disk; with groups it doesn't, and takes two thirds of the time.
    """
    return f"{sql} group by coalesce(length(c{position}), 0) < 0"


def batches(plan: TablePlan, most: int) -> Iterator[list[int]]:
    """Positions of columns that are counted together, with at most so many that take a group-by of their own."""
    batch: list[int] = []
    grouped = 0
    for i, column in enumerate(plan.columns):
        groups = column.watched if not column.dense else not (plan.wide and column.few)
        if batch and (grouped + groups > most or len(batch) == COLUMNS):
            yield batch
            batch, grouped = [], 0
        batch.append(i)
        grouped += groups
    yield batch


def _texts(plan: TablePlan, needed: set[int], relation: str, *, every: bool) -> str:
    read = [f"{duck.col(p.column)} as c{i}" for i, p in enumerate(plan.columns) if every or i in needed]
    return f"(select {', '.join(read)} from {relation}) as texts"


def _numbers(plan: TablePlan, needed: set[int], texts: str) -> str:
    """The FROM item with moments and numbers beside the texts."""
    planned = [(i, plan.columns[i]) for i in sorted(needed) if plan.columns[i].edges]
    dated = [(i, p.typed.formats.names) for i, p in planned if p.typed.formats and not p.dense]
    numbers = [(i, p) for i, p in planned if not p.dense or i in plan.paired]
    if not numbers:
        return texts
    from_item = _moments(dated, texts) if dated else texts
    read = [
        f"{finite(str(p.typed.number(f'c{i}'))) if p.typed.is_number else f'epoch(t{i})'} as r{i}" for i, p in numbers
    ]
    centred = [f"r{i} - {_double(p.centre)} as x{i}" for i, p in numbers]
    return f"(select *, {', '.join(centred)} from (select *, {', '.join(read)} from {from_item}) as numbers) as centred"


def _moments(dated: Sequence[tuple[int, tuple[str, ...]]], texts: str) -> str:
    """The FROM item with moments: `t3` by the first format that fits, which alone of `t3_0`, `t3_1` … is no NULL.

    A format is only tried where none before it fits: to fail at one costs ten times as much as to read it.
    """
    from_item = texts
    for k in range(max(len(names) for _, names in dated)):
        tried = [
            f"{_where_null(i, k, dates.one_reading(names[k], f'c{i}'))} as t{i}_{k}"
            for i, names in dated
            if k < len(names)
        ]
        from_item = f"(select *, {', '.join(tried)} from {from_item}) as moments_{k}"
    found = ", ".join(f"{dates.coalesced([f't{i}_{k}' for k in range(len(names))])} as t{i}" for i, names in dated)
    return f"(select *, {found} from {from_item}) as moments"


def _where_null(i: int, k: int, read: str) -> str:
    if not k:
        return read
    return f"case when {dates.coalesced([f't{i}_{before}' for before in range(k)])} is null then {read} end"


def _of_rows(plan: TablePlan) -> Iterator[str]:
    yield "count(*) as all_rows"
    if plan.key is None:
        yield f"count(distinct hash({', '.join(f'c{i}' for i in range(len(plan.columns)))})) as different_rows"
    else:
        # By hash, which takes a third of the memory; nulls have one too.
        yield f"count(distinct case when c{plan.key} is not null then hash(c{plan.key}) end) as different_keys"
    if plan.masked:
        bits = " + ".join(f"case when c{i} is null then {1 << bit} else 0 end" for bit, i in enumerate(plan.masked))
        yield f"histogram({bits}) as null_masks"


def _of_column(plan: TablePlan, i: int, today: date) -> Iterator[str]:
    column, c = plan.columns[i], f"c{i}"
    yield f"count({c}) as {c}_count"
    if column.dense:
        named = ", ".join(map(duck.text, column.few))
        yield f"histogram_exact({c}, [{named}]) as {c}_named" if plan.wide and named else _values(i)
        return
    if not plan.exact:
        yield f"approx_count_distinct({c}) export_state as {c}_registers"
        if column.candidates:
            yield f"histogram_exact({c}, [{', '.join(map(duck.text, column.candidates))}]) as {c}_frequent"
    if column.watched:
        yield _unfit(column, i)
    if not column.edges:
        yield from _of_texts(c)
        return
    yield from _of_numbers(plan, i)
    if column.typed.is_date:
        yield from _of_dates(column, i, today)


def _values(i: int) -> str:
    """The count of each value."""
    return f"histogram(c{i}) as c{i}_values"


def _unfit(column: ColumnPlan, i: int) -> str:
    """The count of each null token and each value that doesn't fit the column's type."""
    c, r = f"c{i}", f"r{i}"
    if not column.edges:
        return f"histogram({_null_token(column, c)}) as {c}_unfit"
    misfit = f"{r} is null" + (f" or {r} <> floor({r})" if column.typed.type == "integer" else "")
    return f"histogram(case when {misfit} then left({c}, {LONGEST_UNFIT}) end) as {c}_unfit"


def _of_texts(c: str) -> Iterator[str]:
    yield f"min(length({c})) as {c}_shortest"
    yield f"max(length({c})) as {c}_longest"
    yield f"sum(length({c})) as {c}_characters"
    yield f"min({c}) as {c}_low"
    yield f"max({c}) as {c}_high"


def _of_numbers(plan: TablePlan, i: int) -> Iterator[str]:
    column, c, r, x = plan.columns[i], f"c{i}", f"r{i}", f"x{i}"
    if column.typed.type == "integer" and not column.watched:
        yield f"count(case when {r} <> floor({r}) then 1 end) as {c}_fractions"
    yield f"count({r}) as {c}_numbers"
    yield f"min({r}) as {c}_least"
    yield f"max({r}) as {c}_greatest"
    yield f"sum({x}) as {c}_s1"
    yield f"sum({x} * {x}) as {c}_s2"
    yield f"sum({x} * {x} * {x}) as {c}_s3"
    yield f"sum({x} * {x} * {x} * {x}) as {c}_s4"
    # A histogram's bars hold their upper edge; those of the mirrored values hold the lower one, as ours do.
    mirrored = ", ".join(_double(-e) for e in reversed(column.edges))
    yield f"map_values(histogram(-{r}, [{mirrored}])) as {c}_mirrored"
    if plan.exact:
        yield f"quantile_cont({r}, [{', '.join(map(str, QUANTILES))}]) as {c}_quantiles"


def _of_dates(column: ColumnPlan, i: int, today: date) -> Iterator[str]:
    c, t = f"c{i}", f"t{i}"
    year = today - timedelta(days=FRESH_DAYS)
    tomorrow = today + timedelta(days=1)
    yield f"min({t}) as {c}_earliest"
    yield f"max({t}) as {c}_latest"
    yield f"count(case when {t} >= date '{tomorrow}' then 1 end) as {c}_ahead"
    yield f"count(case when {t} >= date '{year}' and {t} < date '{tomorrow}' then 1 end) as {c}_fresh"
    if column.typed.formats:
        yield from (f"count({t}_{k}) as {c}_format_{k}" for k in range(len(column.typed.formats.names)))


def format_of(names: Sequence[str], column: str) -> str:
    """The SQL of the position of the first format that reads a value; NULL where none does."""
    cases = " ".join(f"when {dates.one_reading(f, column)} is not null then {k}" for k, f in enumerate(names))
    return f"case {cases} end"


def _null_token(column: ColumnPlan, c: str) -> str:
    """The SQL of a value that is a null token, else NULL; nearly free where values are longer than tokens are.

    Long null tokens are only looked for where the sample has one of them.
    """
    tokens = [t for t in sorted(column.nothing) if column.has_long_token or len(t) <= SHORT]
    known = ", ".join(map(duck.text, tokens))
    longest = max(map(len, tokens))
    return f"case when length({c}) <= {longest} then case when lower(trim({c})) in ({known}) then {c} end end"


def _of_pair(plan: TablePlan, a: int, b: int) -> Iterator[str]:
    yield f"sum(x{a} * x{b}) as p{a}_{b}_xy"
    if plan.columns[a].complete and plan.columns[b].complete:
        return
    both = f"filter (where x{a} is not null and x{b} is not null)"
    yield f"count(*) {both} as p{a}_{b}_n"
    yield f"sum(x{a}) {both} as p{a}_{b}_x"
    yield f"sum(x{b}) {both} as p{a}_{b}_y"
    yield f"sum(x{a} * x{a}) {both} as p{a}_{b}_xx"
    yield f"sum(x{b} * x{b}) {both} as p{a}_{b}_yy"


def second_look(plan: TablePlan, relation: str, positions: Sequence[int]) -> str:
    """The SQL that counts what the sample of these columns had nothing of, and the whole has."""
    columns = plan.columns
    counted = ", ".join(_values(i) if columns[i].dense else _unfit(columns[i], i) for i in positions)
    needed = set(positions)
    return f"select {counted} from {_numbers(plan, needed, _texts(plan, needed, relation, every=False))}"


def different_rows(plan: TablePlan, relation: str) -> str:
    """The SQL that counts different rows alone."""
    every = ", ".join(duck.col(p.column) for p in plan.columns)
    return f"select count(distinct hash({every})) from {relation}"


def most_frequent(plan: TablePlan, relation: str, positions: Sequence[int], top: int) -> str:
    """The SQL that counts each value of these columns: position, distinct values, the top ones.

    Each column has a group-by of its own, which takes half the time of one for all. Of a wide table, opening the file
    for each takes fifty times as long as the group-by.
    """
    texts = {i: duck.col(plan.columns[i].column) for i in positions}
    told = f"count(*) as distinct_values, max({{'n': n, 'v': v}}, {top}) as top"
    if plan.wide:
        cells = f"select unnest({[*texts]}) as position, unnest([{', '.join(texts.values())}]) as v from {relation}"
        counted = f"select position, v, count(*) as n from ({cells}) as cells where v is not null group by all"
        return f"select position, {told} from ({counted}) as counted group by position"
    return " union all ".join(
        f"select {i} as position, {told} from "
        f"(select {text} as v, count(*) as n from {relation} where {text} is not null group by 1) as counted"
        for i, text in texts.items()
    )


def _double(number: float) -> str:
    """A literal that SQL reads as a double, and as this one."""
    written = repr(float(number))
    return written if "e" in written else f"{written}e0"
