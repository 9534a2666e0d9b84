"""Business rules: what a category says of the rest of its row.

Three kinds: an implication (retired servers have no owner), a range (production servers have 16 to 64 GB) and a
format (Windows hosts are called WIN-…). A rule is told where it holds for the category and not for the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.schema import arithmetic, orders, sampling
from discovery_pipeline.engine.schema.claims import Claim, counted
from discovery_pipeline.engine.schema.facts import Database, Facts, TableFacts, one
from discovery_pipeline.engine.schema.keys import Key
from discovery_pipeline.engine.schema.model import BusinessRule, FunctionalDependency, RuleKind
from discovery_pipeline.engine.schema.references import Reference
from discovery_pipeline.engine.schema.sampling import Coded

if TYPE_CHECKING:
    import numpy as np

SAMPLED = 4_000
MOST_CATEGORIES = 12  # values of a category, and columns that are one
MOST_MASKS = 200  # of a text; free text has more
MOST_TOLD = 30  # of each kind, a table
LEAST_SAMPLED = 20  # sampled rows of a category
LEAST_CONFIDENCE = 0.97
LEAST_OUTSIDE = 0.5  # share of the other rows that must lie outside a category's range
TAIL = 0.005  # of a category's numbers, at either end, that a range may leave out as outliers
LEAST_GAIN = 0.25  # by which a rule holds more often for its category than for all other rows

MASK = "regexp_replace(regexp_replace(regexp_replace({}, '[A-Z]+', 'A', 'g'), '[a-z]+', 'a', 'g'), '[0-9]+', '9', 'g')"


@dataclass(frozen=True, slots=True)
class _Category:
    """Rows of the sample where a column has one value."""

    column: Facts
    value: str
    rows: np.ndarray  # true where it has

    @property
    def when(self) -> str:
        return f"{self.column.value} = {duck.text(self.value)}"

    @property
    def words(self) -> str:
        return f"where {self.column.column.name} is {self.value}"


def found(
    con: duckdb.DuckDBPyConnection,
    database: Database,
    keys: Sequence[Key],
    references: Sequence[Reference],
    dependencies: Sequence[FunctionalDependency],
) -> tuple[BusinessRule, ...]:
    """The rules of all tables."""
    left_out = frozenset(
        [k.columns[0].id for k in keys if k.single and k.rank == 1]
        + [i for r in references if r.confidence >= 0.5 for i in r.ids]
    )
    known = {(d.table, d.determinant[0], d.dependent) for d in dependencies if len(d.determinant) == 1}
    rules: list[BusinessRule] = []
    for table in database.tables:
        if table.rows < LEAST_SAMPLED:
            continue
        rules += arithmetic.found(con, table, left_out)
        rules += orders.comparisons(con, table, left_out)
        rules += _by_category(con, table, left_out, known, database.breadth)
    return tuple(rules)


def _by_category(
    con: duckdb.DuckDBPyConnection,
    table: TableFacts,
    left_out: frozenset[int],
    known: set[tuple[str, str, str]],
    breadth: int,
) -> list[BusinessRule]:
    columns = [c for c in table.columns if c.filled and c.id not in left_out][:breadth]
    narrow = [c for c in columns if 2 <= c.distinct <= MOST_CATEGORIES and c.kind in ("text", "boolean", "integer")]
    if not narrow:
        return []
    narrow = sorted(narrow, key=lambda c: c.distinct)[:MOST_CATEGORIES]
    values = dict(zip(narrow, sampling.coded(con, table, [c.value for c in narrow], SAMPLED), strict=True))
    categories = [
        _Category(column, label, rows)
        for column, held in values.items()
        for code, label in enumerate(held.labels)
        if LEAST_SAMPLED <= (rows := held.codes == code).sum() < 0.95 * len(rows)
    ]
    rules: list[BusinessRule] = []
    proposed: list[tuple[RuleKind, Iterator[tuple[float, Claim]]]] = [
        ("implication", _implications(categories, values, table.name, known)),
        ("implication", _absences(con, table, categories, columns)),
        ("range", _ranges(con, table, categories, columns)),
        ("format", _formats(con, table, categories, columns)),
    ]
    for kind, proposals in proposed:
        best = [claim for _, claim in sorted(proposals, key=lambda p: -p[0])[:MOST_TOLD]]
        rules += [
            k.rule(table, kind)
            for k in counted(con, table, best, least_support=LEAST_SAMPLED, least_confidence=LEAST_CONFIDENCE - 0.02)
        ]
    return rules


def _implications(
    categories: Sequence[_Category],
    values: Mapping[Facts, Coded],
    table: str,
    known: set[tuple[str, str, str]],
) -> Iterator[tuple[float, Claim]]:
    """One value of a category goes with one value of another column; where all values do, it is a dependency."""
    for category in categories:
        for other, held in values.items():
            if other == category.column or (table, category.column.column.name, other.column.name) in known:
                continue
            best = _distinctive(held, category)
            if best:
                gain, value = best
                claim = Claim(
                    (category.column, other),
                    f"{category.words}, {other.column.name} is {value}",
                    f"{category.when} and {other.value} is not null",
                    f"{other.value} = {duck.text(value)}",
                )
                yield gain, claim


def _distinctive(held: Coded, category: _Category) -> tuple[float, str] | None:
    """The text that a category's rows share and others don't, with how much more often the category has it."""
    code, count, filled = held.most_frequent(category.rows)
    if filled < LEAST_SAMPLED or count < LEAST_CONFIDENCE * filled:
        return None
    others = held.codes[~category.rows]
    others = others[others >= 0]
    gain = count / filled - (float((others == code).mean()) if len(others) else 1.0)
    return (gain, held.labels[code]) if gain >= LEAST_GAIN else None


def _absences(
    con: duckdb.DuckDBPyConnection, table: TableFacts, categories: Sequence[_Category], columns: Sequence[Facts]
) -> Iterator[tuple[float, Claim]]:
    """A category whose rows have no value in a column that others fill, or always have one that others lack."""
    partly = [c for c in columns if 0.02 * c.rows < c.filled < 0.98 * c.rows]
    if not partly:
        return
    empty = sampling.codes(con, table, partly, SAMPLED) == 0
    for i, other in enumerate(partly):
        for category in categories:
            if category.column.id == other.id:
                continue
            within, elsewhere = empty[category.rows, i].mean(), empty[~category.rows, i].mean()
            words, then = f"{other.column.name} is empty", f"{other.value} is null"
            if within < 0.5:
                within, elsewhere = 1 - within, 1 - elsewhere
                words, then = f"{other.column.name} is filled", f"{other.value} is not null"
            if within >= LEAST_CONFIDENCE and within - elsewhere >= LEAST_GAIN:
                claim = Claim((category.column, other), f"{category.words}, {words}", category.when, then)
                yield within - elsewhere, claim


def _ranges(
    con: duckdb.DuckDBPyConnection, table: TableFacts, categories: Sequence[_Category], columns: Sequence[Facts]
) -> Iterator[tuple[float, Claim]]:
    """A category whose numbers stay in a range that the others leave."""
    import numpy as np

    numeric = [c for c in columns if c.kind in ("integer", "float") and c.distinct > MOST_CATEGORIES]
    values = sampling.numbers(con, table, numeric, SAMPLED)
    likely: list[tuple[float, _Category, Facts, np.ndarray]] = []
    for i, other in enumerate(numeric):
        for category in categories:
            within, elsewhere = values[category.rows, i], values[~category.rows, i]
            within, elsewhere = within[~np.isnan(within)], elsewhere[~np.isnan(elsewhere)]
            if len(within) < 2 * LEAST_SAMPLED or len(elsewhere) < LEAST_SAMPLED:
                continue
            outside = _outside(elsewhere, *np.quantile(within, [TAIL, 1 - TAIL], method="nearest"))
            if outside >= LEAST_OUTSIDE:
                likely.append((outside, category, other, elsewhere))
    likely = sorted(likely, key=lambda found: -found[0])[:MOST_TOLD]
    for (outside, category, other, elsewhere), bounds in zip(likely, _bounds(con, table, likely), strict=True):
        least, low, high, greatest = bounds
        if _outside(elsewhere, least, greatest) >= LEAST_OUTSIDE:  # no outliers: the range holds for all rows
            low, high = least, greatest
        claim = Claim(
            (category.column, other),
            f"{category.words}, {other.column.name} is between {low:.12g} and {high:.12g}",
            f"{category.when} and {other.typed} is not null",
            f"({other.typed})::double between {low!r} and {high!r}",
        )
        yield outside, claim


def _outside(values: np.ndarray, low: float, high: float) -> float:
    """Share of the values that are not between the bounds."""
    return 1 - float(((values >= low) & (values <= high)).mean())


def _bounds(
    con: duckdb.DuckDBPyConnection,
    table: TableFacts,
    likely: Sequence[tuple[float, _Category, Facts, np.ndarray]],
) -> tuple[tuple[float, float, float, float], ...]:
    """Over all rows: the least number of each category, the greatest, and the ones that leave out the tails."""
    if not likely:
        return ()
    points = f"[0, {TAIL}, {1 - TAIL}, 1]"
    wanted = ", ".join(
        f"quantile_disc(({other.typed})::double, {points}) filter ({category.when})" for _, category, other, _ in likely
    )
    return one(con, f"select {wanted} from {duck.scan(table.table)}")


def _formats(
    con: duckdb.DuckDBPyConnection, table: TableFacts, categories: Sequence[_Category], columns: Sequence[Facts]
) -> Iterator[tuple[float, Claim]]:
    """A category whose texts share a mask that the others don't; runs of letters and of digits count as one."""
    texts = [c for c in columns if c.kind == "text" and c.distinct > MOST_CATEGORIES and c.longest <= 60]
    masks = [MASK.format(duck.col(c.column)) for c in texts]
    for other, mask, held in zip(texts, masks, sampling.coded(con, table, masks, SAMPLED), strict=True):
        if len(held.labels) > MOST_MASKS:
            continue
        for category in categories:
            best = _distinctive(held, category)
            if best:
                gain, value = best
                claim = Claim(
                    (category.column, other),
                    f"{category.words}, {other.column.name} looks like {value}",
                    f"{category.when} and {duck.col(other.column)} is not null",
                    f"{mask} = {duck.text(value)}",
                )
                yield gain, claim
