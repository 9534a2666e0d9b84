"""What people do in Dagster's UI, as it asks for it: backfills over flows, taking a run up again, ending one.

The queue and the backfills are the daemon's own code; the runs are warm ones of the product's own definitions.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import psycopg
import pytest
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import InProcessWorkspaceLoadTarget
from dagster._daemon.backfill import execute_backfill_iteration
from dagster._daemon.run_coordinator.queued_run_coordinator_daemon import QueuedRunCoordinatorDaemon
from dagster_graphql.test.utils import execute_dagster_graphql
from warm_home import Warm, until

from discovery_pipeline.assets import reasons, tags
from discovery_pipeline.assets.jobs import DELIVER, DISCOVER
from discovery_pipeline.assets.partitions import FLOWS
from discovery_pipeline.assets.runner import place
from discovery_pipeline.flow.state import Flow, FlowStatus
from discovery_pipeline.store.files.artifacts import UPLOADS
from discovery_pipeline.store.postgres.databases import Role

SERVERS = "sys_id,name,ip_address,os\n" + "".join(f"{i:032x},web{i:03},10.0.0.{i},Ubuntu\n" for i in range(1, 40))
BACKFILL = """
mutation ($params: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $params) {
    __typename ... on LaunchBackfillSuccess { backfillId } ... on Error { message } } }
"""
LAUNCH = """
mutation ($params: ExecutionParams!) { launchPipelineExecution(executionParams: $params) {
    __typename ... on LaunchRunSuccess { run { runId } } } }
"""
AGAIN = """
mutation ($params: ReexecutionParams!) { launchPipelineReexecution(reexecutionParams: $params) {
    __typename ... on LaunchRunSuccess { run { runId } } } }
"""
END = """
mutation ($runs: [String!]!, $policy: TerminateRunPolicy) { terminateRuns(runIds: $runs, terminatePolicy: $policy) {
    ... on TerminateRunsResult { terminateRunResults { __typename } } } }
"""

# Dagster uses what it has itself deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:(Property|Function) `.*` is deprecated:DeprecationWarning")


@pytest.fixture(scope="module")
def code() -> Path:
    """The product's own definitions."""
    return place.definitions()


class Pages:
    """What Dagster's pages ask its web server for, with a daemon behind it."""

    def __init__(self, workspace: WorkspaceProcessContext, warm: Warm) -> None:
        self.workspace, self.warm = workspace, warm
        self.daemon = QueuedRunCoordinatorDaemon(interval_seconds=1)

    def ask(self, query: str, **variables: Any) -> Any:
        """The answer to a query of one field."""
        said = execute_dagster_graphql(self.workspace.create_request_context(), query, variables)
        (answer,) = said.data.values()
        return answer

    def backfill(self, assets: Sequence[str], flows: Sequence[str]) -> dict[str, Any]:
        """Materialize these assets of many flows."""
        return self.ask(BACKFILL, params={"assetSelection": [{"path": [a]} for a in assets], "partitionNames": flows})

    def start(self, job: str, slug: str) -> str:
        """Materialize the assets of a job of one flow; the run's id."""
        selector = {"repositoryLocationName": place.LOCATION, "repositoryName": "__repository__", "pipelineName": job}
        chosen = {"tags": [{"key": tags.PARTITION_TAG, "value": slug}]}
        said = {"selector": selector, "mode": "default", "runConfigData": {}, "executionMetadata": chosen}
        return self.ask(LAUNCH, params=said)["run"]["runId"]

    def again(self, run: dg.DagsterRun, strategy: str) -> dg.DagsterRun:
        """Take a run up again, from where it failed or as a whole; the new one, once it has ended."""
        return self.becomes(self.ask(AGAIN, params={"parentRunId": run.run_id, "strategy": strategy})["run"]["runId"])

    def tick(self) -> None:
        """What the daemon does again and again: runs of backfills are queued, and those of the queue launched."""
        done = execute_backfill_iteration(self.workspace, logging.getLogger(__name__))
        assert [error for error in (*done, *self.daemon.run_iteration(self.workspace)) if error] == []

    def becomes(self, run_id: str, *statuses: dg.DagsterRunStatus) -> dg.DagsterRun:
        """The run, once it has one of these statuses; without any, once it has ended."""

        def found() -> dg.DagsterRun | None:
            self.tick()
            run = self.warm.dagster.get_run_by_id(run_id)
            return run if run and (run.status in statuses if statuses else run.is_finished) else None

        return until(found)

    def backfilled(self, assets: Sequence[str], flows: Sequence[str]) -> dict[str, dg.DagsterRun]:
        """The runs of a backfill by their flows, once they have ended."""
        answer = self.backfill(assets, flows)
        assert answer["__typename"] == "LaunchBackfillSuccess", answer

        def found() -> dict[str, dg.DagsterRun] | None:
            self.tick()
            runs = self.warm.dagster.get_runs(dg.RunsFilter(tags={"dagster/backfill": answer["backfillId"]}))
            ended = {run.tags[tags.PARTITION_TAG]: run for run in runs if run.is_finished}
            return ended if len(ended) == len(flows) else None

        return until(found)

    def why(self, run: dg.DagsterRun) -> str:
        """In which sentence a run failed; all that was said where no step did."""
        told = self.warm.dagster.all_logs(run.run_id)
        events = [entry.dagster_event for entry in told if entry.dagster_event]
        return reasons.of_steps(events) or f"{run.status}:\n{self.warm.said(run.run_id)}"


@pytest.fixture(scope="module")
def pages(warm_home: Warm, code: Path) -> Iterator[Pages]:
    """Dagster's pages on the warm home."""
    loaded = LoadableTargetOrigin(python_file=str(code), attribute=place.ATTRIBUTE, working_directory=str(code.parent))
    target = InProcessWorkspaceLoadTarget([InProcessCodeLocationOrigin(loaded, location_name=place.LOCATION)])
    warm_home.start()
    with WorkspaceProcessContext(warm_home.dagster, target) as workspace:
        yield Pages(workspace, warm_home)


@pytest.fixture
def made(warm: Warm) -> Callable[[], Flow]:
    """Make a flow with one file, and its partition."""

    def make() -> Flow:
        flow = warm.store.create_flow(warm.store.default_tenant(), "servers", "servicenow", "aws")
        with warm.store.artifacts.writing(flow, UPLOADS) as folder:
            (folder / "servers.csv").write_text(SERVERS)
        warm.dagster.add_dynamic_partitions(FLOWS, [flow.slug])
        return flow

    return make


def test_a_backfill_takes_each_flow_to_its_review_and_the_next_one_stops_there(
    pages: Pages, warm: Warm, made: Callable[[], Flow], approving: Callable[[Any], Callable[[Flow], None]]
):
    flows = [made(), made(), made()]
    runs = pages.backfilled(DISCOVER, [flow.slug for flow in flows])
    for flow in flows:
        assert runs[flow.slug].is_success, pages.why(runs[flow.slug])
        assert runs[flow.slug].tags.items() >= tags.of_flow(flow.slug, flow.tenant).items()
        assert warm.store.flow(None, flow.id).status is FlowStatus.WAITING_FOR_REVIEW

    decided, *others = flows
    approving(warm.store)(decided)
    warm.dagster.add_dynamic_partitions(FLOWS, ["no-such-flow"])
    runs = pages.backfilled(DELIVER, [*(flow.slug for flow in flows), "no-such-flow"])
    assert runs[decided.slug].is_success, pages.why(runs[decided.slug])
    assert warm.store.flow(None, decided.id).status is FlowStatus.COMPLETED
    for flow in others:
        assert pages.why(runs[flow.slug]).startswith(f"Flow '{flow.slug}' is waiting for review")
        assert runs[flow.slug].tags[tags.WAITS_TAG] == "review"
        assert warm.store.flow(None, flow.id).status is FlowStatus.WAITING_FOR_REVIEW
    assert pages.why(runs["no-such-flow"]).startswith("There is no flow 'no-such-flow'.")


def test_a_backfill_over_a_key_that_is_no_partition_is_refused(pages: Pages):
    assert pages.backfill(DISCOVER, ["never-heard-of"])["__typename"] == "PartitionKeysNotFoundError"


def test_a_run_is_taken_up_where_it_failed_and_as_a_whole(
    pages: Pages, warm: Warm, made: Callable[[], Flow], approving: Callable[[Any], Callable[[Flow], None]]
):
    flow = made()
    assert pages.becomes(pages.start("discover", flow.slug)).is_success
    failed = pages.becomes(pages.start("deliver", flow.slug))
    assert failed.is_failure
    approving(warm.store)(flow)
    again = pages.again(failed, "FROM_FAILURE")
    assert again.is_success, pages.why(again)
    assert again.parent_run_id == failed.run_id
    assert again.tags[tags.ENGAGEMENT_TAG] == failed.tags[tags.ENGAGEMENT_TAG]
    whole = pages.again(again, "ALL_STEPS")
    assert whole.is_success, pages.why(whole)
    assert warm.store.flow(None, flow.id).status is FlowStatus.COMPLETED
    assert warm.store.check(flow) == []


@pytest.mark.parametrize("policy", ["SAFE_TERMINATE", "MARK_AS_CANCELED_IMMEDIATELY"])
def test_a_run_that_works_is_ended(pages: Pages, warm: Warm, made: Callable[[], Flow], policy: str):
    flow = made()
    with psycopg.connect(warm.store.databases.dsn(Role.OWNER)) as somebody:
        somebody.execute("select 1 from discovery_flows where slug = %s for update", [flow.slug])
        run_id = pages.start("discover", flow.slug)
        pages.becomes(run_id, dg.DagsterRunStatus.STARTED)
        (answer,) = pages.ask(END, runs=[run_id], policy=policy)["terminateRunResults"]
        assert answer["__typename"] == "TerminateRunSuccess"
        assert pages.becomes(run_id).status is dg.DagsterRunStatus.CANCELED
        until(lambda: not warm.state["workers"])
    assert pages.becomes(pages.start("discover", flow.slug)).is_success
