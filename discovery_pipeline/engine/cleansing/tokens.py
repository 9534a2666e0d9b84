"""Null tokens: words for "no value", where they are not a value of their own."""

from __future__ import annotations

from collections.abc import Collection

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.cleansing.evidence import Evidence
from discovery_pipeline.engine.cleansing.values import Values
from discovery_pipeline.engine.profiling.model import TableProfile
from discovery_pipeline.engine.profiling.tokens import as_often_as_words, null_tokens

PLAIN = (
    "n/a", "#n/a", "n.a.", "n.a", "<na>", "null", "<null>", "(null)", "[null]", "(blank)", "#null!", "#value!", "#ref!",
    "#name?", "#div/0!", "\\n", "nan", "-", "--", "---", "–", "—", "?", "??", "???", ".", "..", "...",
)  # fmt: skip
"""Tokens that are no word of any vocabulary."""

WORDS = (
    "na", "none", "nil", "unknown", "unk", "missing", "not available", "not applicable", "not known", "tbd", "tba",
    "to be determined", "undefined", "unspecified", "not specified", "no data", "no value", "(unknown)",
)  # fmt: skip
"""Words that are no value among numbers and dates, and may be one among words."""

TELL_NOTHING = ", ".join(duck.text(t) for t in (*PLAIN, *WORDS))
"""Both, quoted: values that say nothing about what a column holds."""

SWAMPED = 0.6
"""Share of a text column's cells from which a token looks like what the column says, not what it lacks."""

ALIKE = 0.5
"""Share of a text column's other cells from which a sign that looks like them is one of them, even if it is a token."""

MOST_FREQUENT = 1_000
"""Values of a column that tell whether a word is one of its vocabulary."""


def plan(values: Values, evidence: Evidence) -> None:
    """Plan to empty the cells that hold a token."""
    holding = values.ask(
        f"SELECT position, sum(cells) FROM {{values}} WHERE strlen(value) <= 20 "
        f"AND lower(value) IN ({_listed((*PLAIN, *WORDS))}) GROUP BY position"
    )
    # A column of tokens alone shows nothing of what they would be missing from.
    seen = {p: held for p, held in holding if p in evidence.seen}
    swamped = {p for p, held in seen.items() if p not in evidence.typed and held >= SWAMPED * evidence.seen[p].cells}
    chosen = seen.keys() - swamped
    signs = _signs(values, chosen - evidence.typed)
    expressions = {}
    for position in sorted(chosen):
        kind = evidence.kind(position)
        tokens = (*PLAIN, *WORDS) if position in evidence.typed else PLAIN
        if kind == "boolean":
            answers = as_often_as_words(_frequent(values, position), WORDS)
            tokens = tuple(t for t in tokens if t not in answers)
        # A float may be "not a number", which is a result and not a gap; Nan and Null are names of people.
        kept = " AND lower($v) <> 'nan'" if kind == "float" else " AND $v NOT IN ('Nan', 'Null')"
        # Among letters and signs a sign is one of them: a grade, a base, an operator.
        kept += " AND regexp_matches($v, '\\pL')" if position in signs else ""
        expressions[position] = f"CASE WHEN lower($v) IN ({_listed(tokens)}){kept} THEN NULL ELSE $v END"
    values.offer("null.token", expressions, "strlen($v) <= 20")


def _signs(values: Values, positions: Collection[int]) -> frozenset[int]:
    """Those of these columns whose other cells hold mostly signs, or one character where several signs stand.

    Who writes one sign among letters means that there is none; who tells two apart means something by each.
    """
    sign = "NOT regexp_matches(value, '[\\pL\\pN]')"
    token = f"(strlen(value) <= 20 AND lower(value) IN ({TELL_NOTHING}))"
    found = values.ask(
        f"""
        SELECT position FROM (
            SELECT position, sum(cells) FILTER (NOT {token}) AS others,
                sum(cells) FILTER (NOT {token} AND {sign}) AS signs,
                sum(cells) FILTER (NOT {token} AND ({sign} OR length(value) = 1)) AS short,
                count(DISTINCT value) FILTER ({token} AND {sign}) AS kinds
            FROM {{values}} WHERE list_contains({sorted(positions)}::INTEGER[], position) AND value IS NOT NULL
            GROUP BY position
        ) WHERE signs >= {ALIKE} * others OR (kinds > 1 AND short >= {ALIKE} * others)"""
    )
    return frozenset(position for (position,) in found)


def plan_words(values: Values, evidence: Evidence, profile: TableProfile | None) -> None:
    """Plan to empty the cells that hold a word which often, not always, means nothing is known."""
    held = values.ask(
        f"SELECT DISTINCT position FROM {{values}} WHERE strlen(value) <= 20 AND lower(value) IN ({_listed(WORDS)})"
    )
    for position in sorted({p for (p,) in held} & evidence.seen.keys()):
        tokens: tuple[str, ...] = ("nan",) if evidence.kind(position) == "float" else ()
        if position not in evidence.typed:
            known = _known(values, position, profile)
            answers = as_often_as_words(_frequent(values, position), WORDS)
            tokens = tuple(w for w in WORDS if w in known - answers)
        if tokens:
            emptied = f"CASE WHEN lower($v) IN ({_listed(tokens)}) THEN NULL ELSE $v END"
            values.offer("null.word", {position: emptied}, "strlen($v) <= 20")


def _known(values: Values, position: int, profile: TableProfile | None) -> frozenset[str]:
    """The tokens of a column: what the profile doesn't count as one, it takes for vocabulary."""
    if profile:
        counted = profile.column(values.column(position).name).null_tokens
        return frozenset(t.value.strip().lower() for t in counted)
    return null_tokens(_frequent(values, position))


def _frequent(values: Values, position: int) -> list[tuple[str, int]]:
    """The column's most frequent values with their cells."""
    return values.ask(
        f"SELECT value, sum(cells)::BIGINT FROM {{values}} WHERE position = {position} AND value IS NOT NULL "
        f"GROUP BY value ORDER BY 2 DESC, value LIMIT {MOST_FREQUENT}"
    )


def _listed(tokens: tuple[str, ...]) -> str:
    return ", ".join(duck.text(t) for t in dict.fromkeys(tokens))
