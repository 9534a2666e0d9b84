"""Choice: which model each agent asks, where it is, and what it costs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from discovery_pipeline.agents.tasks import AGENTS
from discovery_pipeline.errors import SettingsError
from discovery_pipeline.settings import AgentSettings

EXPERT = "expert"
Protocol = Literal["openai", "anthropic"]

_ADDRESSES: dict[str, str | None] = {
    "openai": "https://api.openai.com/v1",
    "anthropic": "https://api.anthropic.com/v1",
    "ollama": "http://127.0.0.1:11434/v1",
    "vllm": "http://127.0.0.1:8000/v1",
    "compatible": None,
}
"""Vendors and where they are, unless told otherwise. All but one speak OpenAI's protocol."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One model at one address."""

    vendor: str
    name: str
    address: str
    key: str = field(default="", repr=False)
    price: tuple[float, float] | None = None  # of a million tokens, in and out

    @property
    def title(self) -> str:
        """As it stands in settings: vendor/name."""
        return f"{self.vendor}/{self.name}"

    @property
    def protocol(self) -> Protocol:
        """What it speaks."""
        return "anthropic" if self.vendor == "anthropic" else "openai"

    def cost(self, prompt: int, completion: int) -> float:
        """What so many tokens cost; nothing where no price is known."""
        into, out = self.price or (0.0, 0.0)
        return (prompt * into + completion * out) / 1_000_000


def choice(agent: str, settings: AgentSettings) -> Choice | None:
    """The model of an agent; None where the playbook answers.

    Raises
    ------
    SettingsError
        The vendor is unknown, its address is missing, or a budget of money has no price to go by.
    """
    title = settings.models.get(agent, settings.model)
    if title == EXPERT:
        return None
    vendor, _, name = title.partition("/")
    if vendor not in _ADDRESSES or not name:
        known = ", ".join(f"{v}/…" for v in _ADDRESSES)
        raise SettingsError(f"The agents' model {title!r} is none: say expert, or one of {known}.")
    address = _address(vendor, settings)
    price = settings.prices.get(title)
    if settings.budget_cost is not None and price is None:
        raise SettingsError(f"A budget of money needs the price of {title}: add it to DISCOVERY_AGENTS_PRICES.")
    return Choice(vendor, name, address, _key(vendor, settings), price)


def chosen(settings: AgentSettings) -> dict[str, Choice | None]:
    """The model of each agent. Raises SettingsError where a name in the settings is no agent's, too."""
    strange = sorted(set(settings.models) - set(AGENTS))
    if strange:
        raise SettingsError(f"There is no agent {strange[0]!r}; there are {', '.join(AGENTS)}.")
    return {agent: choice(agent, settings) for agent in AGENTS}


def _address(vendor: str, settings: AgentSettings) -> str:
    own = settings.base_url if vendor == settings.model.partition("/")[0] else None
    address = settings.base_urls.get(vendor) or own or _ADDRESSES[vendor]
    if address is None or urlsplit(address).scheme not in ("http", "https"):
        raise SettingsError(f"Where is the agents' model? Set DISCOVERY_AGENTS_BASE_URL for {vendor} (http or https).")
    return address.rstrip("/")


def _key(vendor: str, settings: AgentSettings) -> str:
    """The vendor's key. The key of one vendor is never sent to another."""
    own = settings.api_key if vendor == settings.model.partition("/")[0] else None
    key = settings.api_keys.get(vendor) or own
    return key.get_secret_value() if key else ""
