"""Semantic types: what the values of a column are, told by validators and by the words of its header.

A validator looks at one value alone and is strict: octets in range, check digits right. Where a shape is too common to
prove anything (a host name is any word), the header has to say so as well.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from discovery_pipeline.engine.profiling.headers import VERSION, Words, words
from discovery_pipeline.engine.profiling.vocabulary import (
    COUNTRIES,
    COUNTRY_CODES,
    COUNTRY_CODES_3,
    CURRENCY_CODES,
    GIVEN_NAMES,
    OS_WORDS,
)

Validator = Callable[[str], bool]
Weighted = Sequence[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class SemanticType:
    """One kind of value.

    `alone` is the share of values from which the values prove it without the header; above 1 they never do.
    `hinted` is the share from which they do when a word of the header says the same. `judged` says which values pass
    once the column is known to be of this kind, where that takes less than telling it: rare names are names.
    """

    name: str
    valid: Validator
    hints: Words = frozenset()
    alone: float = 0.8
    hinted: float = 0.5
    judged: Validator | None = None


def _matches(pattern: str, flags: int = 0) -> Validator:
    matches = re.compile(pattern, flags).fullmatch
    return lambda value: matches(value) is not None


def _hints(text: str) -> Words:
    return frozenset(text.split())


_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_IPV4 = rf"{_OCTET}(?:\.{_OCTET}){{3}}"
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?"
_is_ipv4 = _matches(_IPV4)
_is_host = _matches(_LABEL)
_is_dotted = _matches(rf"(?:{_LABEL}\.)+(?:[A-Za-z]{{2,24}}|xn--[a-z0-9-]+)\.?")
_is_mac = _matches(r"(?:[0-9A-F]{2}([:-]))(?:[0-9A-F]{2}\1){4}[0-9A-F]{2}|(?:[0-9A-F]{4}\.){2}[0-9A-F]{4}", re.I)
_is_bare_mac = _matches(r"[0-9A-F]{12}", re.I)
_finds_os = re.compile(OS_WORDS, re.I).search
_FILE_ENDINGS = _hints("exe pdf txt csv xls xlsx doc docx jpg png zip log xml json html htm dll js py sql")
_is_phone_like = _matches(r"\+?[\d(][\d\s().\-/]{5,22}\d(?:\s?(?:x|ext\.?)\s?\d{1,6})?", re.I)
_is_name_like = _matches(
    r"(?:(?:Dr|Mr|Mrs|Ms|Prof|Herr|Frau)\.?\s)?[^\W\d_][\w'’.-]*(?:,?\s(?:[^\W\d_][\w'’.-]*)){1,4}", re.U
)


def _ipv6(value: str) -> bool:
    if value.count(":") < 2 or not all(c in "0123456789abcdefABCDEF:.%" for c in value.partition("%")[0]):
        return False
    import ipaddress

    try:
        return ipaddress.ip_address(value).version == 6
    except ValueError:
        return False


def _ip(value: str) -> bool:
    return _is_ipv4(value) or _ipv6(value)


def _cidr(value: str) -> bool:
    address, slash, bits = value.partition("/")
    if not slash or not bits.isdigit():
        return False
    return int(bits) <= 32 if _is_ipv4(address) else int(bits) <= 128 and _ipv6(address)


def _fqdn(value: str) -> bool:
    if len(value) > 253 or not _is_dotted(value):
        return False
    return value.rstrip(".").rpartition(".")[2].lower() not in _FILE_ENDINGS


def _hostname(value: str) -> bool:
    return (len(value) <= 63 and _is_host(value) and not value.isdigit()) or _fqdn(value)


def _coined_hostname(value: str) -> bool:
    """A host name as machines are named: letters and digits with hyphens, as no word of a language is."""
    letters, digits = any(c.isalpha() for c in value), any(c.isdigit() for c in value)
    return "-" in value and letters and digits and _hostname(value) and value[0].isalpha() and value == value.lower()


def _phone(value: str) -> bool:
    digits = sum(c.isdigit() for c in value)
    return 7 <= digits <= 17 and _is_phone_like(value) and not _is_ipv4(value)


def _written_phone(value: str) -> bool:
    """A phone number nobody would take for another number: international, or with its area in brackets."""
    return _phone(value) and (
        value.startswith(("+", "00")) or bool(re.match(r"\(\d{2,5}\)\s?\d|\d{3}-\d{3}-\d{4}$", value))
    )


def luhn(value: str) -> bool:
    """Whether the last digit checks the others (ISO/IEC 7812)."""
    total = 0
    for place, digit in enumerate(reversed(value)):
        n = int(digit) * (2 if place % 2 else 1)
        total += n - 9 if n > 9 else n
    return total % 10 == 0


def _card(value: str) -> bool:
    digits = value.replace(" ", "").replace("-", "")
    return digits.isascii() and digits.isdigit() and 13 <= len(digits) <= 19 and digits[0] in "23456" and luhn(digits)


def _iban(value: str) -> bool:
    bare = value.replace(" ", "").upper()
    if not re.fullmatch(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", bare):
        return False
    return int("".join(str(int(c, 36)) for c in bare[4:] + bare[:4])) % 97 == 1


def _imei(value: str) -> bool:
    return len(value) == 15 and value.isascii() and value.isdigit() and luhn(value)


def _country(value: str) -> bool:
    return value.lower() in COUNTRIES


def _country_code(value: str) -> bool:
    return value.upper() in COUNTRY_CODES or value.upper() in COUNTRY_CODES_3 or _country(value)


_COMPANIES = _hints("gmbh ltd limited inc corp corporation llc llp plc sarl srl pty company holding holdings ohg gbr")
_COMPANY_SIGNS = frozenset(
    ("AG", "KG", "SE", "SA", "S.A.", "BV", "B.V.", "NV", "N.V.", "AB", "A/S", "Oy", "SpA", "Co.")
)


def _company(value: str) -> bool:
    """Whether a name has what firms put behind theirs."""
    words = value.replace(",", " ").split()
    signed = not value.isupper() and words[-1:] and words[-1] in _COMPANY_SIGNS
    return bool(signed) or any(word.strip(".").lower() in _COMPANIES for word in words[1:])


def _person(value: str) -> bool:
    return 4 <= len(value) <= 60 and _is_name_like(value) and not _company(value)


def _known_person(value: str) -> bool:
    parts = re.split(r"[\s,]+", value.lower())
    return 2 <= len(parts) <= 4 and (parts[0] in GIVEN_NAMES or parts[-1] in GIVEN_NAMES) and _person(value)


def _single_name(value: str) -> bool:
    return 2 <= len(value) <= 40 and all(c.isalpha() or c in " -'’." for c in value) and value[:1].isupper()


_HOST_HINTS = _hints("host hostname server servername node machine machinename computer computername vm vmname device "
                     "devicename instance system name netbios nodename dnshostname "
                     "rechner rechnername gerätename")  # fmt: skip
_PERSON_HINTS = _hints(
    "owner manager contact person employee customer fullname owned managed assigned assignee author requester caller "
    "approver sponsor custodian engineer administrator admin representative responsible lead user surname "
    "ansprechpartner"
)

_is_version = _matches(r"[vVrR]?\d{1,8}(?:[.]\d{1,6}){0,5}(?:[-+ ._]?[A-Za-z0-9]{1,12}){0,3}")
_is_dotted_numbers = _matches(r"[vV]?\d{1,5}(?:\.\d{1,6}){2,4}(?:[-+._]?[A-Za-z0-9]{1,10}){0,3}")

TYPES: tuple[SemanticType, ...] = (
    SemanticType("uuid", _matches(r"\{?[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\}?", re.I)),
    SemanticType("sys_id", _matches(r"[0-9a-f]{32}"), _hints("sysid sys id")),
    SemanticType("mac", _is_mac, _hints("mac macaddress macaddr")),
    SemanticType("mac", _is_bare_mac, _hints("mac macaddress macaddr"), alone=2),
    SemanticType("ipv4", _is_ipv4, _hints("ip ipaddress ipv4 address")),
    SemanticType("ipv6", _ipv6, _hints("ip ipaddress ipv6 address")),
    SemanticType("ip", _ip, _hints("ip ipaddress address")),
    SemanticType("cidr", _cidr, _hints("cidr subnet network netblock prefix ip range")),
    SemanticType("email", _matches(r"[^\s@<>,;:\"()]{1,64}@(?:[\w-]+\.)+[A-Za-z]{2,24}"), _hints("email mail e")),
    SemanticType("url", _matches(r"[A-Za-z][A-Za-z0-9+.-]{1,20}://\S+|www\.\S+\.\S+"), _hints("url uri link website")),
    SemanticType("iban", _iban, _hints("iban")),
    SemanticType("imei", _imei, _hints("imei"), alone=2),
    SemanticType("credit_card", _card, _hints("card creditcard cardnumber pan cc"), alone=0.98),
    SemanticType("ssn", _matches(r"(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}"), _hints("ssn social")),
    SemanticType("os_name", lambda v: len(v) <= 80 and _finds_os(v) is not None, _hints("os operatingsystem platform")),
    SemanticType("version", _is_version, VERSION, alone=2),
    SemanticType("version", lambda v: _is_dotted_numbers(v) and not _is_ipv4(v)),
    SemanticType("phone", _written_phone, alone=0.8),
    SemanticType("phone", _phone, _hints("phone telephone tel mobile cell fax telefon msisdn handy gsm"), alone=2),
    SemanticType("fqdn", lambda v: v.count(".") >= 1 and _fqdn(v), _hints("fqdn dns domain dnsname")),
    SemanticType("currency_code", lambda v: v in CURRENCY_CODES, _hints("currency curr cur ccy waehrung"), alone=0.98),
    SemanticType("country", _country, _hints("country nation land pays pais")),
    SemanticType("country", _country_code, _hints("country nation countrycode land iso pays pais"), alone=2),
    SemanticType(
        "postal_code",
        _matches(r"(?=.*\d)[A-Za-z0-9](?:[A-Za-z0-9 -]{1,9})[A-Za-z0-9]"),
        _hints("zip zipcode postal postalcode postcode plz cp cap"),
        alone=2,
    ),
    SemanticType("hostname", _hostname, _HOST_HINTS - {"name", "system", "instance"}, alone=2, hinted=0.8),
    SemanticType("hostname", _coined_hostname, _hints("name system instance"), alone=2, hinted=0.8),
    SemanticType("person_name", _known_person, _PERSON_HINTS, alone=0.4, hinted=0.2, judged=_person),
    SemanticType("person_name", _person, _PERSON_HINTS, alone=2, hinted=0.8),
    SemanticType(
        "person_name",
        _single_name,
        _hints("firstname lastname surname givenname familyname forename vorname nachname"),
        alone=2,
    ),
)
"""In the order in which they are asked: the strictest first. A later one wins only with clearly more values."""

PROVEN = 0.98
"""Share of values from which the values are believed more than the header."""

SCREENED = 200
"""Values a column that every validator sees; the few that pass see the rest."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a column's values are, and the share of them that really is that."""

    name: str
    fit: float
    valid: Validator


def of_texts(header: str, values: Weighted) -> Meaning | None:
    """The semantic type of a column of texts, from its values with their counts; None where none is clear.

    What the header says goes before what it doesn't, unless the values prove that; then the stricter type goes first,
    unless another fits far more.
    """
    hints = words(header)
    screen = values[:SCREENED]
    best: Meaning | None = None
    said, judged = False, None
    for kind in TYPES:
        hinted = bool(kind.hints & hints)
        needed = kind.hinted if hinted else kind.alone
        if needed > 1 or (said and not hinted) or share(kind.valid, screen) < 0.8 * needed:
            continue
        fit = share(kind.valid, values)
        if fit >= needed and (best is None or (hinted and not said and best.fit < PROVEN) or fit > best.fit + 0.1):
            best, said, judged = Meaning(kind.name, fit, kind.valid), hinted, kind.judged
    if best is None or judged is None:
        return best
    return Meaning(best.name, share(judged, values), judged)


def share(valid: Validator, values: Iterable[tuple[str, int]]) -> float:
    """Share of values, by their counts, that are valid; 0 where there are none."""
    good = total = 0
    for value, count in values:
        total += count
        good += count * valid(value.strip())
    return good / total if total else 0.0
