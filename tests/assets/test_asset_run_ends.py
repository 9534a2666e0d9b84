"""What a flow hears of its runs' ends, where the runs couldn't tell it themselves."""

from __future__ import annotations

import dagster as dg
import pytest

from discovery_pipeline.assets import sensors
from discovery_pipeline.flow.state import Flow, FlowStatus, Phase, PhaseStatus
from discovery_pipeline.store.blocking import Store


@pytest.fixture
def end(defs: dg.Definitions, flow: Flow, instance: dg.DagsterInstance):
    """Tell the sensors that a run of the flow ended."""

    def ended(
        status: str, tags: dict[str, str] | None = None, job: str = "discover", parent: str | None = None
    ) -> None:
        said = {"dagster/partition": flow.slug, **(tags or {})}
        run = instance.create_run_for_job(
            defs.resolve_job_def(job), tags=said, parent_run_id=parent, root_run_id=parent
        )
        kind = dg.DagsterEventType.RUN_FAILURE if status == "failed" else dg.DagsterEventType.RUN_CANCELED
        event = dg.DagsterEvent(kind.value, job, message="the worker was killed")
        name = f"{status}_run_sensor"
        with dg.build_run_status_sensor_context(
            sensor_name=name, dagster_event=event, dagster_instance=instance, dagster_run=run,
            resources={"desk": (defs.resources or {})["desk"]},
        ) as context:  # fmt: skip
            getattr(sensors, name)(context)

    return ended


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_a_phase_that_its_run_left_running_fails_with_the_reason(end, store: Store, flow: Flow, status: str):
    store.start_phase(flow, Phase.DATA_IMPORT)
    end(status)
    now = store.flow(None, flow.id)
    assert now.status is FlowStatus.FAILED
    reason = {"failed": "the worker was killed", "cancelled": "cancelled in Dagster"}[status]
    assert reason in now.phases[Phase.DATA_IMPORT].result["error"]


def test_the_same_end_is_told_once(end, store: Store, flow: Flow):
    store.start_phase(flow, Phase.DATA_IMPORT)
    end("failed")
    version = store.flow(None, flow.id).version
    end("failed")
    assert store.flow(None, flow.id).version == version


def test_a_run_that_works_again_meanwhile_is_not_disturbed(end, store: Store, flow: Flow):
    store.start_phase(flow, Phase.DATA_IMPORT)
    with store.run_lock(flow):
        end("failed")
    assert store.flow(None, flow.id).phases[Phase.DATA_IMPORT].status is PhaseStatus.RUNNING


def test_a_requested_run_that_never_began_fails_the_phase_it_was_to_begin(end, store: Store, flow: Flow):
    end("failed", {"discovery/request": "x"})
    now = store.flow(None, flow.id)
    assert (now.status, now.current_phase) == (FlowStatus.FAILED, Phase.DATA_IMPORT)
    assert store.check(flow) == []


def test_a_run_by_hand_that_never_began_leaves_the_flow_as_it_was(end, store: Store, flow: Flow):
    end("failed")
    assert store.flow(None, flow.id) == flow


def test_a_run_at_the_shut_gate_leaves_the_review_open(end, store: Store, flow: Flow):
    store.start_phase(flow, Phase.DATA_IMPORT)
    store.complete_phase(flow, Phase.DATA_IMPORT)
    end("failed", {"discovery/request": "x"}, job="deliver")
    assert store.flow(None, flow.id).status is FlowStatus.WAITING_FOR_REVIEW


def test_a_run_taken_up_by_hand_that_never_began_leaves_the_flow_as_it_was(
    end, store: Store, flow: Flow, defs: dg.Definitions, instance: dg.DagsterInstance
):
    parent = instance.create_run_for_job(defs.resolve_job_def("discover"))
    end("cancelled", {"discovery/request": "x"}, parent=parent.run_id)  # Dagster copies a parent's tags
    assert store.flow(None, flow.id) == flow
