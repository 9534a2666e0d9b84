"""Contracts: what the targets of a flow take, by those that ship or by the user's own, which came with the flow.

A flow keeps the user's own with it: a file that changes later, or is gone, changes nothing for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from discovery_pipeline.engine import targets
from discovery_pipeline.engine.targets import Target
from discovery_pipeline.flow.state import Flow

CONTRACTS = "contracts"
"""Key of a flow's `metadata` under which the user's own contracts stand, by the names of their targets."""


def kept(wanted: Iterable[Target]) -> dict[str, Any]:
    """What a new flow's metadata says of the targets that don't ship; empty where all do."""
    shipped = targets.names()
    own = [each for each in wanted if each.name not in shipped or each != targets.load(each.name)]
    return {CONTRACTS: {each.name: each.model_dump(mode="json", exclude_defaults=True) for each in own}} if own else {}


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
