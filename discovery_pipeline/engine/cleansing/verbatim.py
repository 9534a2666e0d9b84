"""Verbatim columns: what is written for a program to read, where each space may mean something.

Patterns, masks, templates and code are told by their values; a secret looks like anything, and is told by its header.
No rule that looks at values touches such a column.
"""

from __future__ import annotations

import re

from discovery_pipeline.engine.cleansing.evidence import BOOLEAN, SAMPLE
from discovery_pipeline.engine.cleansing.values import Values

MOST = 0.5
"""Share of a column's cells that must read as written for a program."""

_SECRET = re.compile(r"(?i)((^|[\W_])pw|pwd|passwd|password|passphrase|secret|regexp?)([\W_]*\d+)?$")

# A cheap look first: nothing of what follows does without one of these.
_SIGNS = r"[\\{}\[^%#$;]"
_WRITTEN = "|".join(
    (
        r"\^.*\$",  # regular expressions
        r".*(\[[^\]\s]+\]|\\[dwsDWS])[+*?{].*",
        r".*\(\?[:=!<P].*\\.*",
        r".*%[YmdHMSyBbjIp]\W{0,3}%[YmdHMSyBbjIp].*",  # masks of dates and numbers
        r"[ #0?.,%;()+-]*#[ #0?.,%;()+-]*",
        r".*(\{\{.+\}\}|\$\{\w+\}|\{[A-Za-z_]\w*\}|%\(\w+\)s).*",  # blanks to be filled in
        r".*(=|\{|\w\().*;\s*",  # statements
        r"\s*[\[{]\s*[\"\[{].*[\]}]\s*",  # JSON
    )
)


def columns(values: Values) -> frozenset[int]:
    """The positions of these columns."""
    secret = [c.position for c in values.table.columns if _SECRET.search(c.name)]
    found = values.ask(
        f"""
        WITH sized AS (SELECT *, count(*) OVER (PARTITION BY position) AS size FROM {{values}} WHERE value IS NOT NULL)
        SELECT position FROM sized WHERE hash(value) % (1 + size // {SAMPLE})::UBIGINT = 0 GROUP BY position
        HAVING {MOST} * sum(cells) <= sum(cells) FILTER (
            CASE WHEN regexp_matches(value, '{_SIGNS}') THEN regexp_full_match(value, '(?s:{_WRITTEN})') END
        ) OR (list_contains({secret}::INTEGER[], position) AND NOT bool_or(regexp_full_match(value, '{BOOLEAN}')))"""
    )
    return frozenset(position for (position,) in found)
