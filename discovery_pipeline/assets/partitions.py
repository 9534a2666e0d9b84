"""The flows, as Dagster's partitions: a partition key is a flow's slug."""

from __future__ import annotations

from functools import partial

import dagster as dg

FLOWS = "flows"

flows = dg.DynamicPartitionsDefinition(name=FLOWS)

# The type is said here because an asset with checks that returns MaterializeResult[T] is taken for several outputs.
flow_asset = partial(dg.asset, partitions_def=flows, io_manager_key="artifacts", dagster_type=dg.Any)
"""Decorates an asset of one flow, whose value goes into the artifacts."""
