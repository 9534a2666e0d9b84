"""Whatever stands in Dagster's queue says whose it is, so that an engagement's limit holds for it."""

from __future__ import annotations

import uuid

import dagster as dg
import pytest
from dagster._core.origin import JobPythonOrigin

from discovery_pipeline.assets import tags
from discovery_pipeline.assets.partitions import FLOWS
from discovery_pipeline.assets.runner import place, starting
from discovery_pipeline.flow.state import Flow
from discovery_pipeline.store import sources
from discovery_pipeline.store.blocking import Store

pytestmark = pytest.mark.usefixtures("defs")  # which say where the state is

AWAY = "postgresql://nobody@127.0.0.1:1/discovery"


def queued(instance: dg.DagsterInstance, job: str, key: str, **said: str) -> dg.DagsterRun:
    """A run as Dagster's UI and its backfills queue it: of a partition, and with nothing else said of it."""
    origin = starting.origin(starting.code_location(place.definitions()))
    run = instance.create_run_for_job(
        origin.repository.get_job(job),
        run_id=str(uuid.uuid4()),
        tags={tags.PARTITION_TAG: key, **said},
        remote_job_origin=origin.remote.get_job_origin(job),
        job_code_origin=JobPythonOrigin(job, origin.python),
    )
    instance.submit_run(run.run_id, workspace=None)  # pyright: ignore[reportArgumentType] - a queue needs none
    found = instance.get_run_by_id(run.run_id)
    assert found is not None
    assert found.status is dg.DagsterRunStatus.QUEUED
    return found


def told(instance: dg.DagsterInstance, run: dg.DagsterRun) -> str:
    return "\n".join(entry.user_message or entry.message for entry in instance.all_logs(run.run_id))


def test_a_run_on_a_flow_is_queued_as_its_engagements(instance: dg.DagsterInstance, flow: Flow):
    instance.add_dynamic_partitions(FLOWS, [flow.slug])
    run = queued(instance, "discover", flow.slug)
    assert run.tags[tags.FLOW_TAG] == flow.slug
    assert run.tags[tags.ENGAGEMENT_TAG] == f"{flow.tenant.client_account_id}.{flow.tenant.engagement_id}"


def test_a_run_on_a_registered_database_is_its_engagements_too(instance: dg.DagsterInstance, store: Store):
    said = sources.Registration(
        name="cmdb", source_system="servicenow", target_system="aws", url_reference="env:CMDB_URL"
    )
    source = store.wait_for(sources.add(store.flows, store.default_tenant(), said))
    run = queued(instance, "watch_sources", source.slug)
    assert run.tags[tags.ENGAGEMENT_TAG] == f"{source.client_account_id}.{source.engagement_id}"
    assert tags.FLOW_TAG not in run.tags


def test_what_a_run_says_of_itself_stands(instance: dg.DagsterInstance, flow: Flow):
    assert queued(instance, "discover", flow.slug, **{tags.ENGAGEMENT_TAG: "7.8"}).tags[tags.ENGAGEMENT_TAG] == "7.8"


def test_a_key_that_is_no_flow_is_queued_as_it_is(instance: dg.DagsterInstance, store: Store):
    assert tags.ENGAGEMENT_TAG not in queued(instance, "discover", "no-such-flow").tags


def test_a_run_waits_in_the_queue_while_the_state_is_away_and_says_that_it_is_not_counted(
    instance: dg.DagsterInstance, flow: Flow, monkeypatch: pytest.MonkeyPatch
):
    with monkeypatch.context() as away:
        away.setenv("DISCOVERY_DATABASE_URL", AWAY)
        run = queued(instance, "discover", flow.slug)
        assert tags.ENGAGEMENT_TAG not in run.tags
        assert "doesn't count among its engagement's: PostgreSQL doesn't answer" in told(instance, run)
    assert tags.ENGAGEMENT_TAG in queued(instance, "discover", flow.slug).tags
