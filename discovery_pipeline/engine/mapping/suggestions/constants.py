"""Constants: what stands in every row where a target needs a field that the source has no column for.

Offered only where something says so: the contract, or what the file states about itself. It is never invented, and
only sure enough to be taken without a person where every row gives it away.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from discovery_pipeline.engine import patterns
from discovery_pipeline.engine.mapping import transformations
from discovery_pipeline.engine.mapping.matcher.concepts import named
from discovery_pipeline.engine.mapping.matcher.fields import Side
from discovery_pipeline.engine.mapping.matcher.words import Reader, split
from discovery_pipeline.engine.mapping.model import MappedField
from discovery_pipeline.engine.mapping.suggestions import filling
from discovery_pipeline.engine.mapping.transformations import vocabularies
from discovery_pipeline.engine.mapping.transformations.answers import of_virtual
from discovery_pipeline.engine.mapping.transformations.operations import BOOLEANS
from discovery_pipeline.engine.targets import TargetField, TargetTable
from discovery_pipeline.engine.targets.forms import form

CONFIDENCE = 0.6
SHOWN = 0.9
"""Confidence in what a column shows of every row."""
_CURRENCIES = frozenset(
    (
        "AUD", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF", "INR", "JPY", "KRW", "MXN", "NOK",
        "NZD", "PLN", "RON", "SEK", "SGD", "USD", "ZAR",
    )
)  # fmt: skip
_SIGNS = {"€": "EUR", "£": "GBP", "₹": "INR", "₩": "KRW"}
_STATED = re.compile(r"^\s*([^:=]{2,40}?)\s*[:=]\s*(\S.{0,80}?)\s*$")
_OF_VIRTUAL = ("vm reference", "vm name", "vcenter", "esx host")  # what only virtual machines have
_OF_NOTHING_ELSE = ("vm reference", "vm name")  # hosts have a vCenter, too
_IN_EVERY_ROW = 0.999
_NAMED = 0.6


class _Proposed(NamedTuple):
    value: str
    why: str
    confidence: float = CONFIDENCE


def constants(
    table: TargetTable, side: Side, filled: AbstractSet[str], stated: Sequence[str] = ()
) -> Iterator[MappedField]:
    """A constant for each required field that nothing fills and that something says.

    Parameters
    ----------
    filled
        Names of the fields that have a column already.
    stated
        Cells that stand above the table, such as "Region: eu-west-1" or a title.
    """
    for field in table.fields:
        if not field.required or field.template or field.name in filled:
            continue
        proposed = next(_proposals(field, side, stated), None)
        if proposed is not None:
            yield filling.mapped(
                (side.table, ""),
                (table.name, field),
                confidence=proposed.confidence,
                evidence=(f"no column holds it; {proposed.why}",),
                transformation=f"constant({transformations.quoted(proposed.value)})",
            )


def _proposals(field: TargetField, side: Side, stated: Sequence[str]) -> Iterator[_Proposed]:
    """What may stand there, the surest first."""
    yield from _labelled(field, stated)
    if field.default is not None:
        yield _Proposed(field.default, f"{field.default!r} is the target's own default")
    if len(field.allowed) == 1 and field.match == "equals":
        yield _Proposed(field.allowed[0], "the target takes nothing else")
    yield from _virtual(field, side)
    yield from _currency(field, side)
    yield from _titled(field, side, stated)


def _labelled(field: TargetField, stated: Sequence[str]) -> Iterator[_Proposed]:
    """A line above the table that names the field, and its value."""
    for cell in stated:
        said = _STATED.match(cell)
        if said and _same(said[1], field) and (value := _taken(field, said[2])):
            yield _Proposed(value, f"above the table stands {said[0].strip()!r}")


def _same(label: str, field: TargetField) -> bool:
    """Whether a label says what the field's name, or one of its aliases, says."""
    called = (field.name.rpartition(".")[2], field.name, *field.aliases)
    reader = Reader.of([label, *called])
    return any(set(reader.words(label)) == set(reader.words(name)) for name in called)


def _taken(field: TargetField, value: str) -> str | None:
    """What the field takes for a value: the listed one that it means, or the value itself; None if neither."""
    if field.allowed:
        (match,) = vocabularies.matched(field, [(value, 1)]) or (None,)
        return match.target if match else None
    shape = form(field)
    if shape and not re.fullmatch(shape, value):
        return None
    if field.pattern and not all(patterns.fitting(field.pattern, [value])):
        return None
    return value if len(value) <= (field.max_length or len(value)) else None


def _virtual(field: TargetField, side: Side) -> Iterator[_Proposed]:
    """Rows that all have a vCenter or a host are virtual machines."""
    if side.sample is None or named(field, "is virtual") < _NAMED:
        return
    if "virtual machine" in Reader().words(side.table):
        yield _Proposed(of_virtual(field)[0], f"the table is called {side.table!r}", SHOWN)
    sample = side.sample
    full = [
        column
        for column, filled, seen in zip(side.fields, sample.filled, sample.examples, strict=True)
        if filled >= _IN_EVERY_ROW and not all(value.lower() in BOOLEANS for value in seen)
    ]
    for concept in _OF_VIRTUAL:
        for column in full:
            if named(column, concept) >= _NAMED:
                why = f"every row has a {column.name}, so all are virtual machines"
                yield _Proposed(of_virtual(field)[0], why, SHOWN if concept in _OF_NOTHING_ELSE else CONFIDENCE)


def _currency(field: TargetField, side: Side) -> Iterator[_Proposed]:
    """The one currency that headers or values of the file state."""
    if "currency" not in Reader().words(field.name):
        return
    said = {code: f"{column.name!r} is in {code}" for column in side.fields for code in _codes(column.name)}
    for i, column in enumerate(side.fields):
        for value in side.sample.examples[i] if side.sample else ():
            said |= {code: f"values of {column.name!r} are in {code}" for code in _codes(value)}
    if len(said) == 1 and (value := _taken(field, next(iter(said)))):
        yield _Proposed(value, next(iter(said.values())))


def _codes(text: str) -> Iterator[str]:
    yield from (word for word in re.findall(r"(?<![A-Za-z])[A-Z]{3}(?![A-Za-z])", text) if word in _CURRENCIES)
    yield from (code for sign, code in _SIGNS.items() if sign in text)


def _titled(field: TargetField, side: Side, stated: Sequence[str]) -> Iterator[_Proposed]:
    """The one listed value that the title above the table, or else the table's own name, speaks of."""
    if field.match != "equals":
        return
    for text, where in (*((cell, "above the table stands") for cell in stated), (side.table, "the table is called")):
        found = {match.target for match in vocabularies.matched(field, _phrases(text)) if match.target}
        if len(found) == 1:
            yield _Proposed(str(found.pop()), f"{where} {text.strip()!r}")


def _phrases(text: str) -> list[tuple[str, int]]:
    """The words of a text and what two of them say together; single letters and numbers say too little."""
    words = split(text)
    pairs = [" ".join(words[i : i + 2]) for i in range(len(words) - 1)]
    return [(phrase, 1) for phrase in (*words, *pairs) if len(phrase) > 2 and not phrase.isdigit()]
