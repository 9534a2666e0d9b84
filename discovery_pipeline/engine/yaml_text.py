"""YAML that people hand in, read within bounds.

A text that nests deeply takes the process down in libyaml, and a few lines of aliases unfold to gigabytes.
"""

from __future__ import annotations

from typing import Any

import yaml
from pydantic import ValidationError

MOST_SAID = 5
NESTED = 50
"""Lists and mappings within each other."""
NODES = 1_000_000
"""Values in all, each alias counted as what it stands for."""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read(text: str) -> Any:
    """What the text says.

    Raises
    ------
    yaml.YAMLError
        It is no YAML, or out of bounds.
    """
    _check(text)
    try:
        return yaml.load(text, Loader=_LOADER)  # noqa: S506 - either is the safe loader
    except (ValueError, OverflowError) as error:  # of dates that there are not, and numbers without end
        raise yaml.YAMLError(str(error)) from None


def wrong_with(bad: ValidationError, whole: str) -> str:
    """What a text says otherwise than its model takes, and where: a clause for each of the first; `whole` names all."""
    said = [(".".join(map(str, e["loc"])) or whole, _IN_A_FILE.get(e["type"], e["msg"])) for e in bad.errors()]
    return "; ".join(f"{where}: {what}" for where, what in said[:MOST_SAID])


_IN_A_FILE = {"missing": "is missing", "tuple_type": "should be a list"}


def _check(text: str) -> None:
    nodes, sizes = 0, dict[str | None, int]()
    within: list[tuple[str | None, int]] = []  # anchors of what is open, and the values before it
    for event in yaml.parse(text, Loader=_LOADER):
        match event:
            case yaml.CollectionStartEvent():
                within.append((event.anchor, nodes))
                nodes += 1
            case yaml.CollectionEndEvent():
                anchor, before = within.pop()
                sizes |= {anchor: nodes - before} if anchor else {}
            case yaml.ScalarEvent():
                nodes += 1
                sizes |= {event.anchor: 1} if event.anchor else {}
            case yaml.AliasEvent():
                nodes += sizes.get(event.anchor, NODES)  # one within itself has no end
            case _:
                pass
        if len(within) > NESTED:
            raise yaml.YAMLError(f"it nests more than {NESTED} levels deep")
        if nodes > NODES:
            raise yaml.YAMLError(f"it unfolds to more than {NODES:,} values")
