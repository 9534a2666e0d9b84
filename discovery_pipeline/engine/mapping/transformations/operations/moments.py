"""Moments: dates in the formats that a source writes them in, and counts since some day."""

from __future__ import annotations

import re
from collections.abc import Sequence

from discovery_pipeline.engine import duck, months
from discovery_pipeline.engine.mapping.transformations.operations.arguments import (
    Argument,
    Misfit,
    Resolve,
    must_run,
    texts,
)
from discovery_pipeline.engine.mapping.transformations.operations.numbers import to_number

_EARLIEST = "1000-01-01"  # before it, a year was written with fewer digits than four
_ISO = ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M")
COUNTED: dict[str, tuple[str, float, float, float]] = {
    "epoch": ("1970-01-01", 86_400, 1e8, 1e10),
    "epoch ms": ("1970-01-01", 86_400_000, 1e11, 1e13),
    "excel": ("1899-12-30", 1, 1, 100_000),
}
"""Moments as numbers: since when, how many make a day, and the least and most that is taken for one."""


def parse_date(value: str, arguments: Sequence[Argument], _: Resolve) -> str:
    """A date in any of these formats, or in ISO 8601 already, as ISO 8601."""
    formats = texts(arguments, 1, 20, 'one or more formats such as "%d/%m/%Y"')
    written = [one for one in formats if one not in COUNTED]
    for one in written:
        _check(one)
    timed = len(written) < len(formats) or any(re.search(r"%-?[HIMSfgnpcX]", one) for one in written)
    shown = "%Y-%m-%d %H:%M:%S" if timed else "%Y-%m-%d"
    reads = [_counted_since(value, COUNTED[one]) for one in formats if one in COUNTED]
    layouts: dict[str, list[str]] = {}
    for layout, language in map(months.parted, written):
        layouts.setdefault(language, []).append(layout)
    # What cleansing wrote as ISO 8601 is read, too, but where a format has the day before the month.
    if not any(one.startswith("%Y-%d") for one in written):
        layouts[""] = [*layouts.get("", []), *(_ISO if timed else _ISO[:1])]
    stripped = duck.stripped(value)
    for language, ones in layouts.items():
        reads += _read(months.english(stripped, language) if language else stripped, ones)
    moment = f"coalesce({', '.join(reads)})" if len(reads) > 1 else reads[0]
    return f"strftime(list_filter([{moment}], lambda __at: __at >= TIMESTAMP '{_EARLIEST}')[1], {duck.text(shown)})"


def _check(written: str) -> None:
    """Refuse what is no format."""
    layout, language = months.parted(written)
    if not re.search(r"%[A-Za-z-]", layout):
        named = ", ".join(f'"{name}"' for name in COUNTED)
        raise Misfit(f'{written!r} is no format: it needs parts such as "%Y-%m-%d", or is one of {named}')
    if language and language not in months.LANGUAGES:
        raise Misfit(f"knows no names of months in {language!r}: there are {', '.join(months.LANGUAGES)}")
    if language and "%B" not in layout:
        raise Misfit(f'{written!r} is no format: it says a language, and has no "%B" for the name of the month')
    must_run("SELECT try_strptime('', ?)", layout, "no format")


def _read(value: str, layouts: Sequence[str]) -> list[str]:
    """The SQL of moments as these layouts read them."""
    zoned = [one for one in layouts if "%z" in one]
    reads = []
    # Years of two digits first, since "%Y" takes these, too, and for the first century.
    if plain := [one for one in sorted(layouts, key=lambda one: "%y" not in one) if one not in zoned]:
        reads.append(f"try_strptime({value}, [{', '.join(map(duck.text, plain))}])")
    # What states its zone comes to UTC; tried each by itself, since in a list DuckDB shifts what states none.
    offset = f"regexp_replace({value}, '[Zz]$', '+00:00')"
    # By way of TIMESTAMPTZ, to which alone it casts nanoseconds with a zone.
    reads += [f"CAST(CAST(try_strptime({offset}, {duck.text(one)}) AS TIMESTAMPTZ) AS TIMESTAMP)" for one in zoned]
    return reads


def _counted_since(value: str, counted: tuple[str, float, float, float]) -> str:
    since, a_day, least, most = counted
    number = f"TRY_CAST({to_number(value)} AS DOUBLE)"
    within = f"list_filter([{number}], lambda __n: __n BETWEEN {least!r} AND {most!r})[1]"
    micros = f"CAST(round({within} / {float(a_day)!r} * 86400.0) AS BIGINT)"
    return f"TIMESTAMP '{since}' + to_seconds({micros})"
