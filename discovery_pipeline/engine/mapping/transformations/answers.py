"""Answers: the yes and no of one column as another says them.

"virtual: true" is Virtual where the target takes Virtual or Physical, and false where it asks "IsPhysical".
"""

from __future__ import annotations

from collections.abc import Sequence

from discovery_pipeline.engine.mapping.matcher.words import Reader, split
from discovery_pipeline.engine.mapping.transformations import parse, quoted, vocabularies
from discovery_pipeline.engine.mapping.transformations.operations import BOOLEANS
from discovery_pipeline.engine.targets import TargetField

_OPPOSITES = (
    (("virtual", "vm", "virtualized", "virtualised", "guest"), ("physical", "bare metal", "baremetal", "hardware")),
    (
        ("active", "aktiv", "actif", "activo", "attivo", "actief"),
        ("inactive", "retired", "decommissioned", "inaktiv", "inactif", "inactivo", "inattivo", "inactief"),
    ),
    (("enabled", "on"), ("disabled", "off")),
    (("public", "external"), ("private", "internal")),
    (("online", "up", "running"), ("offline", "down", "stopped")),
    (("open",), ("closed",)),
    (("static",), ("dynamic",)),
    (("allowed", "permitted"), ("forbidden", "denied", "blocked")),
    (("encrypted",), ("unencrypted",)),
    (("managed",), ("unmanaged",)),
    (("paid",), ("unpaid",)),
    (("included",), ("excluded",)),
    (("required", "mandatory"), ("optional",)),
)
_MOST = 0.5  # share of values that must be answers


def answered(name: str, values: Sequence[str], target: TargetField) -> str | None:
    """A transformation from answers to what the target takes; None where yes and no can stay, or nothing tells.

    `values` are the most frequent ones of the column that has this name.
    """
    if not values:
        return None
    asked = _asked(name)
    if _share_of_answers(values) >= _MOST:
        if target.type == "boolean" and _opposed(asked, _asked(target.name)):
            return 'to_boolean | map_values({"true": "false", "false": "true"})'
        return _chosen(asked, target) if len(target.allowed) == 2 else None
    return _named(values, _asked(target.name)) if target.type == "boolean" else None


def of_virtual(field: TargetField) -> tuple[str, str]:
    """What a field says of a virtual machine, and of a physical one."""
    how = answered("virtual", ("yes",), field)
    pairs = parse(how).steps[-1].arguments[0] if how else ()
    told = dict(pairs) if isinstance(pairs, tuple) else {}
    return told.get("true", "true"), told.get("false", "false")


def _phrase(text: str) -> str:
    return f" {' '.join(split(text))} "


def _asked(name: str) -> str:
    """What a name asks, in its own words, and in their usual form where its own tell nothing: "ist virtuell"."""
    own = _phrase(name)
    if any(_says(own, side) for pair in _OPPOSITES for side in pair):
        return own
    return f"{own}|{_phrase(' '.join(Reader().words(name)))}"


def _says(phrase: str, words: Sequence[str]) -> bool:
    return any(f" {word} " in phrase for word in words)


def _share_of_answers(values: Sequence[str]) -> float:
    return sum(value.strip().lower() in BOOLEANS for value in values) / len(values)


def _opposed(left: str, right: str) -> bool:
    return any(
        (_says(left, yes) and _says(right, no)) or (_says(left, no) and _says(right, yes)) for yes, no in _OPPOSITES
    )


def _chosen(asked: str, target: TargetField) -> str | None:
    """The one of two values that the question names is what yes means."""
    named = [_says(asked, [_phrase(w).strip() for w in (value, *_words(value, target))]) for value in target.allowed]
    if sum(named) != 1:
        return None
    yes, no = target.allowed if named[0] else target.allowed[::-1]
    return f'to_boolean | map_values({{"true": {quoted(yes)}, "false": {quoted(no)}}})'


def _words(value: str, target: TargetField) -> tuple[str, ...]:
    """Other words for an allowed value; a single letter in a name says too little."""
    own = _phrase(value)
    general = (word for pair in _OPPOSITES for side in pair if _says(own, side) for word in side)
    return (*(word for word in target.vocabulary.get(value, ()) if len(word) > 1), *general)


def _named(values: Sequence[str], asked: str) -> str | None:
    """Values that name what the question asks, or its opposite, as yes and no."""
    for pair in _OPPOSITES:
        for yes, no in (pair, pair[::-1]):
            if not _says(asked, yes):
                continue
            meant = {value: f"{_phrase(value)} {' '.join(vocabularies.meanings(value))} " for value in values}
            pairs = {
                v: "true" if _says(said, yes) else "false" for v, said in meant.items() if _says(said, (*yes, *no))
            }
            if len(pairs) >= _MOST * len(values):
                listed = ", ".join(f"{quoted(value)}: {quoted(answer)}" for value, answer in sorted(pairs.items()))
                return f"map_values({{{listed}}})"
    return None
