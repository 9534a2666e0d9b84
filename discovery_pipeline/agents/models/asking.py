"""Asking a model: through the gate, within the budget, on the record."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from discovery_pipeline.agents.models import exchange, protocols
from discovery_pipeline.agents.models.budget import Budget
from discovery_pipeline.agents.models.choice import Choice
from discovery_pipeline.agents.models.gate import Gate, Message
from discovery_pipeline.agents.models.protocols import LONGEST, Reply
from discovery_pipeline.errors import AgentAnswerInvalid, AgentBudgetExceeded, AgentUnavailable, EgressRefused
from discovery_pipeline.settings import AgentSettings

Outcome = Literal["sent", "answered", "unavailable", "invalid", "refused", "over_budget", "withheld"]
_BYTES_A_TOKEN = 3  # of JSON, at the least


class Audit(Protocol):
    """Keeps a row before each request is sent, and one that says what came of it."""

    def record(self, entry: dict[str, Any]) -> None:
        """Write a row: agent, model, sha256 and byte_size of the request, its outcome, and what it used."""
        ...


@dataclass(slots=True)
class Line:
    """The line to one agent's model."""

    agent: str
    choice: Choice
    gate: Gate
    budget: Budget
    audit: Audit
    settings: AgentSettings
    requests: int = 0
    tokens: tuple[int, int] = (0, 0)  # in, out
    cost: float = 0.0

    def ask(self, messages: Sequence[Message], functions: Sequence[Mapping[str, Any]], *, last: bool = False) -> Reply:
        """The model's next turn; in the `last` one it may call no function.

        Raises
        ------
        AgentError
            It was not asked, did not answer, or answered nonsense; each ends in a row of the audit.
        """
        request = protocols.request(self.choice, messages, functions, last=last)
        sent = {
            "agent": self.agent,
            "model": self.choice.title,
            "sha256": hashlib.sha256(request.body).hexdigest(),
            "byte_size": len(request.body),
        }
        try:
            self.gate.check(messages, request.body)
            self.budget.allow(len(request.body) // _BYTES_A_TOKEN + LONGEST)
        except (EgressRefused, AgentBudgetExceeded) as error:
            self._record(sent, "withheld" if isinstance(error, EgressRefused) else "over_budget")
            raise
        self._record(sent, "sent")  # an error here keeps the request from being sent
        self.requests += 1
        outcome, reply = "refused", None
        try:
            seconds = min(self.settings.request_seconds, self.budget.seconds_left)
            body = exchange.exchanged(request, seconds, self.settings.answer_bytes)
            reply = protocols.reply(self.choice.protocol, body)
            outcome = "answered"
            return reply
        except AgentUnavailable:
            outcome = "unavailable"
            raise
        except AgentAnswerInvalid:
            outcome = "invalid"
            raise
        finally:
            self._settle(sent, outcome, reply)

    def _settle(self, sent: dict[str, Any], outcome: Outcome, reply: Reply | None) -> None:
        prompt, completion = (reply.prompt_tokens, reply.completion_tokens) if reply else (0, 0)
        cost = self.budget.spend(self.choice, prompt, completion)
        self.tokens = (self.tokens[0] + prompt, self.tokens[1] + completion)
        self.cost += cost
        self._record(sent, outcome, prompt_tokens=prompt, completion_tokens=completion, cost=cost)

    def _record(self, sent: dict[str, Any], outcome: Outcome, **used: float) -> None:
        self.audit.record({**sent, "outcome": outcome, **used})
