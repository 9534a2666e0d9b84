"""Budget: what the agents of one flow may still use: tokens, money, seconds."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from discovery_pipeline.agents.models.choice import Choice
from discovery_pipeline.errors import AgentBudgetExceeded
from discovery_pipeline.settings import AgentSettings


@dataclass(slots=True)
class Budget:
    """Limits and what is spent. `clock` gives seconds."""

    tokens: int
    cost: float | None
    seconds: float
    spent_tokens: int = 0
    spent_cost: float = 0.0
    clock: Callable[[], float] = time.monotonic
    _since: float = field(init=False)

    def __post_init__(self) -> None:
        self._since = self.clock()

    @classmethod
    def of(cls, settings: AgentSettings, spent_tokens: int = 0, spent_cost: float = 0.0) -> Budget:
        """The settings' budget, less what the flow has spent before."""
        limits = (settings.budget_tokens, settings.budget_cost, settings.budget_seconds)
        return cls(*limits, spent_tokens=spent_tokens, spent_cost=spent_cost)

    @property
    def seconds_left(self) -> float:
        """Until the agent has to be done; negative when it should have been."""
        return self.seconds - (self.clock() - self._since)

    def allow(self, estimate: int) -> None:
        """Let a request of about so many tokens go.

        Raises
        ------
        AgentBudgetExceeded
            It would use more than is left.
        """
        if self.seconds_left <= 0:
            raise AgentBudgetExceeded(f"The agent has used its {self.seconds:g} seconds.")
        if self.spent_tokens + estimate > self.tokens:
            raise AgentBudgetExceeded(f"The flow has used its {self.tokens:,} tokens for agents.")
        if self.cost is not None and self.spent_cost >= self.cost:
            raise AgentBudgetExceeded("The flow has used its money for agents.")

    def spend(self, choice: Choice, prompt: int, completion: int) -> float:
        """Count what a request used; what it cost."""
        cost = choice.cost(prompt, completion)
        self.spent_tokens += prompt + completion
        self.spent_cost += cost
        return cost
