"""Names: how much a column's name says that it refers to a table.

Names only, no data. Every answer is 0..1 and is evidence, never proof: "ship_via" names the shippers a little,
"shipper_id" names them clearly, "c17" names nobody.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from discovery_pipeline.engine.schema import vocabulary

Words = tuple[str, ...]


@lru_cache(maxsize=100_000)
def words(name: str) -> Words:
    """The words of a name: "SupportRepId" and "support_rep_id" give support, rep, id."""
    plain = name.replace("ß", "ss").replace("ä", "ae").replace("ö", "oe").replace("ü", "ue")
    plain = plain.replace("Ä", "Ae").replace("Ö", "Oe").replace("Ü", "Ue")
    plain = unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()
    parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+", plain)
    return tuple(w for p in parts for w in _unglued(p.lower()))


def _unglued(word: str) -> Words:
    """The key word that is glued to its noun, cut off: "artikelnr" gives artikel, nr."""
    for ending in ("uuid", "guid", "nummer", "code", "key", "nbr", "num", "nr", "id", "no", "fk", "cd"):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and word not in vocabulary.NOT_GLUED:
            return (word[: -len(ending)], ending)
    return (word,)


@lru_cache(maxsize=100_000)
def singular(word: str) -> str:
    """The word without an English plural's ending."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("sses", "xes", "ches", "shes", "uses")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return {"people": "person", "children": "child", "men": "man", "women": "woman", "media": "medium"}.get(word, word)


@lru_cache(maxsize=200_000)
def likeness(left: str, right: str) -> float:
    """How surely two words mean the same: equal, another ending, or an abbreviation."""
    a, b = sorted((singular(left), singular(right)), key=len)
    if a == b:
        return 1.0
    if not a or a[0] != b[0] or a.isdigit() or b.isdigit():
        return 0.0
    if b.startswith(a):
        return 0.9 if len(a) >= 4 and len(b) - len(a) <= 3 else 0.75 if len(a) >= 3 else 0.3
    return _inexact(a, b)


def _inexact(a: str, b: str) -> float:
    """Likeness of a word to a longer one that doesn't begin with it."""
    shared = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), len(a))
    if shared >= 5 and len(a) - shared <= 2 and len(b) - shared <= 3:
        return 0.85  # kunde/kundin, categoria/categories
    if 3 <= len(a) <= 5 and len(b) >= len(a) + 3 and _within(a, b):
        return 0.7  # dept/department, mfr/manufacturer
    return 0.0


def _within(short: str, long: str) -> bool:
    """The letters of the short word stand in the long one in that order."""
    rest = iter(long)
    return all(letter in rest for letter in short)


def unnumbered(column: Words) -> Words:
    """A column's words without the number that tells it from its likes: "player11" gives player."""
    return column[:-1] if len(column) > 1 and column[-1].isdigit() else column


def stem(column: Words) -> Words:
    """A column's words without those that say "key" or count (player_11); empty for a bare "id"."""
    left = unnumbered(column)
    while left and left[-1] in vocabulary.KEY_WORDS:
        left = left[:-1]
    while len(left) > 1 and left[-1] in vocabulary.PREPOSITIONS:
        left = left[:-1]
    while left and left[0] in ("fk", "id", "pk", "ref", "sk"):
        left = left[1:]
    return left


@lru_cache(maxsize=100_000)
def subject(table: str) -> Words:
    """A table's words without those that say what kind of table it is."""
    found = words(table)
    kept = tuple(w for w in found if w not in vocabulary.TABLE_WORDS)
    return kept or found


@lru_cache(maxsize=400_000)
def table_affinity(noun: Words, table: Words) -> float:
    """How clearly a column's stem names a table.

    1 for the table's whole name; a little less where the column says more ("owner_user" of "users") or less
    ("server" of "cmdb_ci_server"); little for initials, and for a name that only stands within. A number names nothing.
    """
    if not table or all(word.isdigit() for word in noun):
        return 0.0
    if "".join(map(singular, noun)) == "".join(map(singular, table)):
        return 1.0
    n = min(len(noun), len(table))
    ending = 1.0
    for left, right in zip(noun[-n:], table[-n:], strict=True):
        ending = min(ending, likeness(left, right))
    if ending:
        if len(noun) == len(table):
            return ending
        return ending * (0.92 if len(noun) > len(table) else 0.8 + 0.1 * n / len(table))
    if len(table) > 1 and len(noun) == 1 and noun[0] == "".join(w[0] for w in table):
        return 0.6
    within = max((likeness(left, right) for left in noun for right in table if not left.isdigit()), default=0.0)
    return 0.35 * within if within >= 0.7 else 0.0


@lru_cache(maxsize=400_000)
def column_affinity(column: Words, key: Words) -> float:
    """How clearly a column repeats the name of a key; 0 for keys whose name says nothing but "key"."""
    if not stem(key) or not column:
        return 0.0
    if tuple(map(singular, column)) == tuple(map(singular, key)):
        return 1.0
    if len(column) > len(key) and tuple(map(singular, column[-len(key) :])) == tuple(map(singular, key)):
        return 0.9
    if stem(column) and "".join(stem(column)) == "".join(stem(key)):
        return 0.85
    return 0.0


def role_affinity(column: Words, table: Words) -> float:
    """1 where the column names a role that the table's things play: "assigned_to" of "sys_user"."""
    noun = stem(column)
    things = {singular(w) for w in table[-2:]}
    return float(any(things & played and set(noun) & named for named, played in vocabulary.ROLES))


def names_parent(column: Words) -> bool:
    """Whether the column's name says "another row of this table"."""
    return bool(vocabulary.PARENTS & set(column))


def means_nothing(column: Words) -> bool:
    """Whether there is no word in it: nothing, c17, field_3."""
    return all(len(w) == 1 or w.isdigit() or w in vocabulary.PLACEHOLDERS for w in column)


def names_copy(table: Words) -> bool:
    """Whether the table's name says that it repeats another's rows: an audit, a history, a backup."""
    return bool(vocabulary.COPIES & set(table))


def says_key(column: Words) -> float:
    """1 for "id" and its like at either end, 0.5 for "code" and "number", else 0."""
    if not column:
        return 0.0
    column = unnumbered(column)
    if column[-1] in vocabulary.STRONG_KEY_WORDS or column[0] in ("fk", "id"):
        return 1.0
    return 0.5 if column[-1] in vocabulary.KEY_WORDS else 0.0


def says_title(column: Words, table: Words) -> bool:
    """Whether the name says "what people call it", of its own table's things: name, display_name, product_name."""
    if not column or singular(column[-1]) not in vocabulary.TITLES:
        return False
    whose = tuple(w for w in column[:-1] if w not in vocabulary.TITLE_KINDS)
    return not whose or table_affinity(whose, table) >= 0.7


def says_measure(column: Words) -> bool:
    """Whether the name ends in a measure's word, or starts as a yes-or-no question."""
    return (
        bool(column)
        and says_key(column) < 1
        and (singular(column[-1]) in vocabulary.MEASURES or column[0] in ("is", "has"))
    )


def says_count(column: Words) -> bool:
    """Whether the name is a plural without a key's word, which is how integers that count things are called."""
    return bool(column) and not says_key(column) and len(column[-1]) > 3 and singular(column[-1]) != column[-1]


def without_prefix(columns: Sequence[Words]) -> tuple[Words, ...]:
    """Columns without the first word, where nearly all of the table's columns share it: l_orderkey, l_partkey, …"""
    if len(columns) < 3:
        return tuple(columns)
    firsts = [c[0] for c in columns if len(c) > 1]
    common = max(set(firsts), key=firsts.count, default="")
    if firsts.count(common) < 0.8 * len(columns):
        return tuple(columns)
    return tuple(c[1:] if len(c) > 1 and c[0] == common else c for c in columns)
