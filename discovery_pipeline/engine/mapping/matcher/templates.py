"""Templates: a list of fields that is a vendor's own template, whose contract says more than the list does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from discovery_pipeline.engine import targets
from discovery_pipeline.engine.mapping.matcher.fields import Field, Side, of_target

_FEWEST = 5  # fields that must be a contract's
_MOSTLY = 0.6  # share of the fields that must be


def recognised(side: Side) -> Side:
    """The side, with what a built-in contract knows of its fields where most of them are that contract's.

    What the side says itself stays. Somebody who holds only the template of a vendor is helped like one who names it.
    """
    named = {_plain(field.name): field for field in side.fields}
    known = max(_contracts(), key=lambda contract: len(named.keys() & contract.keys()))
    common = named.keys() & known.keys()
    if len(common) < max(_FEWEST, _MOSTLY * len(named)):
        return side
    fields = tuple(_taught(f, known[_plain(f.name)]) if _plain(f.name) in common else f for f in side.fields)
    return replace(side, fields=fields)


def _taught(field: Field, known: Field) -> Field:
    return replace(
        field,
        type=field.type or known.type,
        description=field.description or known.description,
        unit=field.unit or known.unit,
        aliases=known.aliases,
        allowed=field.allowed or known.allowed,
        identifies=known.identifies,
    )


@lru_cache(maxsize=1)
def _contracts() -> tuple[Mapping[str, Field], ...]:
    """The fields of every table of every built-in contract, by their plain names."""
    tables = (table for name in targets.names() for table in targets.load(name).tables)
    return tuple({_plain(f.name): f for f in of_target(table).fields} for table in tables)


def _plain(name: str) -> str:
    """A name as it is compared: its letters and digits."""
    return "".join(c for c in name.casefold() if c.isalnum())
