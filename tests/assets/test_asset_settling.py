"""Runs that were killed: Dagster is told of them, and only of them."""

from __future__ import annotations

import time

import dagster as dg
import pytest

from discovery_pipeline.assets import instance as dagster_instance
from discovery_pipeline.assets.runner import locks
from discovery_pipeline.flow.state import Flow
from discovery_pipeline.store.blocking import Store

STARTING, STARTED = dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED


@pytest.fixture
def started(instance: dg.DagsterInstance, flow: Flow) -> str:
    """A run on the flow that Dagster believes to be at work since long ago."""
    run = instance.create_run_for_job(_job, status=dg.DagsterRunStatus.STARTING, tags={"dagster/partition": flow.slug})
    long_ago = dg.DagsterEvent(dg.DagsterEventType.RUN_START.value, "nothing")
    instance.handle_new_event(
        dg.EventLogEntry(None, 10, "", run.run_id, time.time() - 3600, job_name="nothing", dagster_event=long_ago)
    )
    return run.run_id


@dg.job(name="nothing")
def _job() -> None:
    """Nothing."""


def status(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRunStatus:
    run = instance.get_run_by_id(run_id)
    assert run is not None
    return run.status


def test_a_run_without_its_flows_lock_is_failed(instance: dg.DagsterInstance, store: Store, started: str):
    assert dagster_instance.settle(instance, store) == [started]
    assert status(instance, started) is dg.DagsterRunStatus.FAILURE
    assert dagster_instance.settle(instance, store) == []


def test_a_run_whose_flow_is_locked_lives(instance: dg.DagsterInstance, store: Store, flow: Flow, started: str):
    with store.run_lock(flow):
        assert dagster_instance.settle(instance, store) == []
    assert status(instance, started) is STARTED


def test_a_run_whose_process_holds_its_lock_lives(instance: dg.DagsterInstance, store: Store, started: str):
    with locks.working(store.settings.root, started):
        assert dagster_instance.settle(instance, store) == []
        assert locks.worker(store.settings.root, started) is None  # nobody is to interrupt it
    assert status(instance, started) is STARTED


def test_a_run_that_is_yet_to_begin_waits_for_its_worker(instance: dg.DagsterInstance, store: Store, flow: Flow):
    run = instance.create_run_for_job(_job, status=STARTING, tags={"dagster/partition": flow.slug})
    assert dagster_instance.settle(instance, store) == []
    assert status(instance, run.run_id) is STARTING


def test_a_run_that_has_just_begun_may_be_without_a_lock(instance: dg.DagsterInstance, store: Store, flow: Flow):
    run = instance.create_run_for_job(_job, status=STARTED, tags={"dagster/partition": flow.slug})
    assert dagster_instance.settle(instance, store) == []
    killed = locks.acquire(store.settings.root, run.run_id)
    assert killed is not None
    killed.hand_over()  # as the kernel closes it for a process that is killed
    assert dagster_instance.settle(instance, store) == [run.run_id]
