"""Which model each agent asks: what can be said in settings, and what is refused with a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from discovery_pipeline.agents.models.budget import Budget
from discovery_pipeline.agents.models.choice import choice, chosen
from discovery_pipeline.agents.running import asks_any
from discovery_pipeline.errors import AgentBudgetExceeded, SettingsError
from discovery_pipeline.settings import AgentSettings, Settings

PAGE = Path(__file__).resolve().parents[2] / "docs" / "settings.md"


def test_every_setting_of_agents_is_documented():
    page = PAGE.read_text()
    assert [name for name in AgentSettings.model_fields if f"`DISCOVERY_AGENTS_{name.upper()}`" not in page] == []


def test_settings_are_read_from_the_environment_and_from_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "discovery.toml").write_text('[agents]\nmodel = "ollama/m"\n[agents.models]\nrisk_agent = "expert"\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DISCOVERY_AGENTS_API_KEY", "sk-secret")
    read = Settings().agents
    assert (read.model, read.models) == ("ollama/m", {"risk_agent": "expert"})
    assert "sk-secret" not in repr(Settings())


def test_without_a_word_no_agent_has_a_model():
    assert set(chosen(AgentSettings()).values()) == {None}


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ({}, False),
        ({"model": "openai/m", "api_key": "k"}, True),
        ({"models": {"risk_agent": "ollama/m"}}, True),
        ({"model": "openai/m", "api_key": "k", "engine": "expert"}, False),
        ({"model": "nobody/m"}, True),
    ],
)
def test_a_model_is_asked_where_one_agent_has_one_or_it_can_not_be_told(given: dict, asked: bool):
    assert asks_any(AgentSettings.model_validate(given)) is asked


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"model": "gpt-5"}, "say expert, or one of openai/"),
        ({"model": "nobody/m"}, "say expert, or one of openai/"),
        ({"model": "openai/"}, "say expert, or one of openai/"),
        ({"model": "compatible/m"}, "DISCOVERY_AGENTS_BASE_URL for compatible"),
        ({"model": "vllm/m", "base_url": "file:///etc/passwd"}, "http or https"),
        ({"model": "openai/m", "budget_cost": 1.0}, "needs the price of openai/m"),
        ({"models": {"nobody": "openai/m"}}, "There is no agent 'nobody'"),
    ],
)
def test_what_can_not_be_is_a_sentence(given: dict, said: str):
    with pytest.raises(SettingsError) as refused:
        chosen(AgentSettings.model_validate(given))
    assert said in str(refused.value)


def test_an_address_and_a_key_belong_to_the_vendor_of_the_model():
    settings = AgentSettings(
        model="vllm/a", models={"risk_agent": "openai/b"}, base_url="http://gpu:8000/v1/", api_key="sk-secret"
    )
    main, other = choice("data_quality_agent", settings), choice("risk_agent", settings)
    assert main is not None
    assert other is not None
    assert (main.address, main.key) == ("http://gpu:8000/v1", "sk-secret")
    assert (other.address, other.key) == ("https://api.openai.com/v1", "")
    assert "sk-secret" not in repr(main)


def test_a_budget_counts_what_was_spent_before_and_what_is_spent_now():
    model = choice("risk_agent", AgentSettings(model="ollama/m", prices={"ollama/m": (2.0, 4.0)}))
    assert model is not None
    budget = Budget(tokens=1000, cost=1.0, seconds=10, spent_tokens=300, clock=lambda: 0.0)
    budget.allow(700)
    assert budget.spend(model, 500_000, 0) == pytest.approx(1.0)
    with pytest.raises(AgentBudgetExceeded):
        budget.allow(1)


def test_a_budget_of_time_runs_out():
    now = [0.0]
    budget = Budget(tokens=10, cost=None, seconds=5, clock=lambda: now[0])
    budget.allow(1)
    now[0] = 6.0
    with pytest.raises(AgentBudgetExceeded, match="5 seconds"):
        budget.allow(1)
