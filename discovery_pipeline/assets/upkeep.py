"""Upkeep as assets: what is done by night, and what is told by week. Each is kept fresh by a schedule."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import dagster as dg

from discovery_pipeline.assets import charts, contract, notices
from discovery_pipeline.assets.desk import Desk
from discovery_pipeline.assets.partitions import FLOWS, OWNERS, version_of
from discovery_pipeline.assets.retrying import AGAIN
from discovery_pipeline.assets.tags import PARTITION_TAG
from discovery_pipeline.store.upkeep import code

if TYPE_CHECKING:
    from discovery_pipeline.store.blocking import Store
    from discovery_pipeline.store.upkeep.maintain import Done

NIGHTLY = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=50), warn_window=timedelta(hours=26))
PATIENCE_DAYS = 7
"""How long a review may wait before the digest warns of it."""
WEEKLY = dg.FreshnessPolicy.time_window(fail_window=timedelta(days=15), warn_window=timedelta(days=8))


def _upkeep(**given: Any) -> Any:
    """Decorate an asset of upkeep, which is of no flow; takes what `dagster.asset` takes."""
    version = version_of(code.files())
    return dg.asset(group_name="upkeep", owners=OWNERS, code_version=version, retry_policy=AGAIN, **given)


@_upkeep(
    kinds={"postgres", "sql"},
    freshness_policy=NIGHTLY,
    check_specs=[contract.watch("nothing_to_look_at", "maintenance", "No flow is orphaned or there twice.", of=None)],
)
def maintenance(context: dg.AssetExecutionContext, desk: Desk) -> dg.MaterializeResult:
    """What the nightly maintenance moved and mended: flows archived, their partitions and runs forgotten."""
    from discovery_pipeline.store.upkeep import maintain

    chosen = [task for task in maintain.tasks() if not task.when_asked]
    done = maintain.run(desk.store.databases, chosen)
    maintain.write(done, desk.settings.root, datetime.now(UTC))
    partitions, runs = forget_gone(context.instance, desk.store)
    changed = {each.task.name: len(each.rows) for each in done if each.task.kind in {"move", "mend"}}
    reported = {each.task.name: len(each.rows) for each in done if each.task.name in FAULTS}
    return dg.MaterializeResult(
        metadata={
            **changed,
            **reported,
            "partitions_deleted": partitions,
            "runs_deleted": runs,
            "tasks": _as_table(done),
        }
        | {"changed": charts.bars(changed, "Rows that maintenance moved and mended")},
        check_results=[
            contract.watched(
                "nothing_to_look_at",
                ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in reported.items()),
                [{"report": name, "flows": count} for name, count in reported.items() if count],
            )
        ],
    )


FAULTS = ("orphaned_flows", "duplicate_flows")
"""Reports whose rows somebody should look at; the others only tell."""


@_upkeep(
    kinds={"postgres"},
    freshness_policy=WEEKLY,
    check_specs=[
        contract.watch(
            "no_review_forgotten", "quality_digest", f"No review has waited for {PATIENCE_DAYS} days.", of=None
        )
    ],
)
def quality_digest(desk: Desk) -> dg.MaterializeResult:
    """How many flows wait, failed and were delivered, and what is wrong with their data; sent to whoever is told."""
    from discovery_pipeline.store.upkeep import digest

    found = digest.digest(desk.store.databases)
    forgotten = [{"waits": "the oldest open review", "days": found.waiting_days}] * (
        found.waiting_days >= PATIENCE_DAYS
    )
    today = datetime.now(UTC).date()
    notices.Post.of(desk.settings).send(
        notices.Notice(f"digest:{today.isoformat()}", "digest", f"Weekly digest of {today}", found.text())
    )
    return dg.MaterializeResult(
        metadata={
            **{f"flows_{status}": count for status, count in found.flows.items()},
            "waiting_days": found.waiting_days,
            "delivered_this_week": found.delivered,
            "digest": dg.MetadataValue.md(found.text()),
            "issues": charts.bars({name: float(count) for name, count in found.issues.items()}, "Open quality issues"),
        },
        check_results=[
            contract.watched(
                "no_review_forgotten",
                f"The oldest open review has waited {found.waiting_days} days.",
                forgotten,
            )
        ],
    )


def forget_gone(instance: dg.DagsterInstance, store: "Store") -> tuple[int, int]:
    """Delete Dagster's runs and partitions of flows that were archived, and that never were; how many of each.

    The partition goes last: whoever is killed in between finds it again.
    """
    from discovery_pipeline.store import history

    keys = instance.get_dynamic_partitions(FLOWS)  # before the flows: one that is made meanwhile is no key here
    living = history.living(store.databases)
    gone = [key for key in keys if key not in living]
    return len(gone), _forget(instance, gone)


def forget_archived(instance: dg.DagsterInstance, store: "Store", most: int) -> int:
    """Delete Dagster's runs and partitions of so many flows that were archived since yesterday; how many there were."""
    from discovery_pipeline.store import history

    archived = history.archived_lately(store.databases)
    known = set(instance.get_dynamic_partitions(FLOWS)) if archived else set()
    gone = [slug for slug in archived if slug in known][:most]
    _forget(instance, gone)
    return len(gone)


def _forget(instance: dg.DagsterInstance, gone: "Sequence[str]") -> int:
    """Delete what Dagster keeps of these flows; how many runs."""
    runs = 0
    for slug in gone:
        for run in instance.get_runs(dg.RunsFilter(tags={PARTITION_TAG: slug})):
            instance.delete_run(run.run_id)
            runs += 1
        instance.delete_dynamic_partition(FLOWS, slug)
    return runs


def _as_table(done: "Sequence[Done]") -> dg.TableMetadataValue:
    return contract.table(
        [{"task": d.task.name, "kind": d.task.kind, "rows": len(d.rows), "what": d.task.what} for d in done]
    )
