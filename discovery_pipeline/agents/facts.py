"""Facts: everything an agent may know of one flow, as numbers, closed words and ids.

These models are the allow-list: a tool answers with them, and nothing else of the data ever reaches a request. Each
text in them is held to a pattern here, so that a value from a cell can't stand in one, whatever filled it.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from discovery_pipeline.agents.names import speakable


def _name(name: str) -> str:
    if name and speakable(name) != name:
        raise ValueError("not a name that may leave the machine")
    return name


Id = Annotated[str, StringConstraints(pattern=r"^t[0-9]{1,6}(\.c[0-9]{1,6})?$")]
"""A table or a column."""
Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z%µ][A-Za-z0-9_.:/%-]{0,59}$")]
"""A word of the engines': a rule, a type, a unit."""
Word = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_*][A-Za-z0-9_ .,*:()/%&+-]{0,79}$")]
"""A word of a target's contract: its name, a table, a field."""
Name = Annotated[str, StringConstraints(max_length=48), AfterValidator(_name)]
"""A header or a table's name that reads like one; empty where it doesn't."""
Mask = Annotated[str, StringConstraints(pattern=r"^[9Aa \-_.:/@#+,;()\[\]{}%&*=|]{1,32}$")]
"""The shape of values: 9 a digit, A and a a letter."""
Sample = Annotated[str, StringConstraints(max_length=60)]
"""A value, only with `agents.allow_samples` and never of a personal column."""

AnomalyKind = Literal[
    "empty", "mostly_empty", "null_tokens", "type_exceptions", "invalid_values", "repeated_key", "date_formats",
    "ambiguous_dates", "future_dates", "placeholder_dates", "mixed_units", "spellings", "padding", "encoding",
    "constant", "outliers",
]  # fmt: skip
Reason = Literal[
    "same_concept", "same_name", "shared_words", "alike_words", "alike_meaning", "value_kind", "shared_values",
    "alike_numbers", "value_words", "listed_values", "wrong_type", "alike_descriptions", "same_measure",
    "other_measure", "other_subject", "approved_before", "is_key",
]  # fmt: skip


RuleKind = Literal["order", "dependency", "implication", "range", "format", "arithmetic", "comparison"]

_CODE, _WORD, _MASK = TypeAdapter(Code), TypeAdapter(Word), TypeAdapter(Mask)


def code(text: str | None) -> str | None:
    """An engine's word; None for what isn't one."""
    return text if _fits(_CODE, text) else None


def word(text: str, otherwise: str) -> str:
    """A contract's word; another where it doesn't read like one."""
    return text if _fits(_WORD, text) else otherwise


def shape(text: str) -> bool:
    """Whether this is a mask that may leave the machine."""
    return _fits(_MASK, text)


def _fits(kind: TypeAdapter[str], text: str | None) -> bool:
    try:
        kind.validate_python(text)
    except ValidationError:
        return False
    return True


class Fact(BaseModel):
    """A value that agents may see."""

    # Built when it is first used: the code location loads these, and most runs of it need none.
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="null", defer_build=True)


class MaskCount(Fact):
    """A shape of values, and how many have it."""

    mask: Mask
    count: int


class Anomaly(Fact):
    """Something odd about a column, and how many values it touches."""

    kind: AnomalyKind
    count: int


class Numbers(Fact):
    """How the numbers of a column lie; without its smallest and largest where the column is personal."""

    mean: float | None = None
    median: float | None = None
    std: float | None = None
    q1: float | None = None
    q3: float | None = None
    skew: float | None = None
    kurtosis: float | None = None
    min: float | None = None
    max: float | None = None
    beyond_iqr: int = 0
    beyond_z: int = 0


class Series(Fact):
    """How a date column runs."""

    granularity: Code
    gaps: int
    trend: float | None = None
    seasonality: Code | None = None


class Scores(Fact):
    """A column's quality, each 0..1."""

    score: float
    completeness: float
    validity: float
    uniqueness: float
    consistency: float
    timeliness: float | None = None


class ColumnFacts(Fact):
    """What is known of one column."""

    id: Id
    name: Name = ""
    type: Code
    type_fit: float
    exceptions: int = 0
    meaning: Code | None = None
    meaning_fit: float | None = None
    unit: Code | None = None
    written_units: int = 0
    personal: Code | None = None
    personal_risk: Literal["low", "medium", "high"] | None = None
    nulls: int
    null_ratio: float
    null_tokens: int = 0
    distinct: int
    date_formats: int = 0
    longest: int | None = None
    masks: tuple[MaskCount, ...] = ()
    numbers: Numbers | None = None
    series: Series | None = None
    scores: Scores
    anomalies: tuple[Anomaly, ...] = ()
    charts: tuple[Code, ...] = ()
    samples: tuple[Sample, ...] = ()


class Together(Fact):
    """Columns that go together: two numbers that move alike, or columns null in the same rows."""

    columns: tuple[Id, ...]
    strength: float | None = None
    count: int | None = None


class TableFacts(Fact):
    """What is known of one table."""

    id: Id
    name: Name = ""
    rows: int
    duplicates: int
    columns: tuple[ColumnFacts, ...]
    correlations: tuple[Together, ...] = ()
    null_patterns: tuple[Together, ...] = ()


class KeyFacts(Fact):
    """A candidate key; rank 1 is the key of its table."""

    table: Id
    columns: tuple[Id, ...]
    rank: int
    confidence: float


class ReferenceFacts(Fact):
    """A foreign key."""

    table: Id
    columns: tuple[Id, ...]
    ref_table: Id
    ref_columns: tuple[Id, ...]
    cardinality: Literal["1:1", "n:1"]
    coverage: float
    orphans: int
    confidence: float


class HierarchyFacts(Fact):
    """A table that refers to itself."""

    table: Id
    child: Id
    parent: Id
    depth: int
    roots: int
    cycles: int
    orphans: int


class BridgeFacts(Fact):
    """Two tables joined by a third."""

    bridge: Id
    left: Id
    right: Id


class RuleFacts(Fact):
    """A rule that the data keeps: an order of dates, a dependency, an implication, a range, a format, an equation."""

    table: Id
    kind: RuleKind
    columns: tuple[Id, ...]
    support: int
    violations: int
    confidence: float


class FieldFacts(Fact):
    """A field of a target: what fills it, and how well that fits."""

    target: Word
    table: Word
    field: Word
    type: Word
    required: bool = False
    identity: bool = False
    filled_by: Id | None = None
    confidence: float | None = None
    converted: bool = False
    converts_with: Code | None = None


class Candidate(Fact):
    """A source column that the matcher offers for a field."""

    id: Annotated[str, StringConstraints(pattern=r"^q[0-9]{1,6}\.[a-z]$")]
    column: Id
    confidence: float
    rank: int
    assigned: bool
    fill: float
    type_fit: float
    distinct_ratio: float
    reasons: tuple[Reason, ...] = ()


class Question(Fact):
    """A field whose column is not beyond doubt, with the columns that compete for it."""

    id: Annotated[str, StringConstraints(pattern=r"^q[0-9]{1,6}$")]
    target: Word
    table: Word
    field: Word
    type: Word
    required: bool
    unique: bool
    candidates: tuple[Candidate, ...]


class FindingFacts(Fact):
    """Something a stage noticed."""

    table: Id | None
    column: Id | None = None
    rule: Code
    severity: Literal["error", "warning", "info"]
    dimension: Literal["completeness", "accuracy", "consistency", "timeliness", "uniqueness"]
    count: int


class PlanFacts(Fact):
    """A cleansing rule that applies to a column."""

    column: Id
    rule: Code
    tier: Literal["auto", "suggest", "review"]
    cells: int
    confidence: float


class VerdictFacts(Fact):
    """What a target takes of the rows that are meant for it."""

    target: Word
    meant: int
    delivered: int
    rejected: int
    blanked: int


class RiskFacts(Fact):
    """A risk that the engine found."""

    id: Annotated[str, StringConstraints(pattern=r"^r[0-9]{1,6}$")]
    category: Literal["data_loss", "performance", "continuity", "compliance"]
    title: Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z ,:'-]{0,79}$")]
    likelihood: Literal["low", "medium", "high"]
    impact: Literal["low", "medium", "high"]


class DimensionFacts(Fact):
    """A quality dimension before cleansing and after."""

    dimension: Code
    before: float
    after: float | None = None


class Facts(Fact):
    """All that agents may know of a flow; what a stage has not done yet is empty."""

    tables: tuple[TableFacts, ...]
    keys: tuple[KeyFacts, ...] = ()
    references: tuple[ReferenceFacts, ...] = ()
    hierarchies: tuple[HierarchyFacts, ...] = ()
    bridges: tuple[BridgeFacts, ...] = ()
    rules: tuple[RuleFacts, ...] = ()
    fields: tuple[FieldFacts, ...] = ()
    questions: tuple[Question, ...] = ()
    findings: tuple[FindingFacts, ...] = ()
    plan: tuple[PlanFacts, ...] = ()
    verdicts: tuple[VerdictFacts, ...] = ()
    dimensions: tuple[DimensionFacts, ...] = Field(default=(), description="measured; empty before validation")
    risks: tuple[RiskFacts, ...] = ()

    def table(self, id: str) -> TableFacts:
        """The table of that id, or of that column's id. Raises KeyError where there is none."""
        wanted = id.partition(".")[0]
        for table in self.tables:
            if table.id == wanted:
                return table
        raise KeyError(id)

    def column(self, id: str) -> ColumnFacts:
        """The column of that id. Raises KeyError where there is none."""
        for column in self.table(id).columns:
            if column.id == id:
                return column
        raise KeyError(id)

    @property
    def columns(self) -> tuple[ColumnFacts, ...]:
        """All columns of all tables, in order."""
        return tuple(column for table in self.tables for column in table.columns)
