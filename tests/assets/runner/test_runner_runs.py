"""Warm runs are real Dagster runs: told of, cancellable, apart from each other; nothing is lost when a part dies."""

from __future__ import annotations

import os
import signal

import dagster as dg
import psutil
import pytest
from dagster._core.execution.retries import auto_reexecution_should_retry_run
from warm_home import Warm, until

from discovery_pipeline.assets import instance, tags
from discovery_pipeline.assets.runner import locks, starting
from discovery_pipeline.assets.runner.calling import STALE, ask

STARTED, QUEUED = dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.QUEUED
SUCCESS, FAILURE, CANCELED = dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED


def test_a_request_becomes_a_run_of_its_flow_that_says_whose_it_is(warm: Warm):
    request = warm.request("good")
    run = warm.becomes(request)
    assert run.status is SUCCESS, warm.messages(request)
    assert run.tags[tags.PARTITION_TAG] == run.tags[tags.FLOW_TAG] == request.slug
    assert run.tags[tags.REQUEST_TAG] == str(request.id)
    assert run.tags[tags.USER_TAG] == request.tenant.by
    assert run.tags[tags.ENGAGEMENT_TAG] == f"{request.tenant.client_account_id}.{request.tenant.engagement_id}"
    until(lambda: warm.store.query(f"select 1 from run_requests where id = '{request.id}' and status = 'launched'"))
    assert warm.store.query(f"select 1 from flow_events where event_data ->> 'run_id' = '{run.run_id}'")


def test_a_selection_of_assets_is_all_that_runs(warm: Warm):
    request = warm.request("good", selection=("after",))
    assert warm.becomes(request).status is SUCCESS
    begun = [e.dagster_event.step_key for e in warm.dagster.all_logs(request.run_id, dg.DagsterEventType.STEP_START)]
    assert begun == ["after"]


def test_what_a_run_prints_is_kept_with_it(warm: Warm):
    request = warm.request("good")
    warm.becomes(request)
    logs = warm.dagster.compute_log_manager
    (key,) = [
        e.dagster_event.logs_captured_data.file_key
        for e in warm.dagster.all_logs(request.run_id, dg.DagsterEventType.LOGS_CAPTURED)
    ]
    assert f"told by {request.slug}" in logs.get_log_data([request.run_id, "compute_logs", key]).stdout.decode()


def test_a_run_that_crashes_is_told_of_and_hurts_no_other(warm: Warm):
    waiting, crashing = warm.request("wait"), warm.request("crash")
    assert warm.becomes(crashing).status is FAILURE
    assert "ended by itself: signal SIGSEGV" in warm.messages(crashing)
    assert warm.becomes(waiting, STARTED)
    assert psutil.pid_exists(warm.worker(waiting) or 0)
    assert warm.becomes(warm.request("good")).status is SUCCESS


def test_a_run_is_cancelled_at_once(warm: Warm):
    request = warm.request("wait")
    warm.becomes(request, STARTED)
    assert warm.dagster.run_launcher.terminate(request.run_id)
    assert warm.becomes(request).status is CANCELED
    assert until(lambda: warm.worker(request) is None)
    assert not warm.dagster.run_launcher.terminate(request.run_id)


def test_a_run_that_is_stopped_is_taken_up_again_and_may_still_crash_once(warm: Warm):
    request = warm.request("wait")
    warm.becomes(request, STARTED)
    instance.spare_retries(warm.dagster, locks.workers(warm.home))
    locks.end_workers(warm.home, 240)
    stopped = warm.becomes(request)
    assert (stopped.status, stopped.tags[tags.RETRIED_TAG]) == (FAILURE, "true")
    crashing = warm.dagster.create_run_for_job(
        warm.origin.repository.get_job("discover"),
        tags={**stopped.tags, "dagster/parent_run_id": stopped.run_id, "dagster/root_run_id": stopped.run_id},
        parent_run_id=stopped.run_id,
        root_run_id=stopped.run_id,
    )
    warm.dagster.report_run_failed(crashing, "the worker was killed")
    assert auto_reexecution_should_retry_run(warm.dagster, warm.dagster.get_run_by_id(crashing.run_id), None)


def test_run_monitoring_hears_whether_a_worker_lives(warm: Warm):
    request = warm.request("wait")
    run = warm.becomes(request, STARTED)
    health = warm.dagster.run_launcher.check_run_worker_health
    assert health(run).status.value == "RUNNING"
    os.kill(warm.worker(request) or 0, signal.SIGKILL)
    assert until(lambda: health(run).status.value == "NOT_FOUND")
    assert warm.becomes(request).status is FAILURE


def test_more_runs_than_an_engagement_may_have_wait_in_the_queue(warm: Warm):
    busy = [warm.request("wait") for _ in range(4)]
    for request in busy:
        warm.becomes(request, STARTED)
    assert warm.becomes(warm.request("good"), QUEUED)


def test_a_dead_dispatcher_is_followed_by_another(warm: Warm):
    warm.becomes(warm.request("good"))
    before = warm.state["dispatcher"]
    os.kill(before, signal.SIGKILL)
    request = warm.request("good")
    assert warm.becomes(request).status is SUCCESS
    assert warm.state["dispatcher"] not in {0, before}


def test_each_request_has_one_run_though_dispatchers_are_killed(warm: Warm):
    wanted = [warm.request("good") for _ in range(4)]
    first = warm.state["dispatcher"]
    os.kill(first, signal.SIGKILL)
    wanted += [warm.request("good") for _ in range(4)]
    os.kill(until(lambda: {warm.state["dispatcher"]} - {0, first}).pop(), signal.SIGKILL)
    for request in wanted:
        run = warm.becomes(request, SUCCESS, QUEUED)
        mine = dg.RunsFilter(tags={tags.REQUEST_TAG: str(request.id)})
        assert [found.run_id for found in warm.dagster.get_runs(mine)] == [run.run_id]
        begun = len(warm.dagster.all_logs(run.run_id, dg.DagsterEventType.RUN_START))
        assert begun == (run.status is SUCCESS)
    open_ones = "select 1 from run_requests where status = 'requested'"
    assert until(lambda: not warm.store.query(open_ones))


def test_a_run_outlives_the_zygote_and_its_dispatcher_does_not(warm: Warm):
    request = warm.request("wait")
    run = warm.becomes(request, STARTED)
    dispatcher = warm.state["dispatcher"]
    warm.stop(signal.SIGKILL)
    assert until(lambda: not psutil.pid_exists(dispatcher))
    assert warm.dagster.run_launcher.check_run_worker_health(run).status.value == "RUNNING"
    assert warm.dagster.run_launcher.terminate(run.run_id)
    assert warm.becomes(request).status is CANCELED


def test_without_a_zygote_a_run_starts_in_a_process_of_its_own(warm: Warm):
    warm.stop()
    request = warm.request("good")
    starting.start(warm.dagster, warm.origin, request)
    assert warm.becomes(request).status is SUCCESS
    assert "starts in a new process" in warm.messages(request)


def test_a_worker_that_dies_before_it_begins_is_noticed(warm: Warm, monkeypatch: pytest.MonkeyPatch):
    warm.stop()
    request = warm.request("good")
    with monkeypatch.context() as broken:
        broken.setenv("DISCOVERY_AGENTS_ENGINE", "no such engine")
        run = starting.start(warm.dagster, warm.origin, request)
    assert until(lambda: locks.died(warm.home, run.run_id))
    assert instance.settle(warm.dagster, warm.store) == [run.run_id]
    assert warm.becomes(request).status is FAILURE


def test_a_launch_that_was_broken_off_is_taken_up_again_and_never_twice(warm: Warm):
    warm.stop()
    request = warm.request("good")
    warm.begun(request)
    warm.start()
    assert warm.becomes(request).status is SUCCESS
    starting.start(warm.dagster, warm.origin, request)
    begun = warm.dagster.all_logs(request.run_id, dg.DagsterEventType.RUN_START)
    assert len(begun) == 1


def test_a_launch_that_was_broken_off_is_taken_up_by_the_sensor_while_there_is_no_zygote(warm: Warm):
    warm.stop()
    request = warm.request("good")
    run = warm.begun(request)
    starting.queue(warm.dagster, run)
    assert warm.becomes(request).status is SUCCESS


def test_a_zygote_with_other_code_than_on_disk_refuses_and_ends(warm: Warm):
    answer = ask(warm.home, {"run": "any", "version": "newer"})
    assert "the code has changed" in answer["refused"]
    assert warm.process is not None
    assert warm.process.wait(240) == STALE


def test_a_second_zygote_on_a_home_does_not_start(warm: Warm):
    second = Warm(warm.store, warm.dagster, warm.home)
    second.spawn()
    assert second.process is not None
    assert second.process.wait(240) == 1
    assert "serves this home already" in warm.log.read_text()
    assert warm.state["pid"]
