"""Meanings: what a column is about, from its type, its values and its header; and whether that is personal data."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from discovery_pipeline.engine import magnitudes
from discovery_pipeline.engine.profiling import headers, numerals, semantics
from discovery_pipeline.engine.profiling.headers import Words
from discovery_pipeline.engine.profiling.inference import Typed
from discovery_pipeline.engine.profiling.model import Pii, ValueCount

Weighted = Sequence[tuple[str, int]]

CURRENCIES = frozenset({"USD", "EUR", "GBP", "JPY", "INR", "CHF"})

_FREQUENCIES = frozenset({"Hz", "kHz", "MHz", "GHz"})
_SIZES = frozenset({"B", "KB", "MB", "GB", "TB", "PB"})


def _words(text: str) -> Words:
    return frozenset(text.split())


_MEASURES: tuple[tuple[str, Words], ...] = (
    ("latitude", _words("latitude lat")),
    ("longitude", _words("longitude lon lng")),
    ("percent", _words("percent pct percentage")),
    ("currency", _words("cost costs price amount salary revenue fee charge budget spend expense turnover income "
                        "payment balance preis kosten betrag prix usd eur gbp")),
    ("ram", _words("ram memory mem speicher arbeitsspeicher")),
    ("disk", _words("disk disks storage hdd ssd volume festplatte")),
    ("cpu", _words("cpu cpus vcpu vcpus core cores processor processors")),
    ("port", _words("port")),
)  # fmt: skip
_SHARES = _words("util utilization utilisation usage used busy load idle")
_MACHINES = _words("ip ipaddress mac macaddress email mail web url host network")
_CARDS = _words("card creditcard cardnumber")
_IDENTITY = _words("id ids key uuid guid identifier sysid code ref number no nr num")

KEYLIKE = frozenset({"uuid", "sys_id", "serial", "mac", "iban", "imei", "ssn", "identifier"})
"""Semantic types whose values should stand once."""

CHECKED = _words(
    "uuid sys_id mac ipv4 ipv6 ip cidr email url iban imei credit_card ssn os_name version phone fqdn currency_code "
    "country postal_code hostname person_name"
)
"""Semantic types that values can fail, and so count towards validity."""

_PII: dict[str, tuple[str, str]] = {
    "email": ("contact", "medium"),
    "phone": ("contact", "medium"),
    "person_name": ("identity", "medium"),
    "birth_date": ("identity", "high"),
    "iban": ("financial", "high"),
    "credit_card": ("financial", "high"),
    "ssn": ("national_id", "high"),
    "ipv4": ("online_identifier", "low"),
    "ipv6": ("online_identifier", "low"),
    "ip": ("online_identifier", "low"),
    "mac": ("online_identifier", "low"),
    "imei": ("online_identifier", "medium"),
    "postal_code": ("location", "low"),
}

_PII_HEADERS: tuple[tuple[Words, str, str], ...] = (
    (_words("religion ethnicity ethnic race health diagnosis disability orientation sexual political union biometric "
            "genetic illness medical blood konfession"), "special_category", "high"),
    (_words("passport taxid nationalid driverlicense licenceno licenseno ssn sin nino nhs steuerid personalausweis"),
     "national_id", "high"),
    (_words("salary wage compensation payroll"), "financial", "high"),
    (_words("birth birthday birthdate dob geburtsdatum"), "identity", "high"),
    (_words("gender sex maiden nationality marital"), "identity", "medium"),
    (_words("username userid login samaccountname upn"), "online_identifier", "low"),
    (_words("street streetaddress homeaddress"), "location", "medium"),
)  # fmt: skip

_EMAIL_INSIDE = re.compile(r"[\w.+-]{1,64}@(?:[\w-]+\.)+[A-Za-z]{2,24}")


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a column is about."""

    name: str | None = None
    fit: float | None = None
    unit: str | None = None
    units: tuple[ValueCount, ...] = ()
    pii: Pii | None = None

    @property
    def keylike(self) -> bool:
        return self.name in KEYLIKE


@dataclass(frozen=True, slots=True)
class Seen:
    """What a meaning is judged by: values that are no null tokens, and a few counts of the whole column."""

    values: Weighted
    filled: int
    distinct: int
    low: float | None
    high: float | None


def of_column(header: str, typed: Typed, seen: Seen) -> Meaning:
    """The meaning of a column; its name is None where none is clear."""
    if not seen.values:
        return Meaning(unit=numerals.unit_in_header(header))
    name, fit = _named(header, typed, seen)
    unit, units = _units(header, typed, seen.values)
    return Meaning(name, fit, unit, units, _pii(header, name, fit, seen.values))


def _named(header: str, typed: Typed, seen: Seen) -> tuple[str | None, float | None]:
    hints = headers.words(header)
    if typed.type == "boolean":
        return "boolean_words", 1.0
    if typed.is_date:
        return ("birth_date", 1.0) if hints & _words("birth birthday birthdate dob born") else (None, None)
    if typed.is_number:
        return _of_numbers(header, typed, seen)
    if typed.type == "json":
        return None, None
    if found := semantics.of_texts(header, seen.values):
        return found.name, found.fit
    return _of_words(hints, seen)


def _of_numbers(header: str, typed: Typed, seen: Seen) -> tuple[str | None, float | None]:
    if headers.words(header) & _CARDS and (found := semantics.of_texts("card", seen.values)):
        return found.name, found.fit
    name = _measure(header, typed, seen)
    return (name, 1.0) if name else (None, None)


def _measure(header: str, typed: Typed, seen: Seen) -> str | None:
    """What a number measures, by its unit first, then by its header."""
    hints, unit = headers.words(header), typed.unit or numerals.unit_in_header(header)
    in_percent = seen.low is not None and seen.high is not None and seen.low >= 0 and seen.high <= 100
    if unit == "percent" or (hints & _SHARES and not unit and in_percent):
        return "percent"
    for name, units in (("currency", CURRENCIES), ("frequency", _FREQUENCIES)):
        if unit in units:
            return name
    for name, named in _MEASURES:
        if hints & named and not (name == "currency" and hints & _IDENTITY):
            return name
    if unit:
        return "data_size" if unit in _SIZES else "quantity"
    unique = seen.filled and seen.distinct >= 0.9 * seen.filled
    return "identifier" if hints & _IDENTITY and typed.type == "integer" and unique else None


def _of_words(hints: Words, seen: Seen) -> tuple[str | None, float | None]:
    if hints & _words("serial serialnumber sn serialno serialnr"):
        return "serial", 1.0
    repeated = seen.filled >= 3 * seen.distinct
    if repeated and (seen.distinct <= 50 or seen.distinct <= 0.001 * seen.filled):
        return "enumeration", 1.0
    spoken = sum(n for v, n in seen.values if v.strip().count(" ") >= 3 or len(v) > 60)
    if spoken >= 0.5 * sum(n for _, n in seen.values):
        return "free_text", 1.0
    if hints & _IDENTITY and seen.distinct >= 0.9 * seen.filled:
        return "identifier", 1.0
    return None, None


def _units(header: str, typed: Typed, values: Weighted) -> tuple[str | None, tuple[ValueCount, ...]]:
    """The unit that bare numbers are in, and the units that others state."""
    if not typed.is_number:
        return None, ()
    counts: Counter[str] = Counter()
    for value, count in values if typed.affixed else ():
        numeral = numerals.parse(value)
        if numeral and numeral.written:
            counts[numeral.written] += count
    unit = numerals.unit_in_header(header)
    if unit is None and (counts or magnitudes.expectation(header)):
        unit = magnitudes.bare_unit(numerals.measured(values), magnitudes.expectation(header))
    return unit, tuple(ValueCount(value=v, count=n) for v, n in counts.most_common(10))


def _pii(header: str, name: str | None, fit: float | None, values: Weighted) -> Pii | None:
    if name in _PII and (fit or 0) >= 0.2:
        kind, risk = _PII[name]
        return Pii(kind=kind, risk=risk)  # pyright: ignore[reportArgumentType]
    hints = headers.words(header)
    for words, kind, risk in _PII_HEADERS:
        if hints & words:
            return Pii(kind=kind, risk=risk)  # pyright: ignore[reportArgumentType]
    if "address" in hints and name in (None, "free_text", "identifier") and not hints & _MACHINES:
        return Pii(kind="location", risk="medium")
    if name == "free_text" and any("@" in v and _EMAIL_INSIDE.search(v) for v, _ in values[:500]):
        return Pii(kind="contact_in_text", risk="medium")
    return None
