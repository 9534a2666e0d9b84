"""The schema that the data really has: keys, references, hierarchies, rules."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

RuleKind = Literal["implication", "range", "format", "arithmetic", "comparison"]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, ser_json_inf_nan="null")


class PrimaryKey(_Value):
    """A candidate key, ranked: `rank` 1 is THE key of its table."""

    table: str
    columns: tuple[str, ...]
    confidence: float = Field(ge=0, le=1)
    rank: int = 1
    evidence: str = ""


class ForeignKey(_Value):
    """An approximate inclusion dependency that looks like a reference."""

    table: str
    columns: tuple[str, ...]
    ref_table: str
    ref_columns: tuple[str, ...]
    cardinality: str = Field(description="'1:1' or 'n:1'")
    coverage: float = Field(ge=0, le=1, description="share of non-null rows that have a match")
    orphans: int = Field(ge=0, description="non-null rows without a match")
    confidence: float = Field(ge=0, le=1)
    evidence: str = ""
    examples: tuple[str, ...] = Field(default=(), description="the most frequent values without a match")


class Description(_Value):
    """A table whose rows tell more about the rows of another one."""

    table: str
    column: str = Field(description="holds keys of the other table")
    main: str
    key: str
    several: bool = Field(description="whether several rows may be about one")
    orphans: int = Field(default=0, ge=0, description="rows that are about none")
    by_label: bool = Field(default=False, description="whether only what stands before the first dot is compared")

    @property
    def in_words(self) -> str:
        """How the tables belong together, in words."""
        short = ", up to the first dot" if self.by_label else ""
        return f"{self.table}.{self.column} = {self.main}.{self.key}{short}"


class Hierarchy(_Value):
    """A table that refers to itself."""

    table: str
    child_column: str
    parent_column: str
    depth: int
    roots: int
    cycles: int
    orphans: int


class ManyToMany(_Value):
    """Two tables joined by a bridge table."""

    bridge: str
    left_table: str
    left_columns: tuple[str, ...]
    right_table: str
    right_columns: tuple[str, ...]


class TemporalOrder(_Value):
    """Two dates of one table that come in order: `before` ≤ `after`."""

    table: str
    before: str
    after: str
    support: int
    confidence: float
    exceptions: int
    examples: tuple[str, ...] = ()


class FunctionalDependency(_Value):
    """`determinant` decides `dependent` in all but `violations` rows."""

    table: str
    determinant: tuple[str, ...]
    dependent: str
    support: int
    confidence: float
    violations: int
    examples: tuple[str, ...] = ()


class BusinessRule(_Value):
    """A rule that the data keeps, with its counter-examples."""

    table: str
    kind: RuleKind
    columns: tuple[str, ...]
    rule: str = Field(description="in words, with its values")
    support: int
    confidence: float
    violations: int
    examples: tuple[str, ...] = ()


class SchemaAnalysis(_Value):
    """What relates to what, over all tables of an intake."""

    primary_keys: tuple[PrimaryKey, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    hierarchies: tuple[Hierarchy, ...] = ()
    many_to_many: tuple[ManyToMany, ...] = ()
    temporal: tuple[TemporalOrder, ...] = ()
    functional_dependencies: tuple[FunctionalDependency, ...] = ()
    business_rules: tuple[BusinessRule, ...] = ()

    def primary_key(self, table: str) -> PrimaryKey | None:
        """THE key of that table, if one was found."""
        return next((k for k in self.primary_keys if k.table == table and k.rank == 1), None)
