"""Naming: the names of one database against each other, each read once.

How two names compare is `names`; here are the questions that need all tables: which one does a column name best, and
do names tell anything at all?
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from discovery_pipeline.engine.schema import names
from discovery_pipeline.engine.schema.facts import Database, Facts, TableFacts

if TYPE_CHECKING:
    from discovery_pipeline.engine.schema.keys import Key

CLEAR = 0.8
"""Affinity from which a name is said to name a table."""

UNIQUE = 0.97
"""Estimated share of distinct values from which a column is taken for a key."""


class Names:
    """The names of a database, read once."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._words: dict[int, names.Words] = {}
        self._short: dict[int, names.Words] = {}
        for table in database.tables:
            full = [names.words(c.column.name) for c in table.columns]
            for column, parts, short in zip(table.columns, full, names.without_prefix(full), strict=True):
                self._words[column.id], self._short[column.id] = parts, short
        self._subjects = [names.subject(t.name) for t in database.tables]
        self._clearest: dict[tuple[names.Words, names.Words], list[float]] = {}

    def words(self, column: Facts) -> names.Words:
        """The column's words."""
        return self._words[column.id]

    def identity(self, key: Facts) -> bool:
        """Whether the key's name says nothing but "key", nothing at all, or names its own table."""
        stem = names.stem(self._words[key.id])
        return names.means_nothing(stem) or self._affinities(key)[key.table] >= 0.7

    def table_affinity(self, column: Facts, table: int) -> float:
        """How clearly the column names that table."""
        return self._affinities(column)[table]

    def rival(self, column: Facts, table: int) -> float:
        """How clearly the column names the table that it names best, that one and its own left out."""
        known = self._affinities(column)
        return max((a for i, a in enumerate(known) if i not in (table, column.table)), default=0.0)

    def column_affinity(self, column: Facts, key: Facts) -> float:
        """How clearly the column repeats the key's name."""
        full = names.column_affinity(self._words[column.id], self._words[key.id])
        short = names.column_affinity(self._short[column.id], self._short[key.id])
        return max(full, short)

    def role(self, column: Facts, table: int) -> float:
        """Whether the column names a role that the table's things play."""
        return names.role_affinity(self._words[column.id], self._subjects[table])

    def another_row(self, column: Facts) -> bool:
        """Whether the column says "another row of this table", and names no other table: manager, parent_id."""
        return names.names_parent(self._words[column.id]) and self.rival(column, column.table) < CLEAR

    def preference(self, column: Facts, key: Key) -> float:
        """All name evidence of a pair in one number, 0..3."""
        return (
            self.table_affinity(column, key.table)
            + self.column_affinity(column, key.columns[0])
            + 0.6 * self.role(column, key.table)
            + 0.3 * (key.rank == 1)
            + 0.6 * (column.table == key.table and names.names_parent(self._words[column.id]))
        )

    def joined(self, table: TableFacts) -> tuple[Facts, Facts] | None:
        """The two columns by which a table called after two others refers to them: film_actor, by film and actor."""
        subject = self._subjects[table.index]
        if len(subject) < 2:
            return None
        parts: list[tuple[Facts, set[str]]] = []
        for column in table.columns:
            stem = names.stem(self._words[column.id])
            said = {w for w in subject if any(names.likeness(w, s) >= CLEAR for s in stem)}
            if said and said != set(subject) and self.rival(column, table.index) >= CLEAR:
                parts.append((column, said))
        for i, (left, first) in enumerate(parts):
            for right, second in parts[i + 1 :]:
                if first | second == set(subject) and not first & second:
                    return left, right
        return None

    @cached_property
    def telling(self) -> float:
        """Share of tables that a column of another table names, 0..1: whether names mean anything here."""
        if len(self._database.tables) < 2:
            return 1.0
        named: set[int] = set()
        for column in self._database.columns:
            affinities = self._affinities(column)
            named.update(i for i, a in enumerate(affinities) if a >= CLEAR and i != column.table)
        return min(1.0, 1.5 * len(named) / len(self._database.tables))

    def _affinities(self, column: Facts) -> Sequence[float]:
        known = self._by_subject(column)
        called_so = self._keys_called.get(self._words[column.id], ())
        return [1.0 if i in called_so else a for i, a in enumerate(known)] if called_so else known

    def _by_subject(self, column: Facts) -> Sequence[float]:
        full, short = names.stem(self._words[column.id]), names.stem(self._short[column.id])
        found = self._clearest.get((full, short))
        if found is None:
            found = [max(names.table_affinity(full, s), names.table_affinity(short, s)) for s in self._subjects]
            self._clearest[full, short] = found
        return found

    @cached_property
    def _keys_called(self) -> Mapping[names.Words, set[int]]:
        """The tables whose key has a name of its own, by which they are named, too: MATNR of MARA."""
        called: dict[names.Words, set[int]] = defaultdict(set)
        for table in self._database.tables:
            if names.names_copy(names.words(table.name)):
                continue
            for column in table.columns:
                parts = self._words[column.id]
                meant = column is table.leading or names.says_key(parts) == 1
                if meant and column.uniqueness >= UNIQUE and self._own(column, table.index):
                    called[parts].add(table.index)
        return called

    def _own(self, key: Facts, table: int) -> bool:
        """Whether a key's name is neither another table's nor what any thing's key or title may be called."""
        parts = self._words[key.id]
        if names.means_nothing(names.stem(parts)) or names.says_title(parts, self._subjects[table]):
            return False
        return all(a < CLEAR for i, a in enumerate(self._by_subject(key)) if i != table)
