"""Entries: one source column under review each, with what is offered for it and what was decided.

How entries stand to each other, and to what a target needs, is `drafting`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from pydantic import BaseModel, ConfigDict

from discovery_pipeline.engine.mapping.model import MappedField, Match
from discovery_pipeline.store.reviews.decisions import MAPPING, Decided, Decision

Standing = Literal["open", "accepted", "rejected", "ignored"]


class Choice(BaseModel):
    """What a reviewer decided on one column."""

    model_config = ConfigDict(frozen=True)

    standing: Standing
    fields: tuple[MappedField, ...] = ()

    def decision(self, subject: Sequence[str], seen: int | None = None) -> Decision:
        """As the log takes it."""
        return Decision(MAPPING, tuple(subject), self.model_dump(mode="json"), seen)


@dataclass(frozen=True, slots=True)
class Entry:
    """One source column and one target: what is offered, and what was decided."""

    target: str
    table: str
    column: str
    position: int
    offered: tuple[MappedField, ...] = ()
    alternatives: tuple[Match, ...] = ()
    decided: Decided | None = None
    choice: Choice | None = None
    key: str = field(init=False, compare=False)
    """A short name of the subject, for forms and links."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", _key(self.subject))

    @property
    def subject(self) -> tuple[str, str, str]:
        """What decisions on it are about."""
        return self.target, self.table, self.column

    @property
    def standing(self) -> Standing:
        """What became of it."""
        return self.choice.standing if self.choice else "open"

    @property
    def fields(self) -> tuple[MappedField, ...]:
        """What it fills if it is accepted: as decided, else as offered."""
        return self.choice.fields if self.choice else self.offered

    @property
    def live(self) -> bool:
        """Whether it fills something, or would."""
        return bool(self.fields) and self.standing in ("open", "accepted")

    @property
    def changed(self) -> bool:
        """Whether a reviewer wants something else than what was offered."""
        return self.choice is not None and bool(self.fields) and _content(self.fields) != _content(self.offered)

    @property
    def confidence(self) -> float:
        """That of its surest field; 0 where it fills none."""
        return max((field.confidence for field in self.fields), default=0.0)

    @property
    def seen(self) -> int:
        """The number of the decision that holds; 0 before there is one."""
        return self.decided.id if self.decided else 0


@lru_cache(maxsize=1 << 16)
def _key(subject: tuple[str, str, str]) -> str:
    return hashlib.blake2s(json.dumps(subject).encode(), digest_size=6).hexdigest()


def _content(fields: Iterable[MappedField]) -> list[tuple[str, str, str | None]]:
    return sorted((f.target_table, f.target_field, f.transformation or "") for f in fields)
