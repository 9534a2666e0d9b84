"""The flows, as Dagster's partitions, and what every asset of a flow says of itself."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import dagster as dg

FLOWS = "flows"
OWNERS = ["team:data-migration"]

flows = dg.DynamicPartitionsDefinition(name=FLOWS)
"""A partition key is a flow's slug."""

_ENGINE = Path(__file__).resolve().parent.parent / "engine"


def of_stage(stage: str) -> dict[str, Any]:
    """What an asset of that stage is given, whatever makes it: its group, whose it is, and the version of its code."""
    return {
        "group_name": stage,
        "owners": OWNERS,
        "tags": {"discovery/stage": stage},
        "code_version": code_version(stage),
    }


def flow_asset(stage: str, **given: Any) -> Any:
    """Decorate an asset of one flow, whose value goes into the artifacts; takes what `dagster.asset` takes."""
    # The type is said here because an asset with checks that returns MaterializeResult[T] is taken for several outputs.
    return dg.asset(partitions_def=flows, io_manager_key="artifacts", dagster_type=dg.Any, **of_stage(stage), **given)


@cache
def code_version(stage: str) -> str:
    """A digest of the engine's code and knowledge for a stage: what others made is shown as out of date."""
    own = sorted(file for file in (_ENGINE / stage).rglob("*") if file.suffix in (".py", ".yaml"))
    return version_of([*sorted(_ENGINE.glob("*.py")), *own])


def version_of(files: Iterable[Path]) -> str:
    """A digest of these files, in this order."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]
