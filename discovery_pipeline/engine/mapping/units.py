"""Units: which there are, how they are written, and how many of one make another.

Sizes count in 1024s throughout: CMDBs, hypervisors and the clouds' importers all say GB and mean GiB, so
1 GB = 1024 MB and "GiB" is another spelling of "GB". This module is the only place that knows it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

_BYTES = {unit: 1024.0**power for power, unit in enumerate(("B", "KB", "MB", "GB", "TB", "PB"))}

_FACTORS: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        "size": _BYTES,
        "rate": {f"{unit}/s": factor for unit, factor in _BYTES.items()},
        "frequency": {"Hz": 1.0, "kHz": 1e3, "MHz": 1e6, "GHz": 1e9},
        "duration": {"ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0},
        "share": {"ratio": 1.0, "percent": 0.01},
    }
)

_SPELLINGS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "B": ("byte", "bytes"),
        "KB": ("k", "kib", "kbyte", "kbytes", "kilobyte", "kilobytes", "kibibyte", "kibibytes"),
        "MB": ("m", "mib", "mbyte", "mbytes", "meg", "megs", "megabyte", "megabytes", "mebibyte", "mebibytes"),
        "GB": ("g", "gib", "gbyte", "gbytes", "gig", "gigs", "gigabyte", "gigabytes", "gibibyte", "gibibytes"),
        "TB": ("t", "tib", "tbyte", "tbytes", "terabyte", "terabytes", "tebibyte", "tebibytes"),
        "PB": ("p", "pib", "petabyte", "petabytes", "pebibyte", "pebibytes"),
        "B/s": ("bps", "bytes per second"),
        "KB/s": ("kbps", "kib/s", "kb per second"),
        "MB/s": ("mbps", "mib/s", "mb per second"),
        "GB/s": ("gbps", "gib/s", "gb per second"),
        "TB/s": ("tbps", "tib/s"),
        "Hz": ("hertz",),
        "MHz": ("megahertz",),
        "GHz": ("gigahertz",),
        "ms": ("msec", "millisecond", "milliseconds"),
        "s": ("sec", "secs", "second", "seconds"),
        "min": ("mins", "minute", "minutes"),
        "h": ("hr", "hrs", "hour", "hours"),
        "d": ("day", "days"),
        "percent": ("%", "pct", "perc", "percentage"),
        "ratio": ("fraction",),
    }
)

_QUANTITY_OF = {unit: quantity for quantity, factors in _FACTORS.items() for unit in factors}
_BY_SPELLING = {unit.lower(): unit for unit in _QUANTITY_OF} | {
    spelling: unit for unit, spellings in _SPELLINGS.items() for spelling in spellings
}
# One or two letters stand for too much else in a header ("d", "s", "h", "m"): there only longer spellings count.
_IN_HEADERS = {s: u for s, u in _BY_SPELLING.items() if len(s) > 2 or (u in _BYTES and s.endswith("b")) or s == "%"}
_HEADER_WORD = re.compile(r"%|[A-Za-z]+(?:/s)?")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_WRITTEN = re.compile(r"^\s*[+-]?[\d.,]+\s*(%|[A-Za-z]+(?:/s)?)\s*$")


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit in its usual spelling, and what it measures."""

    name: str
    quantity: str


def unit(spelling: str) -> Unit | None:
    """The unit so written, without regard to case; None where it is none."""
    name = _BY_SPELLING.get(spelling.strip().lower())
    return Unit(name, _QUANTITY_OF[name]) if name else None


def in_header(header: str) -> Unit | None:
    """The unit a header states ("RAM (GB)", "mem_mb", "RAM.TotalSizeInMB"), the last one if there are several."""
    words = [w.lower() for w in _HEADER_WORD.findall(_CAMEL.sub(" ", header))]
    found = [_IN_HEADERS[w] for w in words if w in _IN_HEADERS]
    return unit(found[-1]) if found else None


def in_value(value: str) -> Unit | None:
    """The unit written beside a number ("16 GB", "50%"); None for a bare number or anything else."""
    written = _WRITTEN.match(value)
    return unit(written[1]) if written else None


def factor(source: str, target: str) -> float | None:
    """How many of `target` make one `source`; None where they measure different things or are no units."""
    have, want = unit(source), unit(target)
    if have is None or want is None or have.quantity != want.quantity:
        return None
    return _FACTORS[have.quantity][have.name] / _FACTORS[want.quantity][want.name]


def spellings(target: str) -> dict[str, float]:
    """Every spelling, in lower case, of a unit that converts to `target`, with how many of `target` it is."""
    want = unit(target)
    if want is None:
        return {}
    return {
        spelling: _FACTORS[want.quantity][name] / _FACTORS[want.quantity][want.name]
        for spelling, name in _BY_SPELLING.items()
        if _QUANTITY_OF[name] == want.quantity
    }
