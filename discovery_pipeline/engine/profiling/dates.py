"""Dates: which formats a column's values are written in, and the SQL that reads them.

Formats are strptime's. Whether 3/4/2020 is in March or in April is decided by evidence over the whole column: a first
number above 12 says day first, a second one says month first; where both stand, both formats are told apart by value.
In which language months are named is decided by the column, too, and said by the format: "%d %B %Y [fr]".
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from discovery_pipeline.engine import duck, months

EPOCH_SECONDS, EPOCH_MILLIS = "%s", "%s%f"
"""Counts since 1970 as formats: glibc's "%s", and the same with three more digits."""

_MONTH = r"(?P<month>[^\W\d_]{3,12}\.?)"
_TIME = re.compile(
    r"(?P<sep>[T ]|,\s|:(?=\d\d:\d\d:\d\d))?(?P<hour>\d{1,2}):\d{2}(?P<sec>:\d{2})?(?P<frac>[.,]\d{1,9})?"
    r"(?P<pm>\s?[AaPp]\.?[Mm]\.?)?(?P<zone>\s?Z|\s?[+-]\d{2}:?\d{2}|\s?[+-]\d{2}|\s(?:UTC|GMT))?"
)
_YMD = re.compile(r"(?P<y>\d{4})(?P<s>[-/.])(?P<a>\d{1,2})(?P=s)(?P<b>\d{1,2})")
_ABY = re.compile(r"(?P<a>\d{1,2})(?P<s>[-/.])(?P<b>\d{1,2})(?P=s)(?P<y>\d{4}|\d{2})")
_DMY_NAME = re.compile(
    rf"\d{{1,2}}(?P<th>er|º)?(?P<s>[-/ .]|\. | de ){_MONTH}(?P<t>[-/ .]|, | del? )(?P<y>\d{{4}}|\d{{2}})", re.I
)
_MDY_NAME = re.compile(rf"{_MONTH}(?P<s>[-/ ])\d{{1,2}}(?P<t>,\s?|[-/ ])(?P<y>\d{{4}}|\d{{2}})", re.I)
_COMPACT = re.compile(r"(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")
_COMPACT_TIMED = re.compile(_COMPACT.pattern + r"(?:[01]\d|2[0-3])[0-5]\d[0-5]\d")
_WEEKDAY = re.compile(r"(?P<day>mon|tue|wed|thu|fri|sat|sun)(?P<full>[a-z]*day)?,?\s", re.I)
_EPOCH = re.compile(r"(?:9[4-9]|1\d|20)\d{8}")  # 1999-10 .. 2036
_EPOCH_MILLIS = re.compile(r"(?:9[4-9]|1\d|20)\d{11}")


@dataclass(frozen=True, slots=True)
class Written:
    """How one date is written; day and month in their order, or not yet told apart."""

    layout: str  # strptime format with {a} and {b} where day and month can't be told apart by it
    first: int = 0  # what stands in {a} and {b}
    second: int = 0
    timed: bool = False
    month: str = ""  # its name as it is written, with a point that stands behind it

    @property
    def ambiguous(self) -> bool:
        return "{a}" in self.layout


@dataclass(frozen=True, slots=True)
class Formats:
    """The formats of one column, most frequent first, and how many values could not decide between two."""

    counts: tuple[tuple[str, int], ...]
    timed: bool
    undecided: bool = False  # nothing in the column says whether day or month comes first

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f for f, _ in self.counts)


def parse(value: str, *, compact: bool = False, epoch: bool = False) -> Written | None:
    """How a date is written; None where the value is no date.

    Parameters
    ----------
    compact, epoch
        Whether 20240131 and 1706659200 may be dates here: the header or the column's other values must say so.
    """
    text = value.strip()
    if not 6 <= len(text) <= 45 or not any(c.isdigit() for c in text):
        return None
    if text.isdigit():
        return _counted(text, compact=compact, epoch=epoch)
    prefix = ""
    if weekday := _WEEKDAY.match(text):
        prefix = ("%A" if weekday["full"] else "%a") + weekday.group(0)[len(weekday.group(0).rstrip(", ")) :]
        text = text[weekday.end() :]
    for pattern, layout in _LAYOUTS:
        if found := pattern.match(text):
            rest = text[found.end() :]
            time = _time(rest)
            if time is None:
                continue
            written = layout(found)
            if written and _possible(written):
                return replace(written, layout=prefix + written.layout + time, timed=bool(time))
    return None


def _counted(text: str, *, compact: bool, epoch: bool) -> Written | None:
    if compact and _COMPACT.fullmatch(text):
        return Written("%Y%m%d")
    if compact and _COMPACT_TIMED.fullmatch(text):
        return Written("%Y%m%d%H%M%S", timed=True)
    if epoch and _EPOCH.fullmatch(text):
        return Written(EPOCH_SECONDS, timed=True)
    if epoch and _EPOCH_MILLIS.fullmatch(text):
        return Written(EPOCH_MILLIS, timed=True)
    return None


def _time(rest: str) -> str | None:
    """The format of what follows a date; None where that is no time."""
    if not rest:
        return ""
    found = _TIME.fullmatch(rest)
    if not found or found["sep"] is None:
        return None
    hours = "%I" if found["pm"] else "%H"
    out = found["sep"] + hours + ":%M" + (":%S" if found["sec"] else "")
    if found["frac"]:
        out += found["frac"][0] + ("%f" if len(found["frac"]) <= 7 else "%n")
    if found["pm"]:
        out += " %p" if found["pm"][0].isspace() else "%p"
    if zone := found["zone"]:
        bare = zone.strip()
        out += " " * (len(zone) - len(bare)) + {"Z": "Z", "UTC": "UTC", "GMT": "GMT"}.get(bare, "%z")
    return out


def _year(digits: str) -> str:
    return "%Y" if len(digits) == 4 else "%y"


def _ymd(found: re.Match[str]) -> Written:
    s = found["s"]
    return Written(f"%Y{s}%m{s}%d", int(found["b"]), int(found["a"]))


def _aby(found: re.Match[str]) -> Written:
    s = found["s"]
    return Written(f"{{a}}{s}{{b}}{s}{_year(found['y'])}", int(found["a"]), int(found["b"]))


def _month(found: re.Match[str]) -> str:
    # "May" is both short and long; its column's other months decide, and both directives read either.
    return "%b" if len(found["month"]) == len("May") else "%B"


def _dmy_name(found: re.Match[str]) -> Written | None:
    if not months.known(found["month"]):
        return None
    day = "%d" + (found["th"] or "")
    return Written(f"{day}{found['s']}{_month(found)}{found['t']}{_year(found['y'])}", month=found["month"])


def _mdy_name(found: re.Match[str]) -> Written | None:
    if not months.known(found["month"]):
        return None
    return Written(f"{_month(found)}{found['s']}%d{found['t']}{_year(found['y'])}", month=found["month"])


_LAYOUTS = ((_YMD, _ymd), (_ABY, _aby), (_DMY_NAME, _dmy_name), (_MDY_NAME, _mdy_name))


def _possible(written: Written) -> bool:
    if written.ambiguous:
        low, high = sorted((written.first, written.second))
        return 1 <= low <= 12 and high <= 31
    if written.first:
        return 1 <= written.first <= 31 and 1 <= written.second <= 12
    return True


def formats(dates: Iterable[tuple[Written, int]]) -> Formats:
    """The formats of a column from its dates and how often each stands.

    Day first or month first is decided for each layout by the numbers above 12. Where they stand on both sides, values
    that fit both go to the more frequent one. Without any evidence month comes first after a slash with a
    four-digit year, as in exports of American tools, and day first otherwise.
    """
    plain: Counter[str] = Counter()
    open_: dict[str, Counter[str]] = {}
    timed = 0
    for written, count in _spoken(list(dates)):
        timed += count if written.timed else -count
        if not written.ambiguous:
            plain[written.layout] += count
            continue
        votes = open_.setdefault(written.layout, Counter())
        votes["day" if written.first > 12 else "month" if written.second > 12 else "either"] += count
    undecided = False
    for layout, votes in open_.items():
        day, month = layout.format(a="%d", b="%m"), layout.format(a="%m", b="%d")
        if votes["day"] or votes["month"]:
            first = day if votes["day"] >= votes["month"] else month
        else:
            undecided = True
            first = month if layout.startswith("{a}/{b}/%Y") else day
        plain[day] += votes["day"]
        plain[month] += votes["month"]
        plain[first] += votes["either"]
    counts = tuple((f, n) for f, n in plain.most_common() if n)
    return Formats(counts, timed=timed > 0, undecided=undecided)


def _spoken(dates: list[tuple[Written, int]]) -> list[tuple[Written, int]]:
    """The same dates, with the language in the layout of those whose months DuckDB doesn't read by itself."""
    names = Counter[str]()
    for written, count in dates:
        if written.month:
            names[written.month] += count
    languages = months.spoken(names)
    unread = {languages[name] for name in names if name.lower() not in months.NATIVE}
    tagged = {name: language for name, language in languages.items() if language in unread}
    return [
        (replace(w, layout=months.tagged(w.layout, tagged[w.month])) if w.month in tagged else w, n) for w, n in dates
    ]


def reading(names: tuple[str, ...], column: str) -> str:
    """The SQL that reads a column's dates as timestamps in UTC: the first format that fits wins."""
    return coalesced([one_reading(f, column) for f in names])


def one_reading(name: str, column: str) -> str:
    """The SQL that reads one format as a timestamp in UTC."""
    if name == EPOCH_SECONDS:
        return _since_1970(column, low=9 * 10**8, high=21 * 10**8, factor=1_000_000)
    if name == EPOCH_MILLIS:
        return _since_1970(column, low=9 * 10**11, high=21 * 10**11, factor=1_000)
    layout, language = months.parted(name)
    parsed = f"try_strptime({months.english(column, language) if language else column}, {duck.text(layout)})"
    # By way of timestamptz: DuckDB casts nanoseconds with a zone to nothing else.
    return f"cast(cast({parsed} as timestamptz) as timestamp)" if "%z" in name else parsed


def _since_1970(column: str, *, low: int, high: int, factor: int) -> str:
    count = f"try_cast({column} as bigint)"
    return f"make_timestamp(case when {count} between {low} and {high} then {count} * {factor} end)"


def coalesced(parts: list[str]) -> str:
    """The first of these SQL expressions that has a value."""
    return parts[0] if len(parts) == 1 else f"coalesce({', '.join(parts)})"


def shown(moment: datetime, *, timed: bool) -> str:
    """A moment as ISO 8601, without the time where the column has none."""
    return moment.isoformat(sep="T") if timed else moment.date().isoformat()
