"""The flows, as Dagster's partitions: a partition key is a flow's slug."""

from __future__ import annotations

from typing import Any

import dagster as dg

FLOWS = "flows"

flows = dg.DynamicPartitionsDefinition(name=FLOWS)


def flow_asset(**given: Any) -> Any:
    """Decorate an asset of one flow, whose value goes into the artifacts; takes what `dagster.asset` takes."""
    # The type is said here because an asset with checks that returns MaterializeResult[T] is taken for several outputs.
    return dg.asset(partitions_def=flows, io_manager_key="artifacts", dagster_type=dg.Any, **given)
