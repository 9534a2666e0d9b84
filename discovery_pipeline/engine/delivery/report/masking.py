"""Masking: a report travels further than the data, so what is personal stands in it as initials."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from discovery_pipeline.engine.delivery.report.samples import QUOTED
from discovery_pipeline.engine.findings import Finding
from discovery_pipeline.engine.mapping.model import MappedField
from discovery_pipeline.engine.profiling.model import Pii, Profile
from discovery_pipeline.engine.targets.schema import NOT_LISTED
from discovery_pipeline.engine.validation.demands import UNLIKE

_WORD = re.compile(r"\w+\b(?!•)")  # what stands as an initial already stays
_MAILBOX = re.compile(r"[^\s@<>\"'(),;:=]+@[^\s@<>\"'(),;:=]+\.[\w•]+")
_QUOTED = re.compile(r"(?<=['\"“‘`])[^'\"”’`]+(?=['\"”’`])")
_NEVER_SHOWN = {"email", "name", "person_name", "phone"}


@dataclass(frozen=True, slots=True)
class Mask:
    """Decides by column what may be read, and hides mailboxes wherever they stand."""

    personal: frozenset[tuple[str, str]]  # table, column
    raised: bool = False  # the reader may see everything
    fields: frozenset[str] = frozenset()  # of targets, that hidden columns fill

    def filling(self, mapped: Iterable[MappedField]) -> Mask:
        """The same, which knows what hidden columns fill."""
        return replace(
            self, fields=frozenset(f.target_field for f in mapped if self.column(f.source_table, f.source_field))
        )

    def column(self, table: str, column: str | None) -> bool:
        """Whether the values of that column are hidden."""
        return not self.raised and column is not None and (table, column) in self.personal

    def value(self, table: str, column: str | None, value: str) -> str:
        """A value of that column, as it may be shown."""
        return initials(value) if self.column(table, column) else self.text(value)

    def values(self, places: Sequence[tuple[str, str]], value: str) -> str:
        """A value that stands in several columns: as the most private of them lets it be shown."""
        hidden = any(self.column(table, column) for table, column in places)
        return initials(value) if hidden else self.text(value)

    def examples(self, finding: Finding) -> tuple[str, ...]:
        """A finding's examples. One about a whole table may quote any column: none, if a personal one is among them."""
        if finding.column is None and not self.raised and any(table == finding.table for table, _ in self.personal):
            return ()
        return tuple(self.value(finding.table, finding.column, example) for example in finding.examples)

    def said(self, table: str, column: str | None, sentence: str) -> str:
        """A sentence about that column; it may quote values between quotes, or after a colon."""
        if not self.column(table, column):
            return self.text(sentence)
        before, colon, quoted = sentence.partition(": ")
        return self.text(_QUOTED.sub(lambda found: initials(found[0]), before)) + colon + initials(quoted)

    def quoting(self, sentence: str) -> str:
        """A sentence about nobody knows which column: what it quotes is hidden where any column is."""
        if self.raised or not self.personal:
            return self.text(sentence)
        return self.text(_QUOTED.sub(lambda found: initials(found[0]), sentence))

    def refusal(self, reason: str) -> str:
        """Why a row was rejected. It quotes values, and says only in the target's words of which column they are."""
        if self.raised or not self.personal:
            return self.text(reason)
        said = re.sub(QUOTED, lambda found: initials(found[0]), reason)
        if said.startswith(self.private):
            before, asked, names = re.split(f"({NOT_LISTED}|{UNLIKE}|$)", said, maxsplit=1)
            said = before + asked + initials(names)
        return self.text(said)

    @property
    def private(self) -> tuple[str, ...]:
        """How reasons begin that name a hidden column, or a field that one fills."""
        names = {column for _, column in self.personal} | self.fields
        return tuple(sorted({f"{name}{end}" for name in names for end in ": " if not self.raised}))

    def text(self, text: str) -> str:
        """A sentence that may quote values."""
        return text if self.raised else _MAILBOX.sub(lambda found: initials(found[0]), text)


def mask_of(profile: Profile, *, raised: bool = False) -> Mask:
    """The mask over all columns that the profile found personal."""
    personal = ((t.name, c.name) for t in profile.tables for c in t.columns if c.pii and _hidden(c.pii))
    return Mask(frozenset(personal), raised)


def _hidden(pii: Pii) -> bool:
    return pii.risk != "low" or pii.kind in _NEVER_SHOWN


def initials(value: str) -> str:
    """The value with each word as its first character."""
    return _WORD.sub(lambda word: word[0][0] + "•••" if len(word[0]) > 1 else "•", value)
