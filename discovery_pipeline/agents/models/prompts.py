"""Prompts: what a model is told, made of constants and of checked answers. CrewAI's own prompts are not sent.

So what would be sent is known before anything is, and the gate knows every text by heart.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from discovery_pipeline.agents.models.gate import Message
from discovery_pipeline.agents.outputs import Answer
from discovery_pipeline.agents.tasks import AGENTS, TaskSpec
from discovery_pipeline.agents.toolbox import TOOLS

LAST = "Answer now, with the JSON object only; no tool can be called any more."
_FORM = "Call each of your tools once, then answer with one JSON object of this schema and no text around it:"


@dataclass(slots=True)
class Prompts:
    """The prompts of one crew. It remembers those it made, so that nothing else passes for one."""

    _made: set[str] = field(default_factory=set)

    def opening(self, task: TaskSpec, context: Mapping[str, Answer], refusal: str = "") -> list[Message]:
        """How a conversation begins; `refusal` says why an earlier answer to the same task was refused."""
        agent = AGENTS[task.agent]
        parts = [task.description, f"{_FORM} {_schema(task)}"]
        parts += [f"Answered before, {name}: {answer.model_dump_json()}" for name, answer in context.items()]
        if refusal:
            parts.append(f"An earlier answer of yours was refused. {refusal}")
        return [
            self._message("system", f"You are the {agent.role}. {agent.goal} {agent.backstory}"),
            self._message("user", "\n\n".join(parts)),
        ]

    def last(self) -> Message:
        """That the answer has to come now."""
        return self._message("user", LAST)

    def made(self, text: str) -> bool:
        """Whether this is one of them."""
        return text in self._made

    def _message(self, role: str, text: str) -> Message:
        self._made.add(text)
        return {"role": role, "content": text}


def functions(task: TaskSpec) -> list[dict[str, Any]]:
    """The tools of a task, as the protocols describe them; none takes an argument."""
    return [{"name": tool, "description": TOOLS[tool].description} for tool in task.tools]


def _schema(task: TaskSpec) -> str:
    return json.dumps(task.output.model_json_schema(), separators=(",", ":"))
