"""Domain validators: addresses and names of the network in their canonical form.

An impossible value is flagged; nothing is invented in its place.
"""

from __future__ import annotations

import re

from discovery_pipeline.engine.cleansing.catalogue import RULES
from discovery_pipeline.engine.cleansing.doubts import doubt
from discovery_pipeline.engine.cleansing.evidence import IP, MAC, Evidence
from discovery_pipeline.engine.cleansing.values import Values
from discovery_pipeline.engine.findings import Finding

GROUPED = 0.9
"""Share of MAC addresses from which their column's way to group digits is its own."""

LOWER = 0.8
"""Share of names or addresses in lower case from which the others are, too."""

_HEX = "regexp_replace($v, '[^0-9A-Fa-f]', '', 'g')"
_GROUPS = {
    ":": ("[0-9A-F]{2}(:[0-9A-F]{2}){5}", 6),
    "-": ("[0-9A-F]{2}(-[0-9A-F]{2}){5}", 6),
    ".": (r"[0-9A-F]{4}(\.[0-9A-F]{4}){2}", 3),
}
"""What may stand between the digits of a MAC address: a pattern of it in capitals, and how many groups it has."""
# Octets lose leading zeros, addresses their spaces; a prefix goes only from a host's address, and "/32" says nothing.
_OCTETS = r"regexp_replace(regexp_replace($v, '\s+', '', 'g'), '(^|\.)0+(\d)', '\1\2', 'g')"
_IP = f"CASE WHEN regexp_full_match($v, '{IP}') THEN regexp_replace({_OCTETS}, '/\\d+$', '') ELSE $v END"
_IP_KEEPING = f"CASE WHEN regexp_full_match($v, '{IP}') THEN regexp_replace({_OCTETS}, '/32$', '') ELSE $v END"
_OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
# Nothing in an address stands beside a space, and nothing that ends one ends a sentence.
_EMAIL = r"regexp_replace(regexp_replace($v, '\s*([@.])\s*', '\1', 'g'), '^(?i:mailto:)|[;,.]$', '', 'g')"
_VALID = {
    # An IPv6 address among IPv4 ones is one all the same.
    "ip": rf"{_OCTET}(\.{_OCTET}){{3}}(/(3[0-2]|[12]?\d))?|[0-9A-Fa-f]{{0,4}}(:[0-9A-Fa-f]{{0,4}}){{2,7}}(%\w+)?",
    "mac": "|".join(f"{form}|{form.replace('A-F', 'a-f')}" for form, _ in _GROUPS.values()),
    "email": r"[^@\s,;]+@[\pL\d](?:[\pL\d-]*[\pL\d])?(\.[\pL\d](?:[\pL\d-]*[\pL\d])?)+",
}
"""What a value of a kind looks like once every rule has run."""
_HOST_WORDS = re.compile(r"(?i)(^|[_\W])(host|hostname|fqdn|dns)([_\W]|name|$)|hostname|servername|server_name")


def plan(values: Values, evidence: Evidence) -> None:
    """Plan MAC, IP and e-mail addresses, then the case of names."""
    for position in _macs(values, evidence):
        case = "lower" if evidence.seen[position].lower >= LOWER else "upper"
        form, by = _grouped(values, position)
        written = f"CASE WHEN regexp_full_match($v, '{MAC}') THEN regexp_replace({case}({_HEX}), {by}) ELSE $v END"
        odd = f"NOT regexp_full_match(upper($v), '{form}') OR $v <> {case}($v)"
        values.offer("mac.canonical", {position: written}, odd)
    for position in evidence.of("ip"):
        with_prefix = values.ask(
            "SELECT coalesce(sum(cells) FILTER (contains(value, '/')), 0) / sum(cells) FROM {values} "
            f"WHERE position = {position} AND value IS NOT NULL"
        )[0][0]
        expression = _IP if with_prefix <= 0.2 else _IP_KEEPING
        values.offer("ip.canonical", {position: expression}, f"NOT regexp_full_match($v, '{_OCTET}(\\.{_OCTET}){{3}}')")
    values.offer(
        "email.canonical",
        {
            p: f"CASE WHEN regexp_full_match({_EMAIL}, '{_VALID['email']}') THEN {_EMAIL} ELSE $v END"
            for p in evidence.of("email")
        },
        f"NOT regexp_full_match($v, '{_VALID['email']}') OR $v ILIKE 'mailto:%'",
    )
    lower = [p for p in (*evidence.of("fqdn", "email"), *_hosts(values, evidence)) if evidence.seen[p].lower >= LOWER]
    values.offer(
        "name.case",
        dict.fromkeys(
            lower, r"CASE WHEN regexp_full_match($v, '[\pL\pN_.@+-]+') THEN rtrim(lower($v), '.') ELSE $v END"
        ),
        "$v <> lower($v) OR ends_with($v, '.')",
    )


def _macs(values: Values, evidence: Evidence) -> list[int]:
    """Columns of MAC addresses; twelve hexadecimal digits without separators are often something else."""
    return [
        p for p in evidence.of("mac") if evidence.seen[p].separated >= 0.2 or "mac" in values.column(p).name.lower()
    ]


def _grouped(values: Values, position: int) -> tuple[str, str]:
    """A pattern of a column's addresses, and how to replace twelve digits by it: as nearly all are, or with colons."""
    counts = ", ".join(f"coalesce(sum(cells) FILTER (regexp_full_match(v, '{p}')), 0)" for p, _ in _GROUPS.values())
    [(total, *found)] = values.ask(
        f"SELECT sum(cells), {counts} FROM (SELECT upper(value) AS v, cells FROM {{values}} "
        f"WHERE position = {position} AND value IS NOT NULL)"
    )
    own = (mark for mark, cells in zip(_GROUPS, found, strict=True) if cells >= GROUPED * total)
    mark = next(own, ":")
    form, number = _GROUPS[mark]
    group, written = f"({'.' * (12 // number)})", mark.join(f"\\{n}" for n in range(1, number + 1))
    return form, f"'{group * number}', '{written}'"


def _hosts(values: Values, evidence: Evidence) -> list[int]:
    return [
        p for p in evidence.of("text") if _HOST_WORDS.search(values.column(p).name) and not evidence.seen[p].repeated
    ]


def impossible(values: Values, evidence: Evidence) -> list[Finding]:
    """Values of columns of addresses that no rule can make valid."""
    columns = {"ip": evidence.of("ip"), "mac": _macs(values, evidence), "email": evidence.of("email")}
    return [
        finding
        for kind, valid in _VALID.items()
        for position in columns[kind]
        if (finding := _impossible(values, position, kind, valid)) is not None
    ]


def _impossible(values: Values, position: int, kind: str, valid: str) -> Finding | None:
    known = RULES[f"{kind}.impossible"]
    return doubt(
        values,
        position,
        f"NOT regexp_full_match($v, '{valid}')",
        known.id,
        values_are=("value is", "values are"),
        evidence=known.reason,
        action="Look these values up at their source, or decide on them in the review; nothing was changed.",
    )
