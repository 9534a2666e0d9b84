"""Types and formats: numbers, dates and yes/no, written one way in a column.

A column that keeps one way of writing keeps it: what a target wants is the mapping's to say. Only what departs
from the column, or a column without a way of its own, is rewritten.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from discovery_pipeline.engine.cleansing.evidence import Evidence
from discovery_pipeline.engine.cleansing.values import Values
from discovery_pipeline.engine.findings import Dimension, Finding, Severity
from discovery_pipeline.engine.profiling import numerals

OWN_WAY = 0.9
"""Share of cells from which a way of writing is the column's own."""

MAIN = 0.7
"""Share of a column's dates from which the others are written as they are, and not all of them anew."""

NEARLY_ALL = 0.95
"""Share of the dates of a shape that a format must write just as they are to be theirs."""

DECISIVE = 3
"""Cells with a day above 12 that it takes to tell day-month from month-day."""


def plan(values: Values, evidence: Evidence) -> None:
    """Plan numbers, then dates, then yes and no."""
    _numbers(values, evidence.of(*_NUMBERS))
    _dates(values, evidence.of("date"))
    _booleans(values, evidence.of("boolean"))


_NUMBERS = ("integer", "float", "quantity")
_UNIT = r"(\s*[%\pL][\pL/%]*\.?)?"  # what may stand behind a number
_NUMBER = r"regexp_extract($v, '^([+-]?[\d.,]*)', 1)"
_BEHIND = r"regexp_extract($v, '^[+-]?[\d.,]*(.*)$', 1)"

_COMMA_GROUPS = r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?"
_COMMA_DECIMAL = r"[+-]?(\d*|\d{1,3}(\.\d{3})+),\d+"
_POINT_DECIMAL = r"[+-]?(\d*|\d{1,3}(,\d{3})+)\.\d+"
_SURE_GROUPS = r"[+-]?\d{1,3}(,\d{3})+\.\d+|[+-]?\d{1,3}(,\d{3}){2,}"
_EITHER_COMMA, _EITHER_POINT = r"[+-]?[1-9]\d{0,2},\d{3}", r"[+-]?[1-9]\d{0,2}\.\d{3}"


def _numbers(values: Values, positions: tuple[int, ...]) -> None:
    for position, written in _numerals(values, positions).items():
        if expression := _rewritten(written):
            values.offer("number.separators", {position: expression}, "contains($v, ',') OR contains($v, '.')")


@dataclass(frozen=True, slots=True)
class _Written:
    """How many of a column's cells hold a value; how many of its values are numbers of these forms."""

    cells: int
    plain: int  # cells without a comma
    bare: int  # grouped by commas, and without a unit
    grouped: int  # by commas, as far as one can see
    comma: int  # decimals after a comma, as far as one can see
    sure_groups: int
    sure_comma: int
    sure_point: int
    either_comma: int  # "1,234": a thousand and some, or one and a bit
    either_point: int


def _numerals(values: Values, positions: tuple[int, ...]) -> dict[int, _Written]:
    """How the columns among these that have commas write their numbers, by position."""
    if not positions:
        return {}
    with_comma = values.ask(
        f"SELECT DISTINCT position FROM {{values}} WHERE position IN ({_listed(positions)}) AND contains(value, ',')"
    )
    if not with_comma:
        return {}
    forms = (
        _COMMA_GROUPS, _COMMA_DECIMAL, _SURE_GROUPS, numerals.SURE_COMMA, numerals.SURE_POINT, _EITHER_COMMA,
        _EITHER_POINT,
    )  # fmt: skip
    tests = (_COMMA_GROUPS, *(f"({form}){_UNIT}" for form in forms))
    counts = ", ".join(f"count(*) FILTER (regexp_full_match(value, '{test}'))" for test in tests)
    found = values.ask(
        f"SELECT position, sum(cells), coalesce(sum(cells) FILTER (NOT contains(value, ',')), 0), {counts} FROM "
        f"{{values}} WHERE position IN ({_listed(p for (p,) in with_comma)}) AND value IS NOT NULL "
        "GROUP BY position ORDER BY position"
    )
    return {position: _Written(*counted) for position, *counted in found}


def _rewritten(written: _Written) -> str | None:
    """The expression that writes a column's numbers as most of them are; None where that might change what one says.

    Neither "1,234" becomes "1.234" nor the other way round, and no comma goes from a column with more decimal commas
    than points: whoever reads the column by its commas would take what is left for something else.
    """
    if written.sure_comma > written.sure_point:
        mixed = written.either_comma and not _few(written.sure_point, written.sure_comma)
        kept = not written.sure_point or written.either_point or mixed
        return None if kept else _where(_POINT_DECIMAL, f"replace(replace({_NUMBER}, ',', ''), '.', ',')")
    if written.plain < (1 - OWN_WAY) * written.cells:
        return None
    if written.sure_comma and not written.sure_groups:
        mixed = written.either_point and not _few(written.sure_comma, written.sure_point)
        kept = written.either_comma or mixed
        return None if kept else _where(_COMMA_DECIMAL, f"replace(replace({_NUMBER}, '.', ''), ',', '.')")
    # "1,125 GB" may be one and an eighth wherever nothing else tells.
    alike = written.bare == written.grouped == written.comma and not written.either_point
    in_groups = written.sure_groups or written.sure_point or alike
    if not written.grouped or written.sure_comma or not in_groups:
        return None
    return _where(_COMMA_GROUPS, f"replace({_NUMBER}, ',', '')")


def _few(some: int, others: int) -> bool:
    return some <= (1 - OWN_WAY) * others


def _where(form: str, number: str) -> str:
    """An expression that writes numbers of this form so, with what stands behind them."""
    return f"CASE WHEN regexp_full_match($v, '({form}){_UNIT}') THEN {number} || {_BEHIND} ELSE $v END"


@dataclass(frozen=True, slots=True)
class _Shape:
    """A way to write a date: what it looks like, and the formats it may be read by.

    With a separator, day and month are both numbers, and the formats are day first, then month first.
    """

    name: str
    pattern: str
    formats: tuple[str, ...]
    separator: str = ""


_TIME = r"( \d{1,2}:\d{2}(:\d{2})?)?"
_SHAPES = (
    _Shape("iso", r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?", ()),
    _Shape("year first", r"\d{4}[/.-]\d{1,2}[/.-]\d{1,2}" + _TIME, ("%Y-%m-%d",)),
    *(
        _Shape(f"{digits} digits {mark}", rf"\d{{1,2}}[{mark}]\d{{1,2}}[{mark}]\d{{{digits}}}{_TIME}", formats, mark)
        for digits, formats in ((4, ("%d-%m-%Y", "%m-%d-%Y")), (2, ("%d-%m-%y", "%m-%d-%y")))
        for mark in "/.-"
    ),
    _Shape("day month", r"\d{1,2}[ -][A-Za-z]{3,9}\.?[ ,-]+\d{4}" + _TIME, ("%d-%b-%Y", "%d-%B-%Y")),
    _Shape("month day", r"[A-Za-z]{3,9}\.? \d{1,2},? \d{4}" + _TIME, ("%b-%d-%Y", "%B-%d-%Y")),
    _Shape("compact", r"(19|20)\d{6}", ("%Y%m%d",)),
)
_ISO = "%Y-%m-%d"
_DATE = r"regexp_extract($v, '^(.*?)( \d{1,2}:.*)?$', 1)"
_FORMATS: Mapping[str, tuple[str, ...]] = {
    "year first": ("%Y/%m/%d", "%Y.%m.%d", "%Y/%-m/%-d", "%Y.%-m.%-d", "%Y-%-m-%-d"),
    "day month": tuple(f"{d}{mark}{m}{mark}%Y" for mark in " -" for m in ("%B", "%b") for d in ("%d", "%-d")),
    "month day": tuple(f"{m} {d}{mark} %Y" for mark in (",", "") for m in ("%B", "%b") for d in ("%d", "%-d")),
    "compact": ("%Y%m%d",),
}
"""How dates of a shape may be written; in those with a separator the column tells day from month."""
_AMBIGUOUS = tuple(s.name for s in _SHAPES if s.separator)


_DAY = f"regexp_replace({_DATE}, '[ ,./-]+', '-', 'g')"
"""A date without the time after it, its parts between hyphens."""

_Counts = tuple[int, int, int]
"""Cells of a shape; those with a first number above 12, and with a second one."""


def _dates(values: Values, positions: tuple[int, ...]) -> None:
    for position, shapes in _written(values, positions).items():
        total = sum(cells for cells, _, _ in shapes.values())
        own = max(shapes, key=lambda s: shapes[s][0])
        orders = _orders(shapes)
        if own != "iso" and shapes[own][0] >= MAIN * total:
            shape = next(s for s in _SHAPES if s.name == own)
            if len(shapes) > 1 and (written := _format(values, position, shape, orders)):
                expression = {position: _dated(orders, written)}
                values.offer("date.column", expression, f"NOT regexp_full_match($v, '{shape.pattern}')")
            continue
        values.offer("date.iso", {position: _dated(orders, _ISO)}, "$v NOT LIKE '____-__-__%'")
        if own == "iso":
            _moments(values, position)


def _written(values: Values, positions: tuple[int, ...]) -> dict[int, dict[str, _Counts]]:
    """The shapes in which these columns write their dates, by position."""
    if not positions:
        return {}
    tests = " ".join(f"WHEN regexp_full_match(value, '{s.pattern}') THEN '{s.name}'" for s in _SHAPES)
    found = values.ask(
        rf"""
        SELECT position, shape, sum(cells)::BIGINT,
            coalesce(sum(cells) FILTER (one > 12), 0)::BIGINT, coalesce(sum(cells) FILTER (two > 12), 0)::BIGINT
        FROM (
            SELECT *, CASE WHEN shape IN {_AMBIGUOUS} THEN regexp_extract(value, '^(\d+)', 1)::INT END AS one,
                CASE WHEN shape IN {_AMBIGUOUS} THEN regexp_extract(value, '^\d+\D(\d+)', 1)::INT END AS two
            FROM (SELECT *, CASE {tests} END AS shape FROM {{values}} WHERE value IS NOT NULL AND position IN
                ({_listed(positions)}))
        ) WHERE shape IS NOT NULL GROUP BY position, shape ORDER BY position, shape"""
    )
    columns: dict[int, dict[str, _Counts]] = {}
    for position, shape, cells, days, months in found:
        columns.setdefault(position, {})[shape] = (cells, days, months)
    return columns


def _format(values: Values, position: int, shape: _Shape, orders: Mapping[str, str | None]) -> str | None:
    """The format in which nearly all dates of this shape are written; None where the column doesn't tell."""
    candidates = _FORMATS.get(shape.name, ())
    if shape.separator:
        order = orders[shape.separator]
        year = shape.formats[0][-2:]
        days = ("%d", "%m") if order == "day" else ("%m", "%d")
        padded, plain = ((f"%{mark}{days[0][1]}", f"%{mark}{days[1][1]}", year) for mark in ("", "-"))
        candidates = tuple(shape.separator.join(parts) for parts in (padded, plain)) if order else ()
    if not candidates:
        return None
    same = ", ".join(f"sum(cells) FILTER (strftime(try_strptime(d, '{f}'), '{f}') = d)" for f in candidates)
    [(total, *kept)] = values.ask(
        rf"SELECT sum(cells), {same} FROM (SELECT cells, {_DATE.replace('$v', 'value')} AS d FROM {{values}} "
        f"WHERE position = {position} AND regexp_full_match(value, '{shape.pattern}'))"
    )
    return next((f for f, n in zip(candidates, kept, strict=True) if (n or 0) >= NEARLY_ALL * total), None)


def _moments(values: Values, position: int) -> None:
    """Plan the T or the blank between date and time, as in most of the column."""
    [(with_t, with_blank)] = values.ask(
        "SELECT coalesce(sum(cells) FILTER (value LIKE '____-__-__T%'), 0), "
        "coalesce(sum(cells) FILTER (value LIKE '____-__-__ %'), 0) "
        f"FROM {{values}} WHERE position = {position}"
    )
    most = max(with_t, with_blank)
    if most < with_t + with_blank and most >= MAIN * (with_t + with_blank):
        mark, other = ("T", " ") if with_t == most else (" ", "T")
        clock = r"\d{2}:\d{2}(:\d{2}(\.\d+)?)?"
        written = rf"regexp_replace($v, '^(\d{{4}}-\d{{2}}-\d{{2}}){other}({clock})$', '\1{mark}\2')"
        values.offer("date.column", {position: written}, f"$v LIKE '____-__-__{other}%'")


def _orders(shapes: Mapping[str, _Counts]) -> dict[str, str | None]:
    """What comes first in a column's dates, by separator."""
    return {
        mark: _order(mark, [shapes[s.name] for s in _SHAPES if s.separator == mark and s.name in shapes])
        for mark in "/.-"
    }


def _order(separator: str, counts: list[_Counts]) -> str | None:
    """Which comes first in dates with this separator: "day", "month", or None where the column can't tell."""
    days, months = (sum(c[n] for c in counts) for n in (1, 2))
    # Where points are written, the day is written first.
    if (days >= DECISIVE or separator == ".") and not months:
        return "day"
    if months >= DECISIVE and not days:
        return "month"
    return None


def _dated(orders: Mapping[str, str | None], written: str) -> str:
    """An expression that writes a date in a format, and the time after it; what it can't tell it leaves."""
    time = r"regexp_extract($v, ' (\d{1,2}:.*)$', 1)"
    width = f"CASE WHEN length({time}) > 5 THEN 8 ELSE 5 END"
    clock = f"CASE WHEN {time} = '' THEN '' ELSE ' ' || lpad({time}, {width}, '0') END"
    cases = []
    for shape in _SHAPES[1:]:
        formats = list(shape.formats)
        # A short year is read in this century and the last as strptime does it.
        if shape.separator:
            order = orders[shape.separator]
            by_day, by_month = _readings(shape)
            if order == "day":
                read = by_day
            elif order == "month":
                read = by_month
            else:
                # A day above 12 tells by itself; day and month alike are the same either way.
                read = (
                    f"CASE WHEN {by_day} IS NULL OR {by_day} = {by_month} THEN {by_month} "
                    f"WHEN {by_month} IS NULL THEN {by_day} END"
                )
        else:
            read = f"try_strptime({_DAY}, {formats})"
        cases.append(f"WHEN regexp_full_match($v, '{shape.pattern}') THEN {_kept(read, written)} || {clock}")
    return f"coalesce(CASE {' '.join(cases)} END, $v)"


def _readings(shape: _Shape) -> list[str]:
    """What a date of that shape is by each of its formats; null where there is no such day."""
    return [f"try_strptime({_DAY}, '{reading}')" for reading in shape.formats]


def _kept(read: str, written: str) -> str:
    """A date in a format; null where the format would make another date of it, as short years do."""
    if "%y" not in written:
        return f"strftime({read}, '{written}')"
    short = f"strftime({read}, '{written}')"
    return f"CASE WHEN strptime({short}, '{written}') = {read} THEN {short} END"


_VOCABULARIES = (("true", "false"), ("yes", "no"), ("y", "n"), ("t", "f"), ("on", "off"), ("1", "0"))
_MEANS = {word: yes == word for yes, no in _VOCABULARIES for word in (yes, no)}


def _booleans(values: Values, positions: tuple[int, ...]) -> None:
    for position in positions:
        found = values.ask(
            f"SELECT value, sum(cells)::BIGINT FROM {{values}} WHERE position = {position} AND value IS NOT NULL "
            "GROUP BY value ORDER BY 2 DESC, value"
        )
        known = {value: cells for value, cells in found if value.lower() in _MEANS}
        if sum(known.values()) < 0.98 * sum(cells for _, cells in found):
            continue
        weight = {v: sum(c for w, c in known.items() if w.lower() in v) for v in _VOCABULARIES}
        own = max(weight, key=lambda v: weight[v])
        spelling = {_MEANS[v.lower()]: v for v in reversed(known) if v.lower() in own}
        if len(spelling) < 2:
            # Only one of the two stands in the column: the other is written in the same case.
            model = next(iter(spelling.values()))
            spelling = {meaning: _like(model, own[0] if meaning else own[1]) for meaning in (True, False)}
        listed = {v: spelling[_MEANS[v.lower()]] for v in known}
        values.offer_list("boolean.words", position, {k: v for k, v in listed.items() if k != v})


def _listed(positions: Iterable[int]) -> str:
    return ", ".join(map(str, positions))


def _like(model: str, word: str) -> str:
    if model.isupper():
        return word.upper()
    return word.capitalize() if model[:1].isupper() else word


def doubtful(values: Values, evidence: Evidence) -> list[Finding]:
    """Numbers and dates that can be read two ways, and dates that are no day, by column."""
    found = [*filter(None, (_mixed(values, p, w) for p, w in _numerals(values, evidence.of(*_NUMBERS)).items()))]
    for position, shapes in _written(values, evidence.of("date")).items():
        found += filter(None, (_ambiguous(values, position, shapes), _impossible(values, position)))
    return found


def _mixed(values: Values, position: int, written: _Written) -> Finding | None:
    """Numbers that a column with commas and points before decimals leaves open, and those with the rarer of the two."""
    open_ = written.either_comma and written.either_point and not (written.sure_comma or written.sure_point)
    if not open_ and not (written.sure_comma and written.sure_point):
        return None
    rarer = numerals.SURE_POINT if written.sure_comma > written.sure_point else numerals.SURE_COMMA
    forms = "|".join((rarer, _EITHER_COMMA, _EITHER_POINT))
    return _told(
        values, position, f"regexp_full_match($v, '({forms}){_UNIT}')", "number.ambiguous", Dimension.CONSISTENCY,
        "{} numbers of a column that writes decimals after commas and after points",
        "Say what these numbers are, or what stands before decimals in this column; nothing was changed.",
    )  # fmt: skip


def _ambiguous(values: Values, position: int, shapes: Mapping[str, _Counts]) -> Finding | None:
    """Days and months that nothing tells apart, where the column writes dates in other shapes, too."""
    orders = _orders(shapes)
    open_ = [s for s in _SHAPES if s.separator and s.name in shapes and orders[s.separator] is None]
    if not open_ or not shapes.keys() - set(_AMBIGUOUS):
        return None
    whens = " ".join(
        f"WHEN regexp_full_match($v, '{s.pattern}') THEN coalesce({' <> '.join(_readings(s))}, false)" for s in open_
    )
    return _told(
        values, position, f"CASE {whens} ELSE false END", "date.ambiguous", Dimension.CONSISTENCY,
        "{} dates can be read as day-month or as month-day, and the column shows neither",
        "Say which comes first in this column; nothing was changed.",
    )  # fmt: skip


def _impossible(values: Values, position: int) -> Finding | None:
    """Dates of a day that no calendar has."""
    whens = " ".join(
        f"WHEN regexp_full_match($v, '{s.pattern}') THEN coalesce({', '.join(_readings(s))}) IS NULL"
        for s in _SHAPES
        if s.formats
    )
    iso = f"WHEN regexp_full_match($v, '{_SHAPES[0].pattern}') THEN TRY_CAST($v[:10] AS DATE) IS NULL"
    # A cast is cheap, and reads most of what is a date.
    return _told(
        values, position, f"CASE WHEN TRY_CAST($v AS DATE) IS NOT NULL THEN false {iso} {whens} ELSE false END",
        "date.impossible", Dimension.ACCURACY, "{} dates name a day that no calendar has",
        "Look these dates up at their source, or say what they become; nothing was changed.",
    )  # fmt: skip


def _told(  # noqa: PLR0913, PLR0917 - what a finding is made of
    values: Values, position: int, condition: str, rule: str, dimension: Dimension, evidence: str, action: str
) -> Finding | None:
    """The finding on a column's values of which the condition (with `$v` for the value) holds; None without any."""
    [(count, examples)] = values.ask(
        "SELECT coalesce(sum(cells), 0)::BIGINT, max_by(value, (cells, value), 5) FROM {values} "
        f"WHERE position = {position} AND value IS NOT NULL AND ({condition.replace('$v', 'value')})"
    )
    if not count:
        return None
    return Finding(
        table=values.table.name,
        column=values.column(position).name,
        rule=rule,
        severity=Severity.WARNING,
        dimension=dimension,
        count=count,
        examples=tuple(examples),
        evidence=evidence.format(count),
        action=action,
    )
