"""Evidence: what kind of values each column holds, by what most of its cells are.

Rules decide on what a column holds now, not on what it held before earlier rules, so that a second cleansing
comes to the same decisions as the first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from discovery_pipeline.engine import months
from discovery_pipeline.engine.cleansing.values import Values

Kind = Literal["integer", "float", "date", "boolean", "mac", "ip", "email", "fqdn", "quantity", "text"]

MOST = 0.8
"""Share of a column's cells that must be of a kind before the column is."""

SAMPLE = 1_000
"""Distinct values looked at in a column: enough to tell 80 % from 75 %."""

PLAIN_NUMBER = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"
GROUPED_NUMBER = r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?|[+-]?\d{1,3}(\.\d{3})+(,\d+)?|[+-]?\d+,\d+"
# Months by their names: counted Unicode classes cost RE2 fifty times as much.
_CLOCK = r"( \d{1,2}:\d{2}.*)?"
MONTHS = "(?i:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
DATE = "|".join(
    (
        r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}([ T]\d{1,2}:\d{2}.*)?",
        r"\d{1,2}[-/.]\d{1,2}[-/.](\d{4}|\d{2})" + _CLOCK,
        r"\d{1,2}[ -][A-Za-z]{3,9}\.?[ ,-]+\d{4}" + _CLOCK,
        rf"\d{{1,2}}[ -]({MONTHS})[ -]\d{{2}}" + _CLOCK,
        r"[A-Za-z]{3,9}\.? \d{1,2},? \d{4}" + _CLOCK,
        months.DAY_FIRST + _CLOCK,
        months.MONTH_FIRST + _CLOCK,
        r"(19|20)\d{6}",
    )
)
MAC = r"[0-9A-Fa-f]{2}([-: .]?[0-9A-Fa-f]{2}){5}|[0-9A-Fa-f]{4}([-.:][0-9A-Fa-f]{4}){2}"
IP = r"\d{1,3}(\s*\.\s*\d{1,3}){3}(\s*/\s*\d{1,2})?"
QUANTITY = r"[+-]?\d[\d.,]*\s*(\x{00B0}?[%\pL][\pL/%.]*|\p{Sc})"
BOOLEAN = r"(?i)(true|false|yes|no|y|n|t|f|on|off|0|1)"

# A pattern in order of precedence: a date is not a number, "1" and "0" alone are numbers.
_KINDS: tuple[tuple[Kind, str], ...] = (
    ("integer", r"[+-]?\d+"),
    ("float", rf"{PLAIN_NUMBER}|{GROUPED_NUMBER}|(?i)nan"),
    ("boolean", BOOLEAN),
    ("date", DATE),
    ("mac", MAC),
    ("ip", IP),
    ("email", r"[^@\s]+@[^@\s]+\.[^@\s]+"),
    ("fqdn", r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.[A-Za-z]{2,}\.?"),
    ("quantity", QUANTITY),
)


@dataclass(frozen=True, slots=True)
class Seen:
    """One column: its cells with a value, its distinct values, the share of each kind among sampled cells."""

    cells: int
    distinct: int
    shares: dict[str, float]
    digits: float  # share of sampled cells with a digit
    length: float  # mean characters of a sampled value
    lower: float  # share of sampled cells with letters, all of them lower case
    separated: float  # share of sampled cells with a separator inside, of those that look like a MAC address

    @property
    def kind(self) -> Kind:
        """The kind most cells are of. Plain numbers count as floats, too."""
        share = self.shares
        numbers = share["integer"] + share["float"]
        likely: dict[Kind, float] = {
            "integer": share["integer"],
            "float": numbers,
            "boolean": share["boolean"] and share["boolean"] + share["integer"],
            # Compact dates look like integers, and stand among other dates.
            "date": share["date"] + (share["integer"] if share["date"] > 0.2 else 0),
            "mac": share["mac"],
            "ip": share["ip"],
            "email": share["email"],
            "fqdn": share["fqdn"],
            "quantity": share["quantity"] + numbers,
        }
        for kind, part in likely.items():
            if part >= MOST:
                return kind
        return "text"

    @property
    def repeated(self) -> bool:
        """Whether values come back often enough to be a vocabulary."""
        return 2 <= self.distinct <= self.cells / 2


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was seen in each column that holds anything."""

    seen: dict[int, Seen]

    @property
    def positions(self) -> tuple[int, ...]:
        """The columns that hold anything."""
        return tuple(self.seen)

    @property
    def typed(self) -> frozenset[int]:
        """Columns in which a word can't be a value."""
        return frozenset(p for p, s in self.seen.items() if s.kind != "text")

    def kind(self, position: int) -> Kind:
        """What most of a column's cells are."""
        return self.seen[position].kind

    def of(self, *kinds: Kind) -> tuple[int, ...]:
        """The columns of these kinds."""
        return tuple(p for p, s in self.seen.items() if s.kind in kinds)


def gather(values: Values, tokens: str) -> Evidence:
    """Look at a sample of each column's values. `tokens`: quoted words for "no value", which tell nothing."""
    tests = " ".join(f"WHEN regexp_full_match(value, '{pattern}') THEN '{kind}'" for kind, pattern in _KINDS)
    shares = ", ".join(f"coalesce(sum(cells) FILTER (kind = '{kind}'), 0) / sum(cells)" for kind, _ in _KINDS)
    sizes = {
        position: (size, total)
        for position, size, total in values.ask(
            "SELECT position, count(*), sum(cells)::BIGINT FROM {values} WHERE value IS NOT NULL GROUP BY position"
        )
    }
    every = [1 + sizes.get(p, (0, 0))[0] // SAMPLE for p in range(len(values.table.columns))]
    found = values.ask(
        f"""
        WITH drawn AS (
            -- UBIGINT as hash() gives it: else DuckDB divides in 128 bits.
            FROM {{values}} WHERE value IS NOT NULL AND hash(value) % CAST({every} AS UBIGINT[])[position + 1] = 0
        ),
        sampled AS (
            SELECT *, CASE {tests} ELSE 'text' END AS kind FROM drawn
            WHERE NOT (strlen(value) <= 20 AND lower(value) IN ({tokens}))
        )
        SELECT position, [{shares}],
            coalesce(sum(cells) FILTER (regexp_matches(value, '\\d')), 0) / sum(cells),
            sum(length(value) * cells) / sum(cells),
            coalesce(sum(cells) FILTER (regexp_matches(value, '\\p{{Ll}}') AND value = lower(value))
                / sum(cells) FILTER (regexp_matches(value, '\\pL')), 0),
            coalesce(sum(cells) FILTER (kind = 'mac' AND regexp_matches(value, '[-:. ]')), 0)
                / greatest(1, coalesce(sum(cells) FILTER (kind = 'mac'), 0))
        FROM sampled GROUP BY position ORDER BY position"""
    )
    names = [kind for kind, _ in _KINDS]
    return Evidence(
        {
            position: Seen(
                cells=sizes[position][1],
                distinct=sizes[position][0],
                shares=dict(zip(names, shares, strict=True)),
                digits=digits,
                length=length,
                lower=lower,
                separated=separated,
            )
            for position, shares, digits, length, lower, separated in found
        }
    )
