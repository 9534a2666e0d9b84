"""The flows, as Dagster's partitions: a partition key is a flow's slug."""

from __future__ import annotations

import dagster as dg

FLOWS = "flows"

flows = dg.DynamicPartitionsDefinition(name=FLOWS)
