"""`discovery db`, `token` and `flows`, as a script calls them."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from discovery_pipeline.cli.app import app
from discovery_pipeline.errors import ServerError
from discovery_pipeline.flow.state import Flow, Phase
from discovery_pipeline.settings import Settings
from discovery_pipeline.store.blocking import Store


@pytest.fixture(autouse=True)
def outside(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment a script sets."""
    assert settings.database_url is not None
    monkeypatch.setenv("DISCOVERY_HOME", str(settings.home))
    monkeypatch.setenv("DISCOVERY_DATABASE_URL", settings.database_url.get_secret_value())
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture
def flow(store: Store) -> Flow:
    return store.create_flow(store.default_tenant().acting("ana"), "Q3 estate", "servicenow", "aws")


def call(*arguments: str, answering: str = "") -> Result:
    return CliRunner().invoke(app, arguments, input=answering)


def told(*arguments: str) -> Any:
    return json.loads(call(*arguments, "--json").stdout)


def test_one_column_is_a_flat_list_and_more_are_objects(flow: Flow):
    assert told("db", "query", "select slug from discovery_flows") == [flow.slug]
    assert told("db", "query", "select slug, version from discovery_flows") == [{"slug": flow.slug, "version": 1}]
    assert told("db", "query", "select id, created_at, flow_metadata from discovery_flows") == [
        {"id": str(flow.id), "created_at": flow.created_at.isoformat(), "flow_metadata": {}}
    ]


def test_the_app_sees_nothing_until_it_is_told_for_whom(flow: Flow):
    asked = ("db", "query", "select slug from discovery_flows", "--role", "app")
    assert told(*asked) == []
    assert told(*asked, "--account", str(flow.client_account_id), "--engagement", str(flow.engagement_id)) == [
        flow.slug
    ]
    assert call(*asked, "--account", "1").exit_code == 2


def test_a_percent_sign_is_only_a_percent_sign(flow: Flow):
    assert told("db", "query", "select slug from discovery_flows where slug like 'q3%'") == [flow.slug]


def test_a_statement_without_rows_says_what_it_did(flow: Flow):
    assert call("db", "query", "update discovery_flows set name = 'Q4'").stdout == "UPDATE 1\n"
    assert told("db", "query", "update discovery_flows set name = 'Q5'") == []
    assert told("db", "query", "select name from discovery_flows") == ["Q5"]


def test_a_table_shows_nulls_as_nothing_and_markup_as_text(flow: Flow):
    assert "[red]" in call("db", "query", "select null as nothing, '[red]' as word").stdout


def test_a_wrong_statement_is_refused_in_postgresqls_words():
    refused = call("db", "query", "selec 1")
    assert refused.exit_code == 1
    assert "syntax error" in str(refused.exception)


@pytest.mark.usefixtures("dagster_database")
def test_dagsters_database_is_there_for_the_owner():
    assert told("db", "query", "select 1 as one", "--database", "dagster") == [1]


@pytest.mark.usefixtures("dagster_database")
def test_upgrade_says_where_the_database_stands():
    assert "stands at revision" in call("db", "upgrade").stdout


@pytest.mark.usefixtures("dagster_database")
def test_a_database_of_dagsters_that_is_gone_is_said_to_be_and_made_again(settings: Settings):
    import psycopg

    from discovery_pipeline.assets import instance
    from discovery_pipeline.store.postgres.connection import connected
    from discovery_pipeline.store.postgres.databases import Role

    with connected(settings) as databases:
        url = databases.text(Role.ORCHESTRATOR, "dagster", driver="psycopg2")
        with psycopg.connect(databases.dsn(), autocommit=True) as operator:
            operator.execute(f'drop database "{databases.dagster}" with (force)'.encode())
        with pytest.raises(ServerError, match="discovery db upgrade"):
            instance.make_tables(url)
        assert "stands at revision" in call("db", "upgrade").stdout
        instance.make_tables(url)


@pytest.mark.usefixtures("dagster_database")
def test_several_that_begin_on_a_new_database_at_once_all_find_dagsters_tables(settings: Settings):
    from discovery_pipeline.assets import instance
    from discovery_pipeline.store.postgres.connection import connected
    from discovery_pipeline.store.postgres.databases import Role

    together = Barrier(3)
    with connected(settings) as databases, ThreadPoolExecutor(3) as several:
        url = databases.text(Role.ORCHESTRATOR, "dagster", driver="psycopg2")

        def begin(_: int) -> Path:
            together.wait(60)
            return instance.prepare(url, settings.root)

        assert set(several.map(begin, range(3))) == {settings.root / "dagster"}
    assert [file.name for file in (settings.root / "dagster").iterdir() if file.suffix == ".part"] == []


def test_models_have_their_pool_before_a_run_comes_to_it_and_whoever_chooses_its_limit_keeps_it(settings: Settings):
    from discovery_pipeline.assets import instance
    from discovery_pipeline.store.postgres.connection import connected
    from discovery_pipeline.store.postgres.databases import Role

    call("db", "upgrade")
    with connected(settings) as databases:
        url = databases.text(Role.ORCHESTRATOR, "dagster", driver="psycopg2")
        with instance.opened(url, settings.root) as dagster:
            pools = dagster.event_log_storage
            assert [(pool.name, pool.limit) for pool in pools.get_pool_limits()] == [("llm", instance.MOST_ASKING)]
            pools.set_concurrency_slots("llm", 9)
            instance.make_tables(url)
            assert [(pool.name, pool.limit) for pool in pools.get_pool_limits()] == [("llm", 9)]


def test_maintenance_reports_and_a_dry_run_moves_nothing(flow: Flow):
    told("db", "query", "update discovery_flows set status = 'failed', updated_at = now() - interval '31 days'")
    would = told("db", "maintain", "--dry-run")["stale_flows"]
    assert would == [{"slug": flow.slug, "id": str(flow.id)}]
    assert "1 to be moved" in call("db", "maintain", "--dry-run").stdout
    assert told("flows", "list")[0]["id"] == str(flow.id)
    assert told("db", "maintain")["stale_flows"] == would
    assert told("flows", "list") == []


def test_an_operator_archives_a_flow_that_has_ended(flow: Flow):
    refused = call("flows", "archive", flow.slug, "--yes")
    assert (refused.exit_code, "Cancel it first" in str(refused.exception)) == (1, True)
    told("db", "query", "update discovery_flows set status = 'failed'")
    archived = call("flows", "archive", flow.slug, "--reason", "begun by mistake", "--yes")
    assert archived.stdout == f"{flow.slug} is archived.\n"
    assert told("flows", "list") == []
    assert "begun by mistake" in call("flows", "show", flow.slug).stdout


def test_who_archives_is_asked_first_and_told_that_there_is_no_way_back(flow: Flow):
    told("db", "query", "update discovery_flows set status = 'failed'")
    for answer in ("n\n", ""):  # nobody answers where a script calls
        asked = call("flows", "archive", flow.slug, answering=answer)
        assert asked.exit_code == 1
        assert f"{flow.name} ({flow.slug}): failed" in asked.stdout
        assert "can't be brought back" in asked.stdout
        assert [each["id"] for each in told("flows", "list")] == [str(flow.id)]
    assert f"{flow.slug} is archived." in call("flows", "archive", flow.slug, answering="y\n").stdout
    assert told("flows", "list") == []


def test_with_a_wrong_name_among_them_no_flow_is_archived(flow: Flow):
    told("db", "query", "update discovery_flows set status = 'failed'")
    assert call("flows", "archive", flow.slug, "no-such-flow", "--yes").exit_code == 1
    assert [each["id"] for each in told("flows", "list")] == [str(flow.id)]


def test_a_token_opens_its_engagement():
    made = told("token", "create")
    assert set(made) == {"token", "client_account_id", "engagement_id", "login_url"}
    assert made["login_url"] is None
    assert made["token"] not in told("db", "query", "select api_tokens::text from api_tokens")[0]
    assert call("token", "revoke", made["token"]).exit_code == 0
    assert call("token", "revoke", made["token"]).exit_code == 1


def test_tokens_are_listed_and_revoked_by_login_without_the_token():
    made, _ = told("token", "create", "--role", "viewer", "--days", "9"), told("token", "create")
    assert made["token"] not in call("token", "list").stdout
    newest, oldest = told("token", "list")
    assert (oldest["role"], oldest["state"], newest["expires_at"]) == ("viewer", "in force", None)
    assert call("token", "revoke", oldest["login"]).exit_code == 0
    assert [each["state"] for each in told("token", "list")] == ["in force", "revoked"]
    assert call("token", "revoke", oldest["login"]).exit_code == 1
    assert call("token", "revoke", "operator").exit_code == 1


def test_a_token_for_an_engagement_that_is_not_there_is_refused():
    refused = call("token", "create", "--account", "99", "--engagement", "7", "--json")
    assert refused.exit_code == 1
    assert "no engagement 7 of account 99" in str(refused.exception)


def test_flows_are_listed_newest_first(store: Store, flow: Flow):
    younger = store.create_flow(store.default_tenant(), "Q4", "csv", "azure")
    assert [each["slug"] for each in told("flows", "list")] == [younger.slug, flow.slug]
    first = told("flows", "list", "--status", "active")[1]
    assert (first["id"], first["name"], first["created_by"]) == (str(flow.id), "Q3 estate", "ana")
    assert (first["status"], first["current_phase"]) == ("active", "data_import")
    assert flow.slug in call("flows", "list").stdout
    assert call("flows", "list", "--status", "lost").exit_code == 2


@pytest.mark.parametrize("columns", [60, 80, 160])
def test_a_list_tells_each_flows_status_in_a_terminal_of_any_width(
    flow: Flow, columns: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("COLUMNS", str(columns))
    shown = call("flows", "list").stdout
    assert flow.slug in shown
    assert "active" in shown
    assert max(map(len, shown.splitlines())) <= columns
    assert ("Q3 estate" in shown) == (columns == 160)


def test_a_flow_is_shown_by_slug_and_by_id(flow: Flow):
    for name in (flow.slug, str(flow.id)):
        assert told("flows", "show", name)["phases"]["initialization"]["status"] == "completed"
    assert "data_import" in call("flows", "show", flow.slug).stdout
    assert "There is no flow" in str(call("flows", "show", "q9").exception)


def test_flows_are_found_by_words_of_their_names(store: Store, flow: Flow):
    store.create_flow(store.default_tenant(), "Another", "csv", "azure")
    assert [each["id"] for each in told("flows", "list", "--search", "est q3")] == [str(flow.id)]
    assert "No flow is like that" in call("flows", "list", "--search", "nothing").stdout


def test_an_archived_flow_is_shown_with_who_archived_it_and_why(store: Store, flow: Flow):
    store.query(f"select archive_flows(array['{flow.id}']::uuid[], 'ops', 'its engagement ended')")
    for name in (flow.slug, str(flow.id)):
        assert "by ops: its engagement ended" in call("flows", "show", name).stdout
    shown = told("flows", "show", flow.slug)
    assert (shown["id"], shown["name"], shown["archived_by"]) == (str(flow.id), "Q3 estate", "ops")
    events = [
        json.loads(line)["event_type"] for line in call("flows", "events", flow.slug, "--json").stdout.splitlines()
    ]
    assert events == ["flow.created", "flow.phase.completed", "flow.state.updated", "flow.archived"]
    assert "There is no flow" in str(call("flows", "events", "q9").exception)


def test_events_of_a_flow_are_told_in_order(store: Store, flow: Flow):
    store.start_phase(flow, Phase.DATA_IMPORT, by="ben")
    lines = call("flows", "events", flow.slug).stdout.splitlines()
    assert [line.split()[2] for line in lines] == [
        "flow.created", "flow.phase.completed", "flow.state.updated", "flow.phase.started", "flow.state.updated",
    ]  # fmt: skip
    assert lines[3].split()[3:] == ["ben", '{"phase":', '"data_import"}']
    told_whole = [json.loads(line) for line in call("flows", "events", flow.slug, "--json").stdout.splitlines()]
    assert told_whole[-1]["event_data"]["new_state"]["current_phase"] == "data_import"


def test_events_are_followed_until_somebody_ends_it(store: Store, flow: Flow):
    command = [sys.executable, "-c", "from discovery_pipeline.cli.app import program; program()"]
    with subprocess.Popen(
        [*command, "flows", "events", flow.slug, "--follow"], stdout=subprocess.PIPE, text=True
    ) as following:
        try:
            assert following.stdout is not None
            seen = [following.stdout.readline().split()[2] for _ in range(3)]
            store.cancel(flow, "no budget", by="ana")
            assert following.stdout.readline().split()[2:4] == ["flow.cancelled", "ana"]
        finally:
            following.send_signal(signal.SIGINT)
    assert seen[0] == "flow.created"
    assert following.returncode == 130


def test_recover_settles_dead_runs_and_names_and_mends_what_is_broken(store: Store, flow: Flow):
    store.start_phase(flow, Phase.DATA_IMPORT)
    assert told("flows", "recover") == [{"flow_id": str(flow.id), "slug": flow.slug, "broken": []}]
    assert told("flows", "show", flow.slug)["status"] == "failed"
    told("db", "query", "update discovery_flows set current_phase = 'validation'")
    broken = call("flows", "recover", flow.slug, "--json")
    assert broken.exit_code == 1
    assert any("events_match_row" in rule for rule in json.loads(broken.stdout)[0]["broken"])
    assert call("flows", "recover", flow.slug, "--repair").exit_code == 0
    assert call("flows", "recover").stdout.endswith("1 flow checked, 0 broken.\n")


def test_recover_checks_an_archived_flow_by_its_name(store: Store, flow: Flow):
    store.query(f"select archive_flows(array['{flow.id}']::uuid[], 'ops', 'over')")
    assert told("flows", "recover", flow.slug) == [{"flow_id": str(flow.id), "slug": flow.slug, "broken": []}]
    assert told("flows", "recover") == []
