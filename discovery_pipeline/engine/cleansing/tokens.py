"""Null tokens: words for "no value", where they are not a value of their own."""

from __future__ import annotations

from collections.abc import Collection

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.cleansing.evidence import Evidence
from discovery_pipeline.engine.cleansing.values import Values
from discovery_pipeline.engine.profiling import headers, semantics
from discovery_pipeline.engine.profiling.model import TableProfile
from discovery_pipeline.engine.profiling.tokens import as_often_as_words, null_tokens

PLAIN = (
    "n/a", "#n/a", "n.a.", "n.a", "<na>", "k.a.", "null", "<null>", "(null)", "[null]", "(blank)", "#null!", "#value!",
    "#ref!", "#name?", "#div/0!", "#num!", "#nv", "#n/d", "#wert!", "#bezug!", "#zahl!", "#valeur!",
    "#nombre!", "\\n", "nan", "-", "--", "---", "–", "—", "?", "??", "???", ".", "..", "...",
    "0000-00-00", "0000-00-00 00:00:00", "00.00.0000", "00/00/0000",
)  # fmt: skip
"""Tokens that are no word of any vocabulary."""

WORDS = (
    "na", "none", "nil", "unknown", "unk", "missing", "not available", "not applicable", "not known", "tbd", "tba",
    "to be determined", "undefined", "unspecified", "not specified", "no data", "no value", "(unknown)",
    "not set", "not provided", "unbekannt", "keine angabe", "inconnu", "desconocido",
)  # fmt: skip
"""Words that are no value among numbers and dates, and may be one among words."""

TELL_NOTHING = ", ".join(duck.text(t) for t in (*PLAIN, *WORDS))
"""Both, quoted: values that say nothing about what a column holds."""

SWAMPED = 0.6
"""Share of a text column's cells from which a token looks like what the column says, not what it lacks."""

ALIKE = 0.5
"""Share of a text column's other cells from which a sign that looks like them is one of them, even if it is a token."""

_NINES = r"-?9{3,}(\.[09]+)?"
"""What programs write into a column of numbers where they have none."""

FAR = 5
"""How many times the spread of a column's numbers such a one must be away from them."""

OFTEN = 3
"""Cells that must hold it."""

FEW = 5
"""Other numbers a column must have for its spread to say anything."""

WIDE = 100
"""Size of numbers from which zero and -1 are no steps of one scale, as floors of a building are."""

BELOW_ZERO = frozenset(
    (
        "floor", "level", "storey", "story", "offset", "utc", "delta", "change", "difference", "diff", "balance",
        "temperature", "temp", "degrees", "lat", "latitude", "lon", "long", "longitude", "x", "y", "z", "score",
        "trend", "step", "direction",
    )
)  # fmt: skip
"""Words of headers under which -1 is a number like others."""

MOST_FREQUENT = 1_000
"""Values of a column that tell whether a word is one of its vocabulary."""

_NAMES = ("Na", "Nil")
_SURNAMES = (*_NAMES, "None")
"""Words that are names of people, too: in any column, and in one of people."""


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
        # In capitals it may be a code: a gene, a ticker.
        kept += " AND $v <> 'NAN'" if as_often_as_words(_frequent(values, position), ("nan",)) else ""
        # Among letters and signs a sign is one of them: a grade, a base, an operator.
        kept += " AND regexp_matches($v, '\\pL')" if position in signs else ""
        expressions[position] = f"CASE WHEN lower($v) IN ({_listed(tokens)}){kept} THEN NULL ELSE $v END"
    values.offer("null.token", expressions, "strlen($v) <= 20")


def _signs(values: Values, positions: Collection[int]) -> frozenset[int]:
    """Those of these columns whose other cells hold mostly signs, options, or one character where several signs stand.

    Who writes one sign among letters means that there is none; who tells two apart means something by each.
    """
    sign = "(NOT regexp_matches(value, '[\\pL\\pN]') OR regexp_matches(value, '^--?\\pL'))"
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
        "SELECT DISTINCT position FROM {values} WHERE strlen(value) <= 20 "
        f"AND lower(value) IN ({_listed((*WORDS, 'nan'))})"
    )
    for position in sorted({p for (p,) in held} & evidence.seen.keys()):
        tokens: tuple[str, ...] = ("nan",) if evidence.kind(position) == "float" else ()
        if position not in evidence.typed:
            known = _known(values, position, profile)
            answers = as_often_as_words(_frequent(values, position), WORDS)
            tokens = tuple(w for w in WORDS if w in known - answers)
        if tokens:
            kept = _listed(_SURNAMES if _of_people(values, position) else _NAMES)
            emptied = f"CASE WHEN lower($v) IN ({_listed(tokens)}) AND $v NOT IN ({kept}) THEN NULL ELSE $v END"
            values.offer("null.word", {position: emptied}, "strlen($v) <= 20")


def plan_nines(values: Values, evidence: Evidence) -> None:
    """Plan to empty the cells of nines that lie far away from all other numbers of their column."""
    numbers = evidence.of("integer", "float")
    holding = values.ask(
        f"SELECT DISTINCT position FROM {{values}} WHERE list_contains({[*numbers]}::INTEGER[], position) "
        f"AND cells >= {OFTEN} AND contains(value, '999')"
    )
    if not holding:
        return
    positions = [p for (p,) in holding]
    found = values.ask(
        f"""
        WITH numbers AS (
            SELECT position, value, cells, try_cast(value AS DOUBLE) AS x, regexp_full_match(value, '{_NINES}') AS nines
            FROM {{values}} WHERE position IN ({", ".join(map(str, positions))}) AND value IS NOT NULL
        ),
        spread AS (
            SELECT position, quantile_cont(x, [0.05, 0.95]) AS q FROM numbers WHERE x IS NOT NULL AND NOT nines
            GROUP BY position HAVING count(*) >= {FEW}
        )
        SELECT position, value FROM numbers JOIN spread USING (position)
        WHERE nines AND cells >= {OFTEN}
            AND (x > q[2] + {FAR} * (q[2] - q[1]) OR x < q[1] - {FAR} * (q[2] - q[1]))
        ORDER BY ALL"""
    )
    listed: dict[int, dict[str, str | None]] = {}
    for position, value in found:
        listed.setdefault(position, {})[value] = None
    for position, emptied in listed.items():
        values.offer_list("null.number", position, emptied)


def _of_people(values: Values, position: int) -> bool:
    """Whether the column holds names of people."""
    found = semantics.of_texts(values.column(position).name, _frequent(values, position))
    return found is not None and found.name == "person_name"


def plan_minus_one(values: Values, evidence: Evidence) -> None:
    """Plan to empty the cells of -1 where no other number is below zero, and nothing leads down to it."""
    numbers = [p for p in evidence.of("integer", "float") if not headers.words(values.column(p).name) & BELOW_ZERO]
    found = values.ask(
        f"""
        WITH numbers AS (
            SELECT position, cells, try_cast(value AS DOUBLE) AS x FROM {{values}}
            WHERE list_contains({numbers}::INTEGER[], position)
        )
        SELECT position FROM numbers GROUP BY position
        HAVING sum(cells) FILTER (x = -1) >= {OFTEN} AND count(*) FILTER (x < 0) = 1 AND count(x) > {FEW}
            AND sum(cells) FILTER (x = -1) < {SWAMPED} * sum(cells)
            AND (NOT bool_or(x = 0) OR quantile_cont(x, 0.95) >= {WIDE})
        ORDER BY position"""
    )
    for (position,) in found:
        values.offer_list("null.number", position, {"-1": None})


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
