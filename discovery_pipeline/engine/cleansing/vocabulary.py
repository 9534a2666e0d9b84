"""Controlled vocabulary: spellings of one word brought to the spelling that the column itself prefers.

Clusters by key collision, as OpenRefine does it: values with the same fingerprint are spellings of one another.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from discovery_pipeline.engine.cleansing.catalogue import LOOKALIKES
from discovery_pipeline.engine.cleansing.evidence import Evidence
from discovery_pipeline.engine.cleansing.values import Values

LEAD = 4
"""How many times more often than another the preferred spelling must stand to be taken without asking."""

PREFERRED = 1.5
"""How many times more often it must stand to be suggested."""

CONTROLLED = 10
"""Cells a word on average from which a column is a controlled vocabulary, mended without asking."""

SETTLED = 0.7
"""Share of a column's words of several spellings that must have one preferred for the column to prefer any."""

FEW = 40
"""Distinct values up to which a column is one of few words."""

COMMON = 0.05
"""Share of a column's cells from which a value is one of them."""

LONGEST = 60
"""Mean length from which a column is prose, not a vocabulary."""

# Only marks that carry no meaning of their own are folded: "<=50K" and ">50K", "C" and "C#" stay apart. Marks between
# digits stay, because they make the number; a single "+" or "-" at the end stays, because it makes a grade.
_MARKS = r"[\s_.,;:\"'’`*/\\|()\[\]–—-]"
_FOLDED = "lower($v)"
for _pattern, _by in (
    (rf"([\pL\pN]){_MARKS}*([_.,;:\"'’`*/\\|()\[\]–—]){_MARKS}*$", r"\1"),
    (rf"(\pL){_MARKS}+([\pL\pN])", r"\1\2"),
    (rf"(\pL){_MARKS}+([\pL\pN])", r"\1\2"),  # again for one-letter words, whose letters the first pass has used up
    (rf"(\pN){_MARKS}+(\pL)", r"\1\2"),
    (rf"^{_MARKS}+(\pL)", r"\1"),
):
    _FOLDED = f"regexp_replace({_FOLDED}, '{_pattern.replace(chr(39), chr(39) * 2)}', '{_by}', 'g')"
SPELLING = _FOLDED
"""Fingerprint: case, spacing and punctuation folded."""

_LATIN = f"translate($v, '{LOOKALIKES[0]}', '{LOOKALIKES[1]}')"
VARIANT = (
    "CASE WHEN len(regexp_extract_all($v, '[0-9]+')) > 1 THEN lower($v) ELSE "
    rf"array_to_string(list_sort(list_distinct(regexp_extract_all(strip_accents(lower({_LATIN})), "
    r"'[\pL\pN<>=~%$€£#+&@]+'))), ' ') END"
)
"""Fingerprint: also order, repeated words, accents and look-alikes folded. Of several numbers the order counts."""


def _transcribed(value: str) -> str:
    for letter, written in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss"), ("ø", "oe"), ("å", "aa"), ("æ", "ae")):
        value = f"replace({value}, '{letter}', '{written}')"
    return value


TRANSCRIBED = _transcribed(SPELLING)
"""Fingerprint: letters that ASCII lacks written out, too, as German and Nordic keyboards' users do without them."""


def _signed(value: str) -> str:
    """The letters of a value that ASCII lacks: who leaves them out saves keys, who writes them means them."""
    letters = _LATIN.replace("$v", f"nfc_normalize({value})")
    return rf"list_sort(regexp_extract_all(lower({letters}), '[^\PLA-Za-z]'))"


_BARE = "translate(lower($v), ' ' || chr(9) || chr(10) || chr(12) || chr(13) || '_.,;:\"''’`*/\\|()[]–—-', '')"
COARSER = {
    SPELLING: _BARE,
    TRANSCRIBED: _transcribed(_BARE),
    VARIANT: "CASE WHEN len(regexp_extract_all($v, '[0-9]+')) > 1 THEN lower($v) ELSE array_to_string(list_sort("
    rf"list_distinct(regexp_extract_all(strip_accents(lower({_LATIN})), '[a-z0-9<>=~%$#+&@]'))), '') END",
}
"""Of each fingerprint one that is the same wherever it is, and takes a tenth of its time: RE2 works out 600 ranges of
Unicode for each of its letters' classes, in each query anew."""

_SHORT: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "production": ("prod", "prd", "prod.", "prdn", "produktion"),
        "development": ("dev", "devel", "dev.", "develop"),
        "testing": ("tst", "test"),
        "test": ("tst", "testing"),
        "staging": ("stg", "stage", "stag"),
        "pre-production": ("preprod", "pre-prod", "ppd", "pprd"),
        "quality assurance": ("qa",),
        "user acceptance testing": ("uat",),
        "disaster recovery": ("dr",),
        "sandbox": ("sbx", "sbox"),
        "operational": ("oper", "op", "ops"),
        "decommissioned": ("decom", "decomm"),
        "virtual": ("virt",),
        "physical": ("phys",),
        "database": ("db",),
        "application": ("app", "appl"),
        "server": ("srv", "svr"),
        "information technology": ("it",),
        "human resources": ("hr",),
        "finance": ("fin",),
        "marketing": ("mktg", "mkt"),
        "department": ("dept", "dep"),
        "management": ("mgmt", "mgt"),
        "engineering": ("eng", "engr"),
        "operations": ("ops",),
        "infrastructure": ("infra",),
        "maintenance": ("maint",),
        "high": ("hi",),
        "medium": ("med",),
        "active": ("act",),
        "inactive": ("inact",),
        "headquarters": ("hq",),
        "united states": ("us", "usa", "u.s.", "u.s.a.", "united states of america"),
        "united kingdom": ("uk", "u.k."),
        "hewlett packard enterprise": ("hpe",),
        "hewlett packard": ("hp",),
        "hewlett-packard": ("hp",),
        "international business machines": ("ibm",),
    }
)


_ABBREVIATES = "a long form abbreviated as nearly everywhere in the column"


def plan(values: Values, evidence: Evidence) -> None:
    """Plan spellings that differ in case, spacing and punctuation only, then abbreviations."""
    positions = _vocabularies(evidence)
    # Spellings multiply the words of a vocabulary a few times, not more.
    few = [p for p in positions if evidence.seen[p].distinct * CONTROLLED <= 4 * evidence.seen[p].cells]
    for position, spellings in _clusters(values, few, SPELLING, LEAD, CONTROLLED).items():
        values.offer_list("vocabulary.spelling", position, spellings)
    for position in positions:
        values.offer_list("vocabulary.abbreviation", position, _abbreviations(values, position))


def plan_variants(values: Values, evidence: Evidence) -> None:
    """Plan what folds more than an automatic rule may: order, accents, ae for ä, and spellings without clear winner."""
    for key in (SPELLING, VARIANT, TRANSCRIBED):
        for position, spellings in _clusters(values, _vocabularies(evidence), key, PREFERRED, 2).items():
            values.offer_list("vocabulary.variant", position, spellings)
    for position in _vocabularies(evidence):
        values.offer_list(
            "vocabulary.abbreviation", position, _abbreviated(values, position), tier="suggest", reason=_ABBREVIATES
        )


def _vocabularies(evidence: Evidence) -> list[int]:
    return [p for p in evidence.of("text") if evidence.seen[p].repeated and evidence.seen[p].length <= LONGEST]


def _clusters(
    values: Values, positions: list[int], key: str, lead: float, often: float
) -> dict[int, dict[str, str | None]]:
    """By column every spelling that isn't its cluster's most frequent one, with that.

    Parameters
    ----------
    lead
        How many times more often the best must stand than another.
    often
        How many cells a cluster must have on average for its column to be looked at.
    """
    alike = _alike(values, positions, key)
    if not alike:
        return {}
    found = values.ask(
        f"""
        WITH keyed AS (
            SELECT position, value, sum(cells)::BIGINT AS cells, {key.replace("$v", "value")} AS key FROM {{values}}
            WHERE position IN ({alike}) AND regexp_matches(value, '\\pL')
                AND NOT starts_with(value, '/') AND NOT contains(value, '\\') AND NOT contains(value, '://')
            GROUP BY position, value
        ),
        clusters AS (
            SELECT position, key, arg_max(value, (cells, value)) AS best, max(cells) AS most,
                max(cells, 2)[2] AS second, sum(cells) - max(cells) AS others,
                sum(sum(cells)) OVER (PARTITION BY position) AS total,
                count(*) OVER (PARTITION BY position) AS words
            FROM keyed GROUP BY position, key
        ),
        settled AS (
            SELECT position FROM clusters WHERE second > 0 AND length(key) > 1
            GROUP BY position HAVING avg((most >= {PREFERRED} * second)::INTEGER) >= {SETTLED}
        )
        SELECT position, value, best FROM keyed JOIN clusters USING (position, key) SEMI JOIN settled USING (position)
        WHERE value <> best AND length(key) > 1 AND words * {often} <= total
            AND most >= {lead} * cells AND most >= {lead} * others / 2
            AND ({_signed("value")} = {_signed("best")} OR {_signed("value")} = [] AND most >= {LEAD} * cells)
        ORDER BY position, value"""
    )
    listed: dict[int, dict[str, str | None]] = {}
    for position, value, best in found:
        listed.setdefault(position, {})[value] = best
    return listed


def _alike(values: Values, positions: list[int], key: str) -> str:
    """Those of these columns, listed, in which several values may have the same fingerprint."""
    if not positions:
        return ""
    found = values.ask(
        "SELECT DISTINCT position FROM (SELECT position FROM {values} "
        f"WHERE position IN ({', '.join(map(str, positions))}) "
        f"GROUP BY position, {COARSER[key].replace('$v', 'value')} HAVING count(DISTINCT value) > 1) ORDER BY position"
    )
    return ", ".join(str(position) for (position,) in found)


def _abbreviations(values: Values, position: int) -> dict[str, str | None]:
    standing = _standing(values, position)
    listed: dict[str, str | None] = {}
    for long, short_forms in _SHORT.items():
        if long not in standing:
            continue
        spelling, cells = standing[long]
        if cells < 3:
            continue
        takes = [standing[s] for s in short_forms if s in standing]
        if any(count > cells for _, count in takes):
            continue  # this column abbreviates
        # "test" and "testing" stand for each other: the more frequent one is the long form.
        listed |= {value: spelling for value, count in takes if value.lower() not in _SHORT or count * LEAD < cells}
    return listed


def _abbreviated(values: Values, position: int) -> dict[str, str | None]:
    """Long forms in a column that abbreviates, with the short form that it prefers."""
    standing = _standing(values, position)
    listed: dict[str, str | None] = {}
    for long, short_forms in _SHORT.items():
        takes = sorted((standing[s] for s in (long, *short_forms) if s in standing), key=lambda t: t[1])
        if len(takes) > 1 and long in standing and takes[-1][0].lower() not in _SHORT:
            best, cells = takes[-1]
            if cells >= LEAD * sum(count for _, count in takes[:-1]):
                listed |= {value: best for value, _ in takes[:-1]}
    return listed


def _standing(values: Values, position: int) -> dict[str, tuple[str, int]]:
    """The short values of a column in lower case, as they are written most often, with their cells."""
    found = values.ask(
        f"SELECT value, sum(cells)::BIGINT FROM {{values}} WHERE position = {position} AND length(value) <= 40 "
        "GROUP BY value ORDER BY 2, 1"
    )
    return {value.lower(): (value, cells) for value, cells in found}


def plan_initials(values: Values, evidence: Evidence) -> None:
    """Plan one way of writing where a column says both M and Male, or Auto and Automatic."""
    for position in (p for p in _vocabularies(evidence) if evidence.seen[p].distinct <= FEW):
        standing = values.ask(
            f"SELECT value, sum(cells)::BIGINT FROM {{values}} WHERE position = {position} AND value IS NOT NULL "
            "GROUP BY value ORDER BY 2 DESC, value"
        )
        values.offer_list("vocabulary.initial", position, initials(dict(standing)))


def initials(cells: Mapping[str, int]) -> dict[str, str | None]:
    """Rare values that are the beginning of one frequent value, or begin with one frequent letter.

    Not by accident: two or more frequent values must have such a beginning, cut off after as many letters; and where
    letters are the habit, two or more of them must have been written out, and nothing else.
    """
    total = sum(cells.values())
    words = [v for v, n in cells.items() if n >= COMMON * total and v.isalpha()]
    few = [v for v, n in cells.items() if v.isalpha() and n < COMMON * total]
    letters = bool(words) and all(len(w) == 1 for w in words)
    # Of a letter nobody knows that it has another meaning in the other case.
    cased = {v: v.swapcase() for v in few if letters and v.swapcase() in words}
    cased = {v: w for v, w in cased.items() if cells[w] >= LEAD * cells[v]}
    rare = {v: [w for w in words if _begins(v, w)] for v in few if v not in cased}
    meant = {v: found[0] for v, found in rare.items() if len(found) == 1 and cells[found[0]] >= LEAD * cells[v]}
    short = {v: w for v, w in meant.items() if len(v) < len(w)}
    lengths = {length: {w for v, w in short.items() if len(v) == length} for length in map(len, short)}
    listed: dict[str, str | None] = {v: w for v, w in short.items() if len(lengths[len(v)]) > 1}
    if letters and len(set(meant.values())) > 1 and len(meant) == len(rare):
        listed |= meant
    return listed | cased


def _begins(rare: str, word: str) -> bool:
    """Whether one of the two is how the other begins."""
    one, other = rare.casefold(), word.casefold()
    return one != other and other.startswith(one) if len(other) > 1 else one.startswith(other)
