"""Moments: dates in the formats that a source writes them in, and counts since some day."""

from __future__ import annotations

import re
from collections.abc import Sequence

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.mapping.transformations.operations.arguments import (
    Argument,
    Misfit,
    Resolve,
    must_run,
    texts,
)
from discovery_pipeline.engine.mapping.transformations.operations.numbers import to_number

_EARLIEST = "1000-01-01"  # before it, a year was written with fewer digits than four
COUNTED: dict[str, tuple[str, float, float, float]] = {
    "epoch": ("1970-01-01", 86_400, 1e8, 1e10),
    "epoch ms": ("1970-01-01", 86_400_000, 1e11, 1e13),
    "excel": ("1899-12-30", 1, 1, 100_000),
}
"""Moments as numbers: since when, how many make a day, and the least and most that is taken for one."""


def parse_date(value: str, arguments: Sequence[Argument], _: Resolve) -> str:
    """A date in any of these formats, as ISO 8601."""
    formats = texts(arguments, 1, 20, 'one or more formats such as "%d/%m/%Y"')
    written = [one for one in formats if one not in COUNTED]
    for one in written:
        if not re.search(r"%[A-Za-z-]", one):
            named = ", ".join(f'"{name}"' for name in COUNTED)
            raise Misfit(f'{one!r} is no format: it needs parts such as "%Y-%m-%d", or is one of {named}')
        must_run("SELECT try_strptime('', ?)", one, "no format")
    timed = len(written) < len(formats) or any(re.search(r"%-?[HIMSfgnpcX]", one) for one in written)
    shown = "%Y-%m-%d %H:%M:%S" if timed else "%Y-%m-%d"
    reads = [_counted_since(value, COUNTED[one]) for one in formats if one in COUNTED]
    zoned = [one for one in written if "%z" in one]
    # Years of two digits first, since "%Y" takes these, too, and for the first century.
    if plain := [one for one in sorted(written, key=lambda one: "%y" not in one) if one not in zoned]:
        reads.append(f"try_strptime({duck.stripped(value)}, [{', '.join(map(duck.text, plain))}])")
    # What states its zone comes to UTC; tried each by itself, since in a list DuckDB shifts what states none.
    offset = f"regexp_replace({duck.stripped(value)}, '[Zz]$', '+00:00')"
    # By way of TIMESTAMPTZ, to which alone it casts nanoseconds with a zone.
    reads += [f"CAST(CAST(try_strptime({offset}, {duck.text(one)}) AS TIMESTAMPTZ) AS TIMESTAMP)" for one in zoned]
    moment = f"coalesce({', '.join(reads)})" if len(reads) > 1 else reads[0]
    return f"strftime(list_filter([{moment}], lambda __at: __at >= TIMESTAMP '{_EARLIEST}')[1], {duck.text(shown)})"


def _counted_since(value: str, counted: tuple[str, float, float, float]) -> str:
    since, a_day, least, most = counted
    number = f"TRY_CAST({to_number(value)} AS DOUBLE)"
    within = f"list_filter([{number}], lambda __n: __n BETWEEN {least!r} AND {most!r})[1]"
    micros = f"CAST(round({within} / {float(a_day)!r} * 86400.0) AS BIGINT)"
    return f"TIMESTAMP '{since}' + to_seconds({micros})"
