r"""Forms: how a value of each field type is written in a target's file, as regular expressions.

They stay within what RE2 and Python's `re` both read, so that DuckDB brings values into the form that pandera
judges. A form covers the whole value; there are no anchors in it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from discovery_pipeline.engine.targets.contract import TargetField

_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
IPV4 = rf"(?:{_OCTET}\.){{3}}{_OCTET}"

_H = "[0-9a-f]{1,4}"
IPV6 = "(?:" + "|".join(
    [
        f"(?:{_H}:){{7}}{_H}",
        *(f"(?:{_H}:){{1,{7 - n}}}(?::{_H}){{1,{n}}}" for n in range(1, 7)),
        f"(?:{_H}:){{1,7}}:",
        f":(?::{_H}){{1,7}}",
        "::",
        f"::(?:ffff(?::0{{1,4}})?:)?{IPV4}",
    ]
) + ")"  # fmt: skip

_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_TOP = "[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"  # never all digits, or an address would be a name

NUMBER = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]*[1-9])?"

_SCALARS: Mapping[str, str] = MappingProxyType(
    {
        "integer": r"-?(?:0|[1-9][0-9]*)",
        "number": NUMBER,
        "boolean": "true|false",
        "date": "[0-9]{4}-[0-9]{2}-[0-9]{2}",
        "datetime": "[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}",
        "ipv4": IPV4,
        "ip": f"{IPV4}|{IPV6}",
        "mac": "(?:[0-9A-F]{2}:){5}[0-9A-F]{2}",
        "fqdn": rf"(?:{_LABEL}\.)+{_TOP}",
        "uuid": "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    }
)

SAID: Mapping[str, str] = MappingProxyType(
    {
        "integer": "a whole number",
        "number": "a number",
        "boolean": "yes or no",
        "date": "a date (write it as 2026-01-31)",
        "datetime": "a point in time (write it as 2026-01-31 08:00:00)",
        "ipv4": "an IPv4 address of a host",
        "ip": "an IP address of a host",
        "mac": "a MAC address",
        "fqdn": "a fully qualified domain name (such as web01.example.com)",
        "uuid": "a UUID",
        "pair": "a pair of name and value (name:value)",
        "string": "text",
    }
)
"""Item types in words, for the sentence "… is not …"."""


def item_type(field: TargetField) -> str:
    """The type of one item: `ip` of `list<ip>`, `pair` of a map, else the field's own."""
    if field.type.startswith("map<"):
        return "pair"
    return field.type.removeprefix("list<").removesuffix(">")


def is_list(field: TargetField) -> bool:
    """Whether the value holds several items between separators."""
    return field.type.startswith(("list<", "map<"))


def separator(field: TargetField) -> str:
    """What stands between items."""
    return field.separator or ","


def form(field: TargetField) -> str | None:
    """The form of a whole value; None where any text will do."""
    kind = item_type(field)
    if kind == "boolean" and field.allowed:
        return "|".join(re.escape(a) for a in field.allowed)
    if not is_list(field):
        return _SCALARS.get(kind)
    apart = re.escape(separator(field))
    plain = f"[^{apart}]+"
    item = f"[^:{apart}]+:{plain}" if kind == "pair" else _SCALARS.get(kind, plain)
    return f"(?:{item})(?:{apart}(?:{item}))*"
