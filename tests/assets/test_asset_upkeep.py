"""What schedules do: archived flows are forgotten, drift is found, the digest is made."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import psycopg
import pytest

from discovery_pipeline.assets import reasons, upkeep
from discovery_pipeline.assets.partitions import FLOWS
from discovery_pipeline.assets.sources import SOURCES, STAGE
from discovery_pipeline.flow.state import Flow, Phase
from discovery_pipeline.settings import Settings
from discovery_pipeline.store import sources
from discovery_pipeline.store.blocking import Store
from discovery_pipeline.store.files import exports
from discovery_pipeline.store.sources import DatabaseSource, Registration

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def execute(
    defs: dg.Definitions, job: str, instance: dg.DagsterInstance, partition: str | None = None
) -> dg.ExecuteInProcessResult:
    """Run a job as its schedule does."""
    return defs.resolve_job_def(job).execute_in_process(
        instance=instance, partition_key=partition, run_config=QUIET, raise_on_error=False
    )


def told(result: dg.ExecuteInProcessResult, asset: str) -> dict[str, object]:
    """An asset's metadata."""
    (made,) = result.asset_materializations_for_node(asset)
    return {name: value.value for name, value in made.metadata.items()}


def check(result: dg.ExecuteInProcessResult, name: str) -> dg.AssetCheckEvaluation:
    """The outcome of a check."""
    return next(e for e in result.get_asset_check_evaluations() if e.check_name == name)


class TestMaintenance:
    """By night."""

    @pytest.fixture
    def living(self, store: Store) -> Flow:
        """A flow that is still worked on."""
        return store.create_flow(store.default_tenant(), "living", "servicenow", "aws")

    @pytest.fixture
    def old(self, store: Store, flow: Flow, living: Flow, defs: dg.Definitions, instance: dg.DagsterInstance) -> Flow:
        """A flow that was completed long ago, with a partition and two runs; and a partition that is no flow."""
        instance.add_dynamic_partitions(FLOWS, [flow.slug, living.slug, "mistyped"])
        for _ in range(2):
            instance.create_run_for_job(defs.resolve_job_def("discover"), tags={"dagster/partition": flow.slug})
        store.start_phase(flow, Phase.DATA_IMPORT)
        store.fail_phase(flow, Phase.DATA_IMPORT)
        store.query(
            f"update discovery_flows set updated_at = now() - interval '40 days' where id = '{flow.id}' returning 1"
        )
        return flow

    def test_an_archived_flow_leaves_the_partitions_and_takes_its_runs_along(
        self,
        defs: dg.Definitions,
        instance: dg.DagsterInstance,
        store: Store,
        old: Flow,
        living: Flow,
        settings: Settings,
    ):
        result = execute(defs, "maintain", instance)
        assert result.success
        assert instance.get_dynamic_partitions(FLOWS) == [living.slug]
        assert instance.get_runs(dg.RunsFilter(tags={"dagster/partition": old.slug})) == []
        metadata = told(result, "maintenance")
        assert (metadata["stale_flows"], metadata["partitions_deleted"], metadata["runs_deleted"]) == (1, 2, 2)
        assert len(list((settings.root / "maintenance").iterdir())) == 1

    def test_what_a_killed_night_left_is_done_the_next_one(
        self, instance: dg.DagsterInstance, store: Store, old: Flow, living: Flow, monkeypatch: pytest.MonkeyPatch
    ):
        store.query(f"select archive_flows(array['{old.id}'::uuid], 'tester', 'old')")
        with monkeypatch.context() as dying, pytest.raises(OSError, match="killed"):
            dying.setattr(
                type(instance), "delete_dynamic_partition", lambda *_: (_ for _ in ()).throw(OSError("killed"))
            )
            upkeep.forget_gone(instance, store)
        assert old.slug in instance.get_dynamic_partitions(FLOWS)
        assert upkeep.forget_gone(instance, store) == (2, 0)
        assert instance.get_dynamic_partitions(FLOWS) == [living.slug]


def registration(source: DatabaseSource) -> Registration:
    """What somebody said of the database."""
    return Registration(**{field.name: getattr(source, field.name) for field in fields(Registration)})


class TestSources:
    """A registered database that changes between two profiles."""

    @pytest.fixture
    def address(self, settings: Settings) -> str:
        """Of a database with one table."""
        said = str(settings.database_url and settings.database_url.get_secret_value())
        with psycopg.connect(said, autocommit=True) as session:
            session.execute("create schema cmdb")
            session.execute("create table cmdb.servers (name text, ram_gb int, os text)")
            session.execute(
                "insert into cmdb.servers select 'web' || i, 8 + i % 5, 'Ubuntu' from generate_series(1, 500) i"
            )
        return said

    @pytest.fixture
    def source(self, address: str, store: Store, monkeypatch: pytest.MonkeyPatch, instance: dg.DagsterInstance):
        """The database, registered."""
        monkeypatch.setenv("CMDB_URL", address)
        said = Registration(
            name="CMDB", source_system="servicenow", target_system="aws", url_reference="env:CMDB_URL",
            tables=("cmdb.servers",),
        )  # fmt: skip
        made = store.wait_for(sources.add(store.flows, store.default_tenant(), said))
        instance.add_dynamic_partitions(SOURCES, [made.slug])
        return made

    def test_drift_is_found_and_named_by_rule(
        self, defs: dg.Definitions, instance: dg.DagsterInstance, source: DatabaseSource, address: str
    ):
        first = execute(defs, "watch_sources", instance, source.slug)
        assert first.success
        assert told(first, "source_profile")["compared"] is False
        same = execute(defs, "watch_sources", instance, source.slug)
        assert told(same, "source_profile")["changes"] == 0
        assert check(same, "no_drift").passed
        with psycopg.connect(address, autocommit=True) as session:
            session.execute("update cmdb.servers set ram_gb = ram_gb * 16")
            session.execute("alter table cmdb.servers drop column os")
        drifted = execute(defs, "watch_sources", instance, source.slug)
        assert drifted.success
        found = check(drifted, "no_drift")
        assert not found.passed
        assert found.severity is dg.AssetCheckSeverity.WARN
        rules = {row.data["rule"] for row in found.metadata["cases"].records}
        assert {"drift.column_removed", "drift.distribution"} <= rules

    def test_no_secret_and_no_value_reaches_dagster(
        self, defs: dg.Definitions, instance: dg.DagsterInstance, source: DatabaseSource, address: str
    ):
        result = execute(defs, "watch_sources", instance, source.slug)
        events = "".join(str(event) for event in result.all_events)
        assert address not in events
        assert "web17" not in events

    def test_a_database_that_is_away_is_said_and_not_tried_for_long(
        self,
        defs: dg.Definitions,
        instance: dg.DagsterInstance,
        source: DatabaseSource,
        monkeypatch: pytest.MonkeyPatch,
    ):
        monkeypatch.setenv("CMDB_URL", "postgresql://me:word@127.0.0.1:1/db")
        result = execute(defs, "watch_sources", instance, source.slug)
        assert not result.success
        assert "word@" not in "".join(str(event) for event in result.all_events)

    def test_a_table_that_is_gone_is_drift_and_the_others_are_profiled(
        self, defs: dg.Definitions, instance: dg.DagsterInstance, source: DatabaseSource, store: Store, address: str
    ):
        said = replace(registration(source), tables=("cmdb.servers", "cmdb.disks"))
        store.wait_for(sources.add(store.flows, store.default_tenant(), said))
        with psycopg.connect(address, autocommit=True) as session:
            session.execute("create table cmdb.disks as select name, ram_gb as size_gb from cmdb.servers")
            assert execute(defs, "watch_sources", instance, source.slug).success
            session.execute("drop table cmdb.disks")
        for _ in range(2):  # until it isn't registered any more
            result = execute(defs, "watch_sources", instance, source.slug)
            assert result.success, reasons.of_steps(result.all_events)
            (case,) = check(result, "no_drift").metadata["cases"].records
            assert (case.data["table"], case.data["rule"]) == ("disks", "drift.table_removed")
            assert told(result, "source_profile")["tables"] == 1

    @pytest.mark.parametrize("registered", [("cmdb.servers",), ()])
    def test_a_database_whose_tables_are_all_gone_says_so_and_keeps_its_last_profile(
        self,
        defs: dg.Definitions,
        instance: dg.DagsterInstance,
        source: DatabaseSource,
        store: Store,
        address: str,
        monkeypatch: pytest.MonkeyPatch,
        registered: tuple[str, ...],
    ):
        store.wait_for(
            sources.add(store.flows, store.default_tenant(), replace(registration(source), tables=registered))
        )
        assert execute(defs, "watch_sources", instance, source.slug).success
        kept = store.artifacts.digest(source, STAGE)
        monkeypatch.setattr(exports, "TABLES", exports.TABLES.replace("order by", "and table_schema = 'cmdb' order by"))
        with psycopg.connect(address, autocommit=True) as session:
            session.execute("drop table cmdb.servers")
        result = execute(defs, "watch_sources", instance, source.slug)
        assert not result.success
        said = reasons.of_steps(result.all_events)
        assert said
        assert "Source 'CMDB' has none of its tables any more" in said
        assert "Traceback" not in said
        assert store.artifacts.digest(source, STAGE) == kept

    def test_a_secret_that_is_gone_is_named(
        self,
        defs: dg.Definitions,
        instance: dg.DagsterInstance,
        source: DatabaseSource,
        monkeypatch: pytest.MonkeyPatch,
    ):
        monkeypatch.delenv("CMDB_URL")
        said = reasons.of_steps(execute(defs, "watch_sources", instance, source.slug).all_events)
        assert said
        assert "env:CMDB_URL: there is no such secret" in said

    def test_the_schedule_asks_for_a_run_a_database(
        self, defs: dg.Definitions, instance: dg.DagsterInstance, source: DatabaseSource
    ):
        schedule = defs.resolve_schedule_def("sources_schedule")
        at = datetime(2027, 1, 4, 2, tzinfo=UTC)
        with dg.build_schedule_context(
            instance=instance,
            scheduled_execution_time=at,
            repository_def=defs.get_repository_def(),
            resources={"desk": (defs.resources or {})["desk"]},
        ) as context:
            requests = schedule.evaluate_tick(context).run_requests
        assert requests
        assert [(r.partition_key, r.run_key) for r in requests] == [(source.slug, f"20270104T0200:{source.slug}")]
        assert requests[0].tags["discovery/engagement"] == f"{source.client_account_id}.{source.engagement_id}"


def test_the_digest_counts_what_waits(
    defs: dg.Definitions, instance: dg.DagsterInstance, store: Store, flow: Flow, tmp_path: Path
):
    store.start_phase(flow, Phase.DATA_IMPORT)
    store.complete_phase(flow, Phase.DATA_IMPORT)
    result = execute(defs, "tell_digest", instance)
    assert result.success
    metadata = told(result, "quality_digest")
    assert metadata["flows_waiting_for_review"] == 1
    assert "1 waiting for review" in str(metadata["digest"])


@pytest.mark.parametrize(("days", "passed"), [(6, True), (8, False)])
def test_a_review_that_is_forgotten_is_warned_of(
    days: int, passed: bool, defs: dg.Definitions, instance: dg.DagsterInstance, store: Store, flow: Flow
):
    store.start_phase(flow, Phase.DATA_IMPORT)
    store.complete_phase(flow, Phase.DATA_IMPORT)
    waiting = (
        "update flow_phases set started_at = now() - make_interval(days => {}) where status = 'waiting_for_review'"
    )
    store.query(f"{waiting.format(days)} returning 1")
    (check,) = execute(defs, "tell_digest", instance).get_asset_check_evaluations()
    assert check.passed is passed
    assert f"{days} days" in str(check.description)
