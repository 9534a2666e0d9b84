"""Memory: what this tenant decided before about columns of the same kind of source, as evidence for the next export.

A mapping kept under a name wins always, and tells what was decided otherwise since; then an approval, where it applies.
What was rejected comes back only where something speaks for it that did not then, and says so.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from pydantic import BaseModel, ConfigDict, Field

from discovery_pipeline.engine.mapping import transformations
from discovery_pipeline.engine.mapping.model import MappedField
from discovery_pipeline.engine.mapping.profiles import MappingProfile, ProfiledField

REMEMBERED = 0.99
"""Confidence of a pair that was approved before."""

_REFUSED = 0.1  # what is left of the confidence of a rejected pair for which nothing new speaks
_AGAIN = 0.7  # most that a rejected pair can have, whatever is new
_COUNTS = re.compile(r"\d[\d.,%]*")
_RETURNS = "you rejected this pair before; new since then: "
_AGAINST = "but "  # how reasons against a pair begin
_NOTHING_NEW = f"{_AGAINST}you rejected this pair before, and nothing new speaks for it"


class Decided(BaseModel):
    """One pair that was approved or rejected, with the reasons that it was offered for then."""

    model_config = ConfigDict(frozen=True)

    field: MappedField
    approved: bool

    def news(self, reasons: Sequence[str]) -> tuple[str, ...]:
        """Reasons that were not given then. How often something was counted makes no new reason."""
        known = {_COUNTS.sub("#", reason) for reason in self.field.evidence}
        return tuple(r for r in reasons if _COUNTS.sub("#", r) not in known and not r.startswith(_AGAINST))

    def weighed(self, confidence: float, reasons: Sequence[str]) -> float:
        """The confidence in the pair, with the decision taken into account."""
        if self.approved:
            return max(confidence, REMEMBERED)
        return min(confidence, _AGAIN) if self.news(reasons) else confidence * _REFUSED

    def in_words(self, reasons: Sequence[str]) -> str:
        """The decision as a reason."""
        if self.approved:
            return "you approved this pair before"
        news = self.news(reasons)
        if not news:
            return _NOTHING_NEW
        return _RETURNS + "; ".join(news)


def news_of(evidence: Iterable[str]) -> str:
    """What is new since people rejected the pair that these reasons are for; empty where nobody did."""
    return next((reason.removeprefix(_RETURNS) for reason in evidence if reason.startswith(_RETURNS)), "")


def refused(evidence: Iterable[str]) -> bool:
    """Whether the pair that these reasons are for was rejected before, and nothing new speaks for it."""
    return _NOTHING_NEW in evidence


class Memory(BaseModel):
    """What was decided for one tenant, kind of source and target: on pairs, and in mappings kept under a name."""

    model_config = ConfigDict(frozen=True)

    decided: tuple[Decided, ...] = Field(default=(), description="the newest last")
    saved: tuple[MappingProfile, ...] = Field(default=(), description="the one kept last first")
    since: Mapping[str, tuple[Decided, ...]] = Field(
        default={}, description="by a saved mapping, what was decided after it was kept; the newest last"
    )

    @classmethod
    def of(cls, approved: Iterable[MappedField] = (), rejected: Iterable[MappedField] = ()) -> Memory:
        """A memory of these pairs."""
        kept = [Decided(field=f, approved=True) for f in approved]
        return cls(decided=(*kept, *(Decided(field=f, approved=False) for f in rejected)))

    def between(
        self, source_table: str, source: Sequence[str], target_table: str, target: Sequence[str]
    ) -> dict[tuple[int, int], Decided]:
        """Decisions on pairs of these columns and fields, by their places.

        Exports change their file's name from one time to the next, but hardly the names of their columns: a decision
        on another table counts, too, unless there is one on a table of this name.
        """
        rows = defaultdict(list)
        for i, name in enumerate(source):
            rows[name.casefold()].append(i)
        columns = {name: j for j, name in enumerate(target)}
        found: dict[tuple[int, int], Decided] = {}
        for decision in sorted(self.decided, key=lambda d: d.field.source_table.casefold() == source_table.casefold()):
            field = decision.field
            if field.target_table == target_table and field.target_field in columns:
                j = columns[field.target_field]
                found |= {(i, j): decision for i in rows.get(field.source_field.casefold(), ())}
        return found

    def against(self, profile: str, line: ProfiledField) -> tuple[str, ...]:
        """What was decided otherwise than that saved mapping says in one line, since it was kept; a reason each."""
        column = line.source_field.casefold()
        about = [d for d in self.since.get(profile, ()) if d.field.target_table == line.target_table]
        filling = [d for d in about if d.field.target_field == line.target_field]
        same = next((d for d in reversed(filling) if d.field.source_field.casefold() == column), None)
        if same is not None:
            return () if same.approved else (f"{_AGAINST}you rejected this pair after it was saved",)
        other = next((d.field for d in reversed(filling) if d.approved), None)
        if other is not None:
            return (f"{_AGAINST}you approved {other.source_field or 'a constant'} for it after it was saved",)
        taken = (d.field for d in reversed(about) if d.approved and column == d.field.source_field.casefold())
        elsewhere = next(taken, None) if column else None
        return (f"{_AGAINST}you approved it for {elsewhere.target_field} after it was saved",) if elsewhere else ()

    def words(self, target_table: str, target_field: str) -> dict[str, str]:
        """What people approved for the values of any column that filled this field; the newest word counts."""
        approved = (decision.field for decision in self.decided if decision.approved)
        filling = (f for f in approved if (f.target_table, f.target_field) == (target_table, target_field))
        said = (pair for field in filling for pair in transformations.replaced(field.transformation).items())
        return {old.strip().lower(): new for old, new in said}


NOTHING = Memory()
