"""A code location whose runs do what their flow's name says."""

import os
import signal
import time

import dagster as dg

from discovery_pipeline.assets.retrying import AGAIN

flows = dg.DynamicPartitionsDefinition(name="flows")


@dg.asset(partitions_def=flows, retry_policy=AGAIN)
def behaved(context: dg.AssetExecutionContext) -> None:
    """Ends well, never, badly, or not at all."""
    print(f"told by {context.partition_key}", flush=True)
    match context.partition_key.split("-")[0]:
        case "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "fail":
            raise dg.Failure("as it was told", allow_retries=False)
        case "wait":
            while True:
                time.sleep(0.05)


@dg.asset(partitions_def=flows, deps=[behaved])
def after(context: dg.AssetExecutionContext) -> None:
    """Follows."""


defs = dg.Definitions(
    assets=[behaved, after],
    jobs=[dg.define_asset_job("discover", "*"), dg.define_asset_job("deliver", "after")],
    executor=dg.in_process_executor,
)
