"""Domain validators: addresses and names of the network in their canonical form.

What can't be is flagged, never invented.
"""

from __future__ import annotations

import re

from discovery_pipeline.engine.cleansing.evidence import IP, MAC, Evidence
from discovery_pipeline.engine.cleansing.values import Values
from discovery_pipeline.engine.findings import Finding, Severity

LOWER = 0.8
"""Share of names in lower case from which the others are, too."""

_MAC = (
    f"CASE WHEN regexp_full_match($v, '{MAC}') THEN rtrim(regexp_replace("
    r"regexp_replace(upper($v), '[^0-9A-F]', '', 'g'), '(..)', '\1:', 'g'), ':') ELSE $v END"
)
# Octets lose leading zeros, addresses their spaces; a prefix goes only from a host's address, and "/32" says nothing.
_OCTETS = r"regexp_replace(regexp_replace($v, '\s+', '', 'g'), '(^|\.)0+(\d)', '\1\2', 'g')"
_IP = f"CASE WHEN regexp_full_match($v, '{IP}') THEN regexp_replace({_OCTETS}, '/\\d+$', '') ELSE $v END"
_IP_KEEPING = f"CASE WHEN regexp_full_match($v, '{IP}') THEN regexp_replace({_OCTETS}, '/32$', '') ELSE $v END"
_OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_HOST_WORDS = re.compile(r"(?i)(^|[_\W])(host|hostname|fqdn|dns)([_\W]|name|$)|hostname|servername|server_name")


def plan(values: Values, evidence: Evidence) -> None:
    """Plan MAC addresses, then IP addresses, then the case of names."""
    macs = [
        p for p in evidence.of("mac") if evidence.seen[p].separated >= 0.2 or "mac" in values.column(p).name.lower()
    ]
    values.offer("mac.canonical", dict.fromkeys(macs, _MAC), "strlen($v) <> 17 OR $v[3] <> ':' OR $v <> upper($v)")
    for position in evidence.of("ip"):
        with_prefix = values.ask(
            "SELECT coalesce(sum(cells) FILTER (contains(value, '/')), 0) / sum(cells) FROM {values} "
            f"WHERE position = {position} AND value IS NOT NULL"
        )[0][0]
        expression = _IP if with_prefix <= 0.2 else _IP_KEEPING
        values.offer("ip.canonical", {position: expression}, f"NOT regexp_full_match($v, '{_OCTET}(\\.{_OCTET}){{3}}')")
    lower = [p for p in (*evidence.of("fqdn", "email"), *_hosts(values, evidence)) if evidence.seen[p].lower >= LOWER]
    values.offer(
        "name.case",
        dict.fromkeys(lower, r"CASE WHEN regexp_full_match($v, '[\w.@+-]+') THEN rtrim(lower($v), '.') ELSE $v END"),
        "$v <> lower($v) OR ends_with($v, '.')",
    )


def _hosts(values: Values, evidence: Evidence) -> list[int]:
    return [
        p for p in evidence.of("text") if _HOST_WORDS.search(values.column(p).name) and not evidence.seen[p].repeated
    ]


def impossible(values: Values, evidence: Evidence) -> list[Finding]:
    """Values of network columns that no rule can make valid."""
    findings = []
    for position in evidence.of("ip"):
        rows = values.ask(
            "SELECT coalesce(sum(cells), 0)::BIGINT, max_by(value, cells, 5) FROM {values} "
            f"WHERE position = {position} AND value IS NOT NULL "
            f"AND NOT regexp_full_match(value, '{_OCTET}(\\.{_OCTET}){{3}}(/\\d+)?') AND NOT contains(value, ':')"
        )
        count, examples = rows[0]
        if count:
            findings.append(
                Finding(
                    table=values.table.name,
                    column=values.column(position).name,
                    rule="ip.impossible",
                    severity=Severity.WARNING,
                    count=count,
                    examples=tuple(examples),
                    evidence=f"{count} values in a column of IPv4 addresses are none",
                    action="Look the addresses up at their source; nothing was changed.",
                )
            )
    return findings
