"""Contracts: what the targets of a flow take, by those that ship or by the user's own, which came with the flow.

A flow keeps the user's own with it: a file that changes later, or is gone, changes nothing for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from discovery_pipeline.engine import targets
from discovery_pipeline.engine.targets import Target
from discovery_pipeline.errors import TargetError
from discovery_pipeline.flow.state import Flow

CONTRACTS = "contracts"
"""Key of a flow's `metadata` under which the user's own contracts stand, by the names of their targets."""


def kept(wanted: Iterable[Target]) -> dict[str, Any]:
    """What a new flow's metadata says of the targets that don't ship; empty where all do."""
    shipped = targets.names()
    own = [each for each in wanted if each.name not in shipped or each != targets.load(each.name)]
    return {CONTRACTS: {each.name: each.model_dump(mode="json", exclude_defaults=True) for each in own}} if own else {}


def named(said: str, own: Iterable[Target] = ()) -> tuple[Target, ...]:
    """The targets that these names are, with commas between, each once: those that ship, and an engagement's own.

    Raises
    ------
    TargetError
        There is no such target, or none is named; says which there are.
    """
    known = [*(targets.load(name) for name in targets.names()), *own]
    there = ", ".join(each.name for each in known)
    found: dict[str, Target] = {}
    for name in filter(None, (part.strip() for part in said.split(","))):
        target = next((each for each in known if each.called(name)), None)
        if target is None:
            yours = "The page Targets, or PUT /api/v1/targets/{name}, keeps a contract of your own."
            raise TargetError(f"There is no target {name!r}. There are: {there}. {yours}")
        found[target.name] = target
    if not found:
        raise TargetError(f"No target is named. There are: {there}.")
    return tuple(found.values())


def contract(flow: Flow, name: str) -> Target:
    """What one of the flow's targets takes.

    Raises
    ------
    TargetError
        Neither does such a target ship, nor did it come with the flow.
    """
    own = flow.metadata.get(CONTRACTS, {}).get(name)
    return targets.load(name) if own is None else Target.model_validate(own)


def contracts(flow: Flow) -> tuple[Target, ...]:
    """What the flow's targets take, in the order in which they were named."""
    return tuple(contract(flow, name) for name in flow.targets)
