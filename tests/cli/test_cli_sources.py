"""`discovery sources`: registered, listed, forgotten."""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from discovery_pipeline.cli.app import app
from discovery_pipeline.errors import SettingsError
from discovery_pipeline.settings import Settings
from discovery_pipeline.store.blocking import Store


@pytest.fixture
def said(settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch):
    """Run a command on the test's home."""
    assert settings.database_url is not None
    monkeypatch.setenv("DISCOVERY_HOME", str(settings.home))
    monkeypatch.setenv("DISCOVERY_DATABASE_URL", settings.database_url.get_secret_value())

    def run(*words: str, code: int = 0) -> str:
        result = CliRunner().invoke(app, ["sources", *words])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == code, result.output
        return result.output

    return run


def test_a_database_is_registered_listed_and_forgotten(said: Any):
    assert "No database" in said("list")
    said("add", "CMDB", "--url", "env:CMDB_URL", "--table", "cmdb.servers")
    (known,) = json.loads(said("list", "--json"))
    assert (known["name"], known["url"], known["tables"]) == ("CMDB", "env:CMDB_URL", ["cmdb.servers"])
    assert "env:CMDB_URL" in said("list")
    assert "forgotten" in said("remove", "CMDB")
    assert "no database" in said("remove", "CMDB", code=1)


def test_an_address_is_refused_where_a_reference_belongs(said: Any):
    with pytest.raises(SettingsError, match="no reference"):
        said("add", "CMDB", "--url", "postgresql://me:word@host/db")
