"""`discovery member` and `discovery engagement`: who is let in, what that opens, and what is written down of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from discovery_pipeline.cli.app import app
from discovery_pipeline.settings import Settings
from discovery_pipeline.store.blocking import Store
from discovery_pipeline.store.people.access import Access

ANA = "ana@example.org"


@pytest.fixture(autouse=True)
def outside(settings: Settings, monkeypatch: pytest.MonkeyPatch, store: Store) -> None:
    """The environment an operator sets."""
    assert settings.database_url is not None
    monkeypatch.setenv("DISCOVERY_HOME", str(settings.home))
    monkeypatch.setenv("DISCOVERY_DATABASE_URL", settings.database_url.get_secret_value())
    monkeypatch.setenv("COLUMNS", "200")


def call(*said: str) -> Result:
    return CliRunner().invoke(app, said)


def told(*said: str) -> Any:
    result = call(*said, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def opens(store: Store, login: str) -> list[tuple[int, str]]:
    """Which engagements a login that an issuer vouches for opens, and in which role."""
    found = store.wait_for(Access(store.flows.sessions).members_of_login(login))
    return sorted((one.tenant.engagement_id, one.role) for one in found)


def test_a_member_is_let_in_given_another_role_and_taken_out(store: Store):
    made = told("member", "add", ANA, "--role", "viewer")
    here = made["engagement_id"]
    assert (made["role"], made["login_url"], opens(store, ANA)) == ("viewer", None, [(here, "viewer")])
    told("member", "add", ANA, "--role", "admin")
    assert opens(store, ANA) == [(here, "admin")]
    assert call("member", "remove", ANA).exit_code == 0
    assert opens(store, ANA) == []
    assert call("member", "remove", ANA).exit_code == 1


def test_every_change_is_written_down_once():
    before = len(told("member", "history"))
    for role in ("viewer", "viewer", "reviewer"):
        call("member", "add", ANA, "--role", role)
    call("member", "remove", ANA)
    changes = told("member", "history")[before:]
    assert [(one["former_role"], one["role"]) for one in changes] == [
        (None, "viewer"), ("viewer", "reviewer"), ("reviewer", None),
    ]  # fmt: skip
    assert {(one["login"], one["changed_by"]) for one in changes} == {(ANA, "operator")}
    assert "reviewer → –" in call("member", "history").stdout


def test_what_is_written_down_of_members_stays(store: Store):
    told("member", "add", ANA)
    for statement in ("update membership_changes set role = 'admin'", "delete from membership_changes"):
        assert "append-only" in str(call("db", "query", statement).exception)


def test_an_engagement_is_made_once_and_members_belong_to_it_alone(store: Store):
    made = told("engagement", "add", "Müller & Söhne", "Move 2027")
    assert told("engagement", "add", "Müller & Söhne", "Move 2027") == made
    numbers = ("--account", str(made["client_account_id"]), "--engagement", str(made["engagement_id"]))
    told("member", "add", ANA, *numbers)
    assert opens(store, ANA) == [(made["engagement_id"], "reviewer")]
    assert call("member", "remove", ANA).exit_code == 1  # of the default engagement
    listed = told("engagement", "list")
    assert {**made, "client_account": "Müller & Söhne", "engagement": "Move 2027"} in listed
    assert [one["engagement"] for one in told("member", "list") if one["login"] == ANA] == ["Move 2027"]
    assert ANA in call("member", "list").stdout
    assert "Move 2027" in call("engagement", "list").stdout


def test_a_token_is_worth_nothing_where_its_user_was_taken_out(store: Store):
    made = told("token", "create")
    login = next(each["login"] for each in told("token", "list"))
    assert store.wait_for(store.flows.authenticate(made["token"]))
    call("member", "remove", login)
    assert store.wait_for(store.flows.authenticate(made["token"])) == ()


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (("member", "add", ANA, "--account", "99"), "There is no engagement"),
        (("member", "add", ANA, "--engagement", "1"), "--engagement needs --account"),
        (("member", "add", ""), "LOGIN"),
        (("member", "add", "a\nb"), "LOGIN"),
        (("member", "remove", "orchestrator"), "Runs act as orchestrator"),
        (("engagement", "add", " ", "x"), "a name is a line"),
    ],
)
def test_what_cannot_be_is_said(said: tuple[str, ...], why: str):
    result = call(*said)
    assert result.exit_code != 0
    assert why in f"{result.output}{result.exception}"
