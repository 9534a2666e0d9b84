"""Units: which there are, how they are written, and how many of one make another.

Sizes count in 1024s throughout: CMDBs, hypervisors and the clouds' importers all say GB and mean GiB, so
1 GB = 1024 MB and "GiB" is another spelling of "GB". This module is the only place that knows it. Which unit numbers
are in that don't say so is a matter of magnitudes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import floor, log10
from types import MappingProxyType

_BYTES = {unit: 1024.0**power for power, unit in enumerate(("B", "KB", "MB", "GB", "TB", "PB"))}

_FACTORS: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        "size": _BYTES,
        "rate": {f"{unit}/s": factor for unit, factor in _BYTES.items()},
        "operations": {"ops/s": 1.0},
        "frequency": {"Hz": 1.0, "kHz": 1e3, "MHz": 1e6, "GHz": 1e9},
        "duration": {"ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0},
        "share": {"ratio": 1.0, "percent": 0.01},
        "count": {"cores": 1.0},
        "power": {"W": 1.0, "kW": 1e3},
        "voltage": {"V": 1.0},
        "mass": {"g": 1e-3, "kg": 1.0, "lb": 0.45359237},
        "ounces": {"oz": 1.0},  # of mass or of volume: nobody says, so they convert to neither
        "volume": {"ml": 1e-3, "l": 1.0},
        "length": {"mm": 1e-3, "cm": 1e-2, "m": 1.0, "km": 1e3, "in": 0.0254, "ft": 0.3048},
    }
)

_SPELLINGS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "B": ("byte", "bytes", "octet", "octets"),
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
        "ops/s": ("iops", "ops per second", "operations per second"),
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
        "cores": ("core", "cpu", "cpus", "vcpu", "vcpus"),
        "W": ("watt", "watts"),
        "kW": ("kilowatt", "kilowatts"),
        "V": ("volt", "volts"),
        "g": ("gram", "grams"),
        "kg": ("kgs", "kilo", "kilos", "kilogram", "kilograms"),
        "lb": ("lbs", "pound", "pounds"),
        "oz": ("ozs", "ounce", "ounces"),
        "ml": ("milliliter", "milliliters", "millilitre", "millilitres"),
        "l": ("liter", "liters", "litre", "litres", "ltr"),
        "mm": ("millimeter", "millimeters", "millimetre", "millimetres"),
        "cm": ("centimeter", "centimeters", "centimetre", "centimetres"),
        "m": ("meter", "meters", "metre", "metres"),
        "km": ("kilometer", "kilometers", "kilometre", "kilometres"),
        "in": ("inch", "inches"),
        "ft": ("foot", "feet"),
    }
)

_OCTETS = {f"{letter}{i}o": f"{letter}B".upper() for letter in "kmgt" for i in ("", "i")}
"""How French writes sizes: 16 Go, 512 Mio."""

_QUANTITY_OF = {unit: quantity for quantity, factors in _FACTORS.items() for unit in factors}
# What stands in _SPELLINGS goes before a unit's own sign: 16 g and 512 m are sizes in an inventory.
_BY_SPELLING = (
    {unit.lower(): unit for unit in _QUANTITY_OF}
    | {spelling: unit for unit, spellings in _SPELLINGS.items() for spelling in spellings}
    | _OCTETS
)

# In a header octets stand in brackets or close it, with a capital: else "to" and "go" are words, and "Mio" millions.
_IN_OCTETS = re.compile(r"[(\[]\s*([KMGT]i?o)(/s)?\s*[)\]]|(?<![A-Za-z])([KMG]o|[KG]io)$")

# In a header a core is what is counted, "min" a minimum, and "day", "hour" or "foot" a thing, not what it is measured
# in. Signs of two letters stand for too much else unless they close the header: "latency_ms", but "ms_patch".
_NOT_IN_HEADERS = _OCTETS.keys() | frozenset(
    (
        "core", "cores", "cpu", "cpus", "vcpu", "vcpus", "min", "mins", "in", "hr", "day", "hour", "minute", "second",
        "sec", "foot", "pound", "kilo", "meter", "metre",
    )
)  # fmt: skip
_IN_HEADERS = {
    spelling: unit
    for spelling, unit in _BY_SPELLING.items()
    if (len(spelling) > 1 or spelling == "%") and spelling not in _NOT_IN_HEADERS
}
_ANYWHERE = {s for s, unit in _IN_HEADERS.items() if len(s) > 2 or s == "%" or unit in _BYTES or unit == "Hz"}
_HEADER_WORD = re.compile(
    r"%|[KMGTP]iB(?:/s|ps)?(?![a-z])|[kMG]Hz(?![a-z])"  # signs that a capital inside would part
    r"|[A-Z]+(?:/s|ps)?(?![a-z])|[A-Z]?[a-z]+(?:/s(?![a-z]))?"
)
_A_SECOND = re.compile(r"(?:\b[Pp]er|\bPER|(?<=[a-z0-9])Per|/)\W*(?:[Ss](?:ec(?:ond)?)?|SEC(?:OND)?)(?![a-z])")
_OPERATIONS = frozenset(
    ("io", "ios", "op", "ops", "operation", "operations", "read", "reads", "write", "writes", "request", "requests")
)
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


def units_of(quantity: str) -> tuple[Unit, ...]:
    """The units of one quantity, the smallest first."""
    factors = _FACTORS[quantity]
    return tuple(Unit(name, quantity) for name in sorted(factors, key=factors.__getitem__))


def in_header(header: str) -> Unit | None:
    """The unit a header states ("RAM (GB)", "mem_mb", "RAM.TotalSizeInMB"), the last one if there are several.

    A size or a count of operations a second is a rate: "Reads (KB per second)", "DiskReadsPerSecondInKB".
    """
    plain = header.replace("_", " ")
    if octets := _IN_OCTETS.search(plain):
        size = _OCTETS[(octets[1] or octets[3]).lower()]
        return unit(f"{size}/s" if octets[2] else size)
    a_second = _A_SECOND.search(plain)
    words = [w.lower() for w in _HEADER_WORD.findall(_A_SECOND.sub(" ", plain))]
    stated = [w for i, w in enumerate(words) if w in _ANYWHERE or (w in _IN_HEADERS and i == len(words) - 1)]
    found = unit(stated[-1]) if stated else None
    if not a_second:
        return found
    if found and found.quantity == "size":
        return unit(f"{found.name}/s")
    if found and found.quantity == "rate":
        return found
    return unit("ops/s") if _OPERATIONS.intersection(words) else None


def in_bytes(header: str) -> str:
    """A header whose sizes in octets are said in bytes: "Mémoire (Go)" is "Mémoire (GB)"."""
    return _IN_OCTETS.sub(lambda octets: f"({_OCTETS[(octets[1] or octets[3]).lower()]}{octets[2] or ''})", header)


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


def relation(source: str, target: str) -> str:
    """How two units relate, the larger one first: "1 GB = 1,024 MB"; empty where they are one, or don't convert."""
    times = factor(source, target)
    if times is None or times == 1:
        return ""
    return f"1 {source} = {readable(times)} {target}" if times > 1 else f"1 {target} = {readable(1 / times)} {source}"


def readable(number: float) -> str:
    """A number as people read it: in groups of three digits, with as many decimals as it takes, and no exponent."""
    decimals = max(0, 5 - floor(log10(abs(number)))) if number else 0
    shown = f"{number:,.{min(decimals, 12)}f}"
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


def in_base(name: str) -> float:
    """How many of its quantity's base unit (bytes, Hz, s, …) make one of this unit, named in its usual spelling."""
    return _FACTORS[_QUANTITY_OF[name]][name]


def written(quantity: str) -> dict[str, Unit]:
    """Every spelling, in lower case, of the units of one quantity."""
    return {s: Unit(name, quantity) for s, name in _BY_SPELLING.items() if _QUANTITY_OF[name] == quantity}


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
