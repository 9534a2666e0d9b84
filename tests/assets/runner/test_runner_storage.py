"""A run's events are all there, in their order, though some are written with the next."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import pytest
from dagster._core.storage.event_log import SqlEventLogStorage
from dagster._core.storage.runs.schema import RunTagsTable
from dagster_postgres import PostgresEventLogStorage
from sqlalchemy import Connection, event
from sqlalchemy.exc import OperationalError

from discovery_pipeline.assets.runner import storage


@pytest.fixture
def of_a_run(instance: dg.DagsterInstance) -> Iterator[dg.DagsterInstance]:
    """The test's instance, as a run's worker opens it."""
    with dg.DagsterInstance.from_ref(storage.of_a_run(instance.get_ref())) as opened:
        yield opened


@dg.asset(check_specs=[dg.AssetCheckSpec("good", asset="made")])
def made(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    """An asset with a check and something to say."""
    context.log.info("said")
    return dg.MaterializeResult(check_results=[dg.AssetCheckResult(passed=True, check_name="good")])


@dg.asset(deps=[made])
def after() -> None:
    """Another step."""


def kinds(instance: dg.DagsterInstance, run_id: str) -> list[str]:
    return [e.dagster_event.event_type_value if e.dagster_event else e.user_message for e in instance.all_logs(run_id)]


def test_a_run_tells_the_same_as_with_dagsters_own_storage(instance: dg.DagsterInstance, of_a_run: dg.DagsterInstance):
    ours, theirs = (dg.materialize([made, after], instance=each) for each in (of_a_run, instance))
    assert ours.success
    assert kinds(instance, ours.run_id) == kinds(instance, theirs.run_id)
    assert instance.get_run_stats(ours.run_id).steps_succeeded == 2
    record = instance.get_latest_materialization_event(dg.AssetKey("made"))
    assert record is not None


def test_whether_there_is_a_column_is_asked_once(of_a_run: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch):
    asked = storage._has_columns
    times: list[bool] = []
    monkeypatch.setattr(storage, "_has_columns", lambda *about: times.append(found := asked(*about)) or found)
    run = of_a_run.create_run_for_job(idle)
    assert [of_a_run.get_run_by_id(run.run_id) for _ in range(3)] == [run] * 3
    assert times == [True]


def test_a_column_is_there_where_dagster_finds_it(instance: dg.DagsterInstance, of_a_run: dg.DagsterInstance):
    ours: Any = of_a_run.event_log_storage
    theirs: Any = instance.event_log_storage
    found = {name: ours.has_asset_key_col(name) for name in ("last_materialization_timestamp", "no_such_column")}
    assert found == {"last_materialization_timestamp": True, "no_such_column": False}
    assert found == {name: theirs.has_asset_key_col(name) for name in found}


def _written(instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many events were written together, each time."""
    events: Any = instance.event_log_storage
    sizes: list[int] = []
    tell = events.tell

    def told() -> None:
        if events._held:
            sizes.append(len(events._held))
        tell()

    monkeypatch.setattr(events, "tell", told)
    return sizes


def test_what_is_followed_at_once_is_written_with_the_next(
    of_a_run: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
):
    sizes = _written(of_a_run, monkeypatch)
    result = dg.materialize([made, after], instance=of_a_run)
    assert sum(sizes) == len(kinds(of_a_run, result.run_id))
    assert len(sizes) < sum(sizes) * 0.6


def test_a_step_that_begins_is_seen_at_once(instance: dg.DagsterInstance, of_a_run: dg.DagsterInstance):
    seen: list[str] = []

    @dg.op
    def look(context: dg.OpExecutionContext) -> None:
        seen.extend(kinds(instance, context.run_id))

    @dg.job(executor_def=dg.in_process_executor)
    def looking() -> None:
        look()

    assert looking.execute_in_process(instance=of_a_run).success
    assert seen[-1] == "STEP_START"


@dg.job
def idle() -> None:
    """A job of nothing."""


def test_nothing_is_forgotten_while_the_database_is_away(of_a_run: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch):
    def refused(*_: object) -> Any:
        raise OperationalError("insert", {}, Exception("the server is away"))

    run = of_a_run.create_run_for_job(idle)
    of_a_run.report_engine_event("before", run)
    with monkeypatch.context() as away:
        away.setattr(PostgresEventLogStorage, "_connect", refused)
        with pytest.raises(OperationalError):
            of_a_run.report_engine_event("meanwhile", run)
    of_a_run.report_engine_event("afterwards", run)
    assert [entry.message for entry in of_a_run.all_logs(run.run_id)] == ["before", "meanwhile", "afterwards"]


def test_only_a_run_remembers(instance: dg.DagsterInstance, of_a_run: dg.DagsterInstance):
    assert type(instance.event_log_storage) is not storage.Events
    assert isinstance(of_a_run.event_log_storage, SqlEventLogStorage)
    of_a_run.add_dynamic_partitions("flows", ["one"])
    assert of_a_run.has_dynamic_partition("flows", "one")
    instance.delete_dynamic_partition("flows", "one")
    assert of_a_run.has_dynamic_partition("flows", "one")
    assert not instance.has_dynamic_partition("flows", "one")
    assert not of_a_run.has_dynamic_partition("flows", "two")


@dg.asset(pool="models")
def held_back(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    """An asset of a pool, which says how many slots of it are taken."""
    pool = context.instance.event_log_storage.get_concurrency_info("models")
    return dg.MaterializeResult(metadata={"taken": pool.active_slot_count})


def taken(result: dg.ExecuteInProcessResult) -> Any:
    (made,) = result.asset_materializations_for_node("held_back")
    return made.metadata["taken"].value


@pytest.mark.parametrize(("idle", "slots"), [(frozenset(), 1), (frozenset({"models"}), 0)])
def test_a_slot_is_taken_where_the_pool_holds_something_back(
    of_a_run: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch, idle: frozenset[str], slots: int
):
    of_a_run.event_log_storage.set_concurrency_slots("models", 1)
    monkeypatch.setattr(storage.Events, "idle_pools", idle)
    assert taken(dg.materialize([held_back], instance=of_a_run)) == slots
    assert taken(dg.materialize([held_back], instance=of_a_run)) == slots, "given back after the first time"
    assert of_a_run.event_log_storage.get_concurrency_info("models").active_slot_count == 0


def test_a_full_pool_is_waited_for_by_those_alone_that_it_holds_back(
    of_a_run: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
):
    of_a_run.event_log_storage.set_concurrency_slots("models", 1)
    assert of_a_run.event_log_storage.claim_concurrency_slot("models", "another run", "step").is_claimed
    assert not of_a_run.event_log_storage.claim_concurrency_slot("models", "this run", "step").is_claimed
    monkeypatch.setattr(storage.Events, "idle_pools", frozenset({"models"}))
    assert dg.materialize([held_back], instance=of_a_run).success


def test_a_run_whose_maker_dies_between_its_row_and_its_tags_is_not_there(
    instance: dg.DagsterInstance, of_a_run: dg.DagsterInstance
):
    runs: Any = of_a_run.run_storage
    run = dg.DagsterRun("made", tags={"flow": "servers"})

    def dies(_: Connection, __: Any, statement: str, *___: Any) -> None:
        if f"INTO {RunTagsTable.name}" in statement:
            raise KeyboardInterrupt

    engine = runs._engine
    event.listen(engine, "before_cursor_execute", dies)
    with pytest.raises(KeyboardInterrupt):
        runs.add_run(run)
    assert not instance.get_run_by_id(run.run_id)
    event.remove(engine, "before_cursor_execute", dies)
    runs.add_run(run)
    assert [each.run_id for each in instance.get_runs(dg.RunsFilter(tags={"flow": "servers"}))] == [run.run_id]
