"""Evidence: what names and data say for and against an inclusion being a reference, as numbers.

Each piece of evidence is a feature between -1 and 1 that means the same in any database. How much each weighs
is `references`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from math import exp, log10

from discovery_pipeline.engine.schema import names
from discovery_pipeline.engine.schema.facts import Database, Facts
from discovery_pipeline.engine.schema.inclusions import Inclusion
from discovery_pipeline.engine.schema.keys import Key
from discovery_pipeline.engine.schema.naming import CLEAR, Names
from discovery_pipeline.engine.shares import percent


@dataclass(frozen=True, slots=True)
class Evidence:
    """For one column and one key it may refer to."""

    orphans: float  # 1: one row in ten, or more, has no match
    clean: float  # 1: every row has a match
    table_name: float  # the column names the key's table
    column_name: float  # the column repeats the key's own name
    role: float  # the column names a role that the table's things play
    parent: float  # the column says "another row", and the key is its own table's
    parent_elsewhere: float  # it says so, its own table's key holds it, and this key is another table's
    self_reference: float  # own table, and no such word
    earlier: float  # own table, and values point to earlier rows
    says_key: float
    says_measure: float
    nameless: float  # no name evidence, in a database whose names do name tables
    rival: float  # the column names another table more clearly
    own_name: float  # the column names its own table
    misfit: float  # integers crowd at the low end of the key's range, as no random choice of keys would; heads do
    surprise: float  # integers end just where the key's integers end
    information: float  # texts that don't coincide by chance: long ones, many
    share: float  # how much of the key occurs
    distinct: float  # how many values the evidence rests on
    main_key: float  # the key is THE key of its table, or the column calls it by its name, which says "key"
    display: float  # the key is a text without a key's name: a reference by what people read
    attribute: float  # a lesser key whose name the column repeats and doesn't say "key": billing_phone and phone
    own_key: float  # the column is THE key of its own table, is named so, and its values may coincide by chance
    shared_key: float  # the column is THE key of its own table, and is named after something else
    column_unique: float  # the column is a lesser key of its own table, and names no other
    blind: float  # the share of tables that no column names: the data must speak for itself
    blind_end: float  # and integers end just where the key's do
    blind_share: float  # and much of the key occurs
    short_number: float  # the key is a run of integers from 0 or 1 of at most thirty
    consensus: float  # share of the columns of that name that says "key", in other tables, that lie in this key
    looser: float  # a smaller key, named as clearly, holds as much: a random choice would not stay within it
    passes_on: float  # the key, by its name another thing's, lies in a key that holds the column's values, too


FEATURES = tuple(f.name for f in fields(Evidence))


def gathered(database: Database, keys: Sequence[Key], naming: Names, inclusions: Sequence[Inclusion]) -> list[Evidence]:
    """What speaks for and against each inclusion, in their order."""
    company = _Company(naming, inclusions)
    ranks = {k.columns[0].id: k.rank for k in keys if k.single}
    return [_gathered(database, ranks, naming, company, inclusion) for inclusion in inclusions]


def promise(naming: Names, column: Facts, key: Key) -> float:
    """How promising a pair is before its values are compared: names, and where integers end."""
    named = naming.preference(column, key)
    referred = key.columns[0]
    if column.kind == referred.kind == "integer":
        return named + _surprise(column, referred) - _misfit(column, referred, key)
    return named


class _Company:
    """The inclusions beside an inclusion: of the same column, of columns called the same, of its key."""

    def __init__(self, naming: Names, inclusions: Sequence[Inclusion]) -> None:
        self._naming = naming
        self._of: dict[int, dict[int, Inclusion]] = defaultdict(dict)
        self._called: dict[names.Words, set[int]] = defaultdict(set)
        for inclusion in inclusions:
            self._of[inclusion.column.id][inclusion.key.columns[0].id] = inclusion
            self._called[naming.words(inclusion.column)].add(inclusion.column.id)

    def own(self, inclusion: Inclusion) -> bool:
        """Whether a key of the column's own table holds its values."""
        return any(i.key.table == i.column.table for i in self._of[inclusion.column.id].values())

    def consensus(self, inclusion: Inclusion) -> float:
        """Share of the other columns of that name that lie in this key, too; 0 where there is no other."""
        same = self._called[self._naming.words(inclusion.column)] - {inclusion.column.id}
        key = inclusion.key.columns[0].id
        return sum(key in self._of[c] for c in same - {key}) / len(same) if same else 0.0

    def looser(self, inclusion: Inclusion) -> float:
        """How improbable it is that a choice of this key's values lies within a smaller key by chance, 0..1."""
        narrower = (
            _narrower(other, inclusion)
            for other in self._of[inclusion.column.id].values()
            if other.coverage >= inclusion.coverage
            and self._clearness(other) >= self._clearness(inclusion)
            and (self._naming.identity(other.key.columns[0]) or self._kind(other.key, inclusion.key))
        )
        return max(narrower, default=0.0)

    def _kind(self, key: Key, of: Key) -> bool:
        """Whether one key lies in the other, as that of a kind of things does."""
        further = self._of.get(key.columns[0].id, {}).get(of.columns[0].id)
        return further is not None and not further.orphans

    def passes_on(self, inclusion: Inclusion) -> bool:
        """Whether the key's name is another thing's, and it lies in a key that holds the column's values, too."""
        if self._naming.identity(inclusion.key.columns[0]):
            return False
        held = self._of[inclusion.column.id]
        further = self._of.get(inclusion.key.columns[0].id, {})
        return any(
            target in held
            and target != inclusion.column.id
            and not self._meant(inclusion, held[target])
            and (self._clearness(onward) >= CLEAR or information(onward) >= 0.5)
            for target, onward in further.items()
        )

    def _meant(self, narrow: Inclusion, wide: Inclusion) -> bool:
        """Whether a column keeps to the smaller key on purpose, and doesn't name the wider one's table."""
        return _narrower(narrow, wide) == 1 and self._clearness(wide) <= self._clearness(narrow)

    def _clearness(self, inclusion: Inclusion) -> float:
        column, key = inclusion.column, inclusion.key
        if column.table == key.table and self._naming.another_row(column):
            return 1.0
        return max(self._naming.table_affinity(column, key.table), self._naming.column_affinity(column, key.columns[0]))


def _narrower(inclusion: Inclusion, other: Inclusion) -> float:
    """How improbable it is that a choice of the other key's values lies within this smaller key by chance, 0..1."""
    if inclusion.key.distinct >= other.key.distinct:
        return 0.0
    return min(1.0, other.distinct * log10(other.key.distinct / inclusion.key.distinct) / 6)


def _gathered(
    database: Database, ranks: Mapping[int, int], naming: Names, company: _Company, inclusion: Inclusion
) -> Evidence:
    column, key = inclusion.column, inclusion.key
    referred = key.columns[0]
    parts, referred_parts = naming.words(column), naming.words(referred)
    table_name = naming.table_affinity(column, key.table)
    column_name = naming.column_affinity(column, referred)
    own_table = column.table == key.table
    own_name = naming.table_affinity(column, column.table)
    parent = own_table and names.names_parent(parts)
    role = naming.role(column, key.table)
    named = max(table_name, column_name) >= CLEAR
    both_integers = column.kind == referred.kind == "integer"
    title = names.says_title(referred_parts, names.subject(database.tables[key.table].name))
    elsewhere = names.names_parent(parts) and not own_table and not named and not role and company.own(inclusion)
    display = referred.kind == "text" and not names.says_key(referred_parts)
    main = ranks.get(column.id) == 1
    identity = not names.stem(parts) or own_name > max(table_name, 0.5)
    surprise = _surprise(column, referred) if both_integers else 0.0
    own_right = float(names.says_key(referred_parts) == 1 and column_name >= CLEAR)
    telling = information(inclusion)
    shared_id = telling if own_name < CLEAR else 0.0
    heads = 1.0 if parent and naming.another_row(column) else inclusion.earlier
    plural = column.kind == "integer" and names.says_count(parts)
    return Evidence(
        orphans=min(1.0, 10 * (1 - inclusion.coverage)),
        clean=float(inclusion.orphans == 0),
        table_name=table_name,
        column_name=column_name,
        role=role,
        parent=float(parent),
        parent_elsewhere=float(elsewhere),
        self_reference=float(own_table and not parent) * (1 - inclusion.earlier),
        earlier=inclusion.earlier,
        says_key=names.says_key(parts),
        says_measure=float(plural or (names.says_measure(parts) and not named)),
        nameless=naming.telling * float(not named and not role and not parent),
        rival=max(0.0, naming.rival(column, key.table) - max(table_name, column_name, 0.6 * role)),
        own_name=float(not own_table and own_name > max(table_name, 0.7)),
        misfit=(1 - heads) * _misfit(column, referred, key) if both_integers else 0.0,
        surprise=surprise,
        information=telling,
        share=inclusion.share**0.5,
        distinct=min(1.0, log10(max(1, inclusion.distinct)) / 4),
        main_key=1.0 if key.rank == 1 else own_right,
        display=float(display),
        attribute=(1 - own_right) * float(key.rank > 1 and column_name >= CLEAR > table_name and not title),
        own_key=(1 - shared_id) * float(main and identity),
        shared_key=float(main and not identity),
        column_unique=float(ranks.get(column.id, 1) > 1 and not named),
        blind=1 - naming.telling,
        blind_end=(1 - naming.telling) * surprise,
        blind_share=(1 - naming.telling) * inclusion.share**0.5,
        short_number=float(both_integers and key.distinct <= 30 and referred.low in (0, 1) and referred.density > 0.9),
        consensus=names.says_key(parts) * company.consensus(inclusion),
        looser=company.looser(inclusion),
        passes_on=float(table_name < CLEAR and not main and company.passes_on(inclusion)),
    )


def _misfit(column: Facts, referred: Facts, key: Key) -> float:
    """How improbable it is that a random choice of the key's values stays so far below its end, 0..1.

    That speaks for numbers of their own only where the key starts where those do: near 0.
    """
    if referred.low > 0.5 * referred.high:
        return 0.0
    reach = (column.high - referred.low + 1) / (referred.high - referred.low + 1)
    if reach >= 1 or column.distinct >= key.distinct:
        return 0.0
    if reach <= 0:
        return 1.0
    return min(1.0, -min(column.distinct, 60) * log10(reach) / 8)


def _surprise(column: Facts, referred: Facts) -> float:
    """How improbable it is that unrelated integers end just where the key's do, 0..1.

    Unrelated numbers are taken to end anywhere, evenly on a logarithmic scale up to a million.
    """
    if column.high <= 0 or referred.high <= 0:
        return 0.0
    window = abs(log10(referred.high + 1) - log10(column.high)) / 6
    base = max(1e-6, min(1.0, window))
    return min(1.0, -log10(base) / 5) * (1 - exp(-column.distinct / 3))


def information(inclusion: Inclusion) -> float:
    """How little texts coincide by chance, 0..1: none for integers and two-letter codes, all for long and many."""
    column = inclusion.column
    if column.kind == inclusion.key.columns[0].kind == "integer":
        return 0.0
    length = min(1.0, max(0.0, ((column.shortest + column.longest) / 2 - 1) / 7))
    return length * min(1.0, 0.25 + log10(max(1, inclusion.shared)) / 2)


def vector(evidence: Evidence) -> tuple[float, ...]:
    """The features in the order of FEATURES."""
    return tuple(getattr(evidence, name) for name in FEATURES)


def in_words(evidence: Evidence, inclusion: Inclusion) -> str:
    """The evidence in words, the weightiest first."""
    said = []
    if evidence.table_name >= CLEAR:
        said.append("names the table")
    if evidence.column_name >= CLEAR:
        said.append("named as the key")
    if evidence.parent:
        said.append("names another row of its table")
    elif evidence.role:
        said.append("names a role of the table's things")
    said.append("every row has a match" if evidence.clean else f"{percent(inclusion.coverage)} of rows have a match")
    if inclusion.void:
        said.append(f"{inclusion.void} stands for none")
    said.append(f"{inclusion.shared:,} of {inclusion.key.distinct:,} keys occur")
    if evidence.earlier >= 0.5:
        said.append("points to earlier rows")
    if evidence.surprise >= 0.5:
        said.append("numbers end where the key's do")
    if evidence.information >= 0.5:
        said.append("values too long to agree by chance")
    if evidence.rival >= 0.5:
        said.append("but its name is nearer to another table's")
    if evidence.says_measure:
        said.append("but its name is a measure's")
    return "; ".join(said)
