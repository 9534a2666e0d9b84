"""Runs that were killed: Dagster is told of them, and only of them."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import dagster as dg
import pytest
from dagster._daemon.monitoring.run_monitoring import monitor_starting_run

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


@pytest.fixture
def launched(instance: dg.DagsterInstance, flow: Flow) -> Callable[[float], str]:
    """A run that was launched so many seconds ago and that has not begun."""

    def make(seconds_ago: float) -> str:
        run = instance.create_run_for_job(_job, status=STARTING, tags={"dagster/partition": flow.slug})
        then = dg.DagsterEvent(dg.DagsterEventType.RUN_STARTING.value, "nothing")
        instance.handle_new_event(
            dg.EventLogEntry(
                None, 10, "", run.run_id, time.time() - seconds_ago, job_name="nothing", dagster_event=then
            )
        )
        return run.run_id

    return make


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


def monitored(instance: dg.DagsterInstance, run_id: str) -> None:
    """Have Dagster's daemon look whether the run takes too long to start."""
    (record,) = instance.get_run_records(dg.RunsFilter([run_id]))
    monitor_starting_run(instance, record, logging.getLogger("daemon"))


def test_a_run_whose_worker_takes_minutes_to_begin_on_a_busy_machine_is_not_failed(
    instance: dg.DagsterInstance, store: Store, launched: Callable[[float], str]
):
    slow = launched(1200)
    with locks.working(store.settings.root, slow):
        monitored(instance, slow)
        assert dagster_instance.settle(instance, store) == []
    assert status(instance, slow) is STARTING


def test_a_launched_run_whose_worker_never_came_is_failed(
    instance: dg.DagsterInstance, store: Store, launched: Callable[[float], str]
):
    gone, coming = launched(1200), launched(20)
    assert dagster_instance.settle(instance, store) == [gone]
    assert status(instance, gone) is dg.DagsterRunStatus.FAILURE
    assert status(instance, coming) is STARTING


def test_a_run_of_another_launcher_may_have_its_worker_elsewhere(
    instance: dg.DagsterInstance,
    store: Store,
    launched: Callable[[float], str],
    monkeypatch: pytest.MonkeyPatch,
):
    elsewhere = launched(1200)
    monkeypatch.setattr(type(instance), "run_launcher", dg.DefaultRunLauncher())
    assert dagster_instance.settle(instance, store) == []
    assert status(instance, elsewhere) is STARTING


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
