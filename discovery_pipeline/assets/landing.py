"""The landing zone as a job: what has come to rest in folders of the inbox becomes flows."""

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import dagster as dg
from pydantic import Field

from discovery_pipeline.assets import scratch
from discovery_pipeline.assets.desk import Desk
from discovery_pipeline.assets.retrying import AGAIN
from discovery_pipeline.engine.phrases import counted
from discovery_pipeline.errors import DiscoveryError

if TYPE_CHECKING:
    from discovery_pipeline.store.landing import Landed

NO_INBOX = "There is no landing zone; DISCOVERY_INBOX sets one."
AGAIN_SECONDS = 600
"""After so long, files that still stand in their folder are received again: the run that should have had failed."""


class Arrivals(dg.Config):
    """Folders that have come to rest: their ids, which tell nothing of a client, and how they looked then.

    None are named where somebody starts the job by hand, who wants all that are there.
    """

    stamps: dict[str, str] = Field(default={})


@dg.op(retry_policy=AGAIN)
def receive_uploads(context: dg.OpExecutionContext, config: Arrivals, desk: Desk) -> None:
    """Store the files of folders that have come to rest, each folder as one flow, and move them out of the way."""
    from discovery_pipeline.store import landing
    from discovery_pipeline.store.files.inbox import Inbox

    if desk.settings.inbox is None:
        raise dg.Failure(NO_INBOX, allow_retries=False)
    inbox, stamps = Inbox(desk.settings.inbox), config.stamps
    resting = [arrival for arrival in inbox.arrivals() if not stamps or stamps.get(arrival.id) == arrival.stamp]
    place, faults = scratch.of_run(desk.settings.root, context.run.run_id), []
    for arrival in resting:
        try:
            _received(context, landing.take(desk.store, inbox, arrival, place))
        except (OSError, DiscoveryError) as fault:  # the other folders don't wait for this one
            faults.append(type(fault).__name__)
    if faults:
        raise dg.Failure(
            f"{len(faults)} of {len(resting)} folders can't be received now: {', '.join(sorted(set(faults)))}."
        )


def _received(context: dg.OpExecutionContext, landed: "Landed | None") -> None:
    if landed is None:
        context.log.info("A folder isn't taken now: somebody writes to it, or another run takes it.")
        return
    flow = f"flow {landed.flow.slug}" if landed.flow else "no flow"
    context.log.info(f"{counted(landed.accepted, 'file')} accepted, {landed.rejected} rejected: {flow}")


@dg.job(
    executor_def=dg.in_process_executor, description="Makes flows of the files that have arrived in the landing zone."
)
def receive() -> None:
    """One step: its files are moved only after they are stored, so it may be killed and run again at any time."""
    receive_uploads()


@dataclass(frozen=True, slots=True)
class Watch:
    """What the sensor remembers of one folder."""

    stamp: str
    since: float  # when it was first seen as it is
    asked: float | None = None  # when it was last handed to a run

    def seen(self, stamp: str, now: float) -> "Watch":
        """The same folder at another look: as it was, or changed, and then its rest begins anew."""
        return self if stamp == self.stamp else Watch(stamp, now)

    def due(self, now: float, rest: float) -> bool:
        """Whether it has rested long enough, and no run was asked to take it, or one that failed."""
        return now - self.since >= rest and (self.asked is None or now - self.asked >= AGAIN_SECONDS)


def request(due: dict[str, Watch]) -> dg.RunRequest:
    """One run for all of these folders; the same one for the same folders as they are now."""
    told = json.dumps({name: [watch.stamp, watch.asked] for name, watch in sorted(due.items())})
    stamps = {name: watch.stamp for name, watch in due.items()}
    return dg.RunRequest(
        run_key=hashlib.sha256(told.encode()).hexdigest(),
        run_config=dg.RunConfig(ops={"receive_uploads": Arrivals(stamps=stamps)}),
    )
