"""Spreadsheets: what they make of codes that look like dates or large numbers when a file is opened and saved.

"3-12" comes back as "12-Mar", and a serial number of fifteen digits as "8.61234E+14". What stood there before is in no
cell any more, so a person has to look it up at the source.
"""

from __future__ import annotations

from discovery_pipeline.engine.cleansing.doubts import doubt
from discovery_pipeline.engine.cleansing.evidence import MONTHS, Evidence
from discovery_pipeline.engine.cleansing.values import Values
from discovery_pipeline.engine.findings import Finding
from discovery_pipeline.engine.profiling import headers

RARE = 0.5
"""Share of a column's cells below which such values are none of its own."""

DATES = 0.05
"""Share of a column's cells from which it holds dates itself."""

_DATE = f"length($v) <= 6 AND regexp_full_match($v, '[0-9]{{1,2}}-({MONTHS})|({MONTHS})-[0-9]{{2}}')"
_ROUNDED = r"contains($v, 'E+') AND regexp_full_match($v, '[0-9](\.[0-9]+)?E\+[0-9]{2}')"


def doubtful(values: Values, evidence: Evidence) -> list[Finding]:
    """Codes that a spreadsheet turned into dates, and those whose last digits it lost, by column."""
    found: list[Finding | None] = []
    for position, dates, rounded in _counted(values, evidence.of("text", "integer", "float")):
        seen = evidence.seen[position]
        coded = seen.digits >= RARE and seen.shares["date"] < DATES
        if coded and 0 < dates < RARE * seen.cells:
            found.append(_dates(values, position))
        named = headers.words(values.column(position).name) & headers.TEXT_NUMBER
        if rounded and (named or rounded < RARE * seen.cells):
            found.append(_rounded(values, position))
    return [finding for finding in found if finding]


def _counted(values: Values, positions: tuple[int, ...]) -> list[tuple[int, int, int]]:
    """Of each of these columns that has any: cells that look like such dates, and like such numbers."""
    if not positions:
        return []
    sums = ", ".join(
        f"coalesce(sum(cells) FILTER ({condition.replace('$v', 'value')}), 0)::BIGINT AS {name}"
        for name, condition in (("dates", _DATE), ("rounded", _ROUNDED))
    )
    return values.ask(
        f"SELECT position, {sums} FROM {{values}} WHERE position IN ({', '.join(map(str, positions))}) "
        "GROUP BY position HAVING dates + rounded > 0 ORDER BY position"
    )


def _dates(values: Values, position: int) -> Finding | None:
    return doubt(
        values,
        position,
        _DATE,
        "spreadsheet.date",
        values_are=("value looks", "values look"),
        evidence="like dates as a spreadsheet writes them, in a column that holds no dates",
        action="Look them up where the file comes from: 12-Mar may have been 3-12 or 12-3. Nothing was changed.",
    )


def _rounded(values: Values, position: int) -> Finding | None:
    return doubt(
        values,
        position,
        _ROUNDED,
        "spreadsheet.rounded",
        values_are=("value is", "values are"),
        evidence="written as a spreadsheet writes long numbers, whose last digits it drops",
        action="Export them anew as text: what the last digits were is in no cell any more. Nothing was changed.",
    )
