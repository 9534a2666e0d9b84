"""Evidence in words: why a pair is offered, in a few short reasons a reviewer can check."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property

import numpy as np

from discovery_pipeline.engine.mapping import knowledge
from discovery_pipeline.engine.mapping.matcher import aspects, dimensions, looks
from discovery_pipeline.engine.mapping.matcher.agreement import TELLS_APART
from discovery_pipeline.engine.mapping.matcher.matching import Matched
from discovery_pipeline.engine.mapping.matcher.samples import KINDS, Sample

_TOLD_KINDS = {
    "ip": "IP addresses", "mac": "MAC addresses", "uuid": "UUIDs", "date": "dates", "email": "e-mail addresses",
    "url": "URLs", "boolean": "yes or no", "integer": "whole numbers", "float": "decimal numbers",
}  # fmt: skip


_NUMBERS = ("integer", "float")
_FEW_CODES = 0.1  # share of codes from which numbers among them are codes, too
_PADDED = re.compile("0[0-9A-Fa-f]+")
_LOOKING = 0.3  # how much values must look like a concept to be told


class Reasons:
    """The reasons for each pair of one match."""

    def __init__(self, matched: Matched) -> None:
        self._matched = matched

    def of(self, i: int, j: int) -> tuple[str, ...]:
        """Why source field i is offered for target field j, the strongest first."""
        said = [*filter(None, [self._called(i, j)]), *self._data(i, j), *self._stated(i, j)]
        if self._matched.context:
            said.append(self._matched.context)
        return tuple(said) or ("nothing but the lack of a better field",)

    @cached_property
    def _looks(self) -> np.ndarray:
        """How much the values of each source field look like each concept."""
        return looks.of(self._matched.source)

    @cached_property
    def _measured_apart(self) -> np.ndarray:
        """Where both sides measure different things, or different aspects of one."""
        source, target = self._matched.source, self._matched.target
        return dimensions.clashes(source, target) | aspects.clashes(target, self._matched.evidence.names)

    def _look(self, i: int, j: int) -> str:
        """The concept that the values look like and the target names, or else the one they look most like."""
        together = self._looks[i] * self._matched.evidence.names.target_concepts[j]
        return knowledge.concepts()[int((together if together.any() else self._looks[i]).argmax())].name

    def _channel(self, name: str, i: int, j: int) -> float:
        """A channel's value; NaN compares as false everywhere."""
        return float(self._matched.evidence.channel(name)[i, j])

    def _called(self, i: int, j: int) -> str:
        """What the names have in common, or the descriptions where a name says nothing."""
        said, matched = self._names(i, j), self._matched
        opaque = [f.name for f in (matched.source.fields[i], matched.target.fields[j]) if f.called]
        return f"{said}, by the description of {_listed(opaque)}" if said and opaque else said

    def _names(self, i: int, j: int) -> str:
        """What the names have in common, said once; empty for nothing."""
        called = self._matched.evidence.names
        together = called.source_concepts[i] * called.target_concepts[j]
        concept = int(together.argmax())
        left, right = called.source_words[i], called.target_words[j]
        shared = [word for word in left if word in right]
        if together[concept] > 0:
            return f"both names stand for '{knowledge.concepts()[concept].name}'"
        if self._channel("same", i, j) >= 0.95:
            return "the names say the same"
        if shared:
            return f"names share {_listed(shared)}"
        if self._channel("words", i, j) >= 0.5:
            return f"names are alike in words ('{' '.join(left)}', '{' '.join(right)}')"
        if self._channel("trade", i, j) >= 0.8:
            return f"'{' '.join(left)}' may be another word for '{' '.join(right)}'"
        alike = max(self._channel("meaning", i, j), self._channel("path meaning", i, j)) >= 0.5
        return "names mean alike" if alike else ""

    def _data(self, i: int, j: int) -> Iterator[str]:
        sample = self._matched.source.sample
        if sample is None or not sample.seen[i]:
            return
        kind = int(sample.kinds[i].argmax())
        fit, name, seen = sample.kinds[i][kind], tuple(KINDS)[kind], int(sample.values[i])
        if (
            name in _TOLD_KINDS
            and not (name in _NUMBERS and _coded(sample, i))
            and fit >= 0.5
            and self._channel("type", i, j) >= 0.5
        ):
            yield f"{round(fit * seen)} of {seen} distinct values are {_TOLD_KINDS[name]}"
        common = self._channel("contained", i, j)
        if common >= 0.2:
            yield f"about {common:.0%} of the distinct values stand on both sides"
        elif self._channel("numbers", i, j) >= 0.6:
            yield "numbers are spread alike"
        elif self._channel("value words", i, j) >= 0.3:
            yield "values share words"
        if self._channel("key", i, j) >= TELLS_APART:
            yield f"{seen} of {int(sample.cells[i])} values seen differ, as an identifier's do"
        if self._channel("look", i, j) >= _LOOKING:
            yield f"values look like '{self._look(i, j)}'"
        listed = self._channel("allowed", i, j)
        if listed >= 0.5:
            yield f"{listed:.0%} of the values are ones that the target lists"
        if self._channel("type", i, j) < 0.3:
            yield "but the values are not of the target's type"

    def _stated(self, i: int, j: int) -> Iterator[str]:
        if self._channel("description", i, j) >= 0.5:
            yield "descriptions say alike"
        elif self._channel("told", i, j) >= 0.5:
            yield "the description speaks of it"
        if self._channel("unit", i, j) == 1:
            yield "both measure the same"
        elif self._matched.evidence.names.contrary[i, j]:
            yield "but the names say contrary things"
        elif self._channel("unit", i, j) == 0 or self._measured_apart[i, j]:
            yield "but they measure different things"
        elif self._matched.clashes[i, j]:
            yield "but no such field holds such values"
        if self._channel("undecided", i, j) > 0:
            yield f"but '{self._matched.source.names[i]}' may mean something else as well"


def _coded(sample: Sample, i: int) -> bool:
    """Whether numbers stand among codes, or are padded with zeros as codes are: "00a7" and "0012"."""
    codes = sample.kinds[i][tuple(KINDS).index("code")]
    return codes >= _FEW_CODES or any(_PADDED.fullmatch(value) for value in sample.examples[i])


def _listed(words: list[str]) -> str:
    return " and ".join(f"'{word}'" for word in dict.fromkeys(words))
