"""ExpertLLM: a language model whose answers come from the playbook, without a key, a network or chance.

It goes through all of CrewAI's machinery as a vendor's model would: it asks for the tools of its task, reads what they
say, and answers with the typed output as JSON.
"""

from __future__ import annotations

import json
from typing import Any

from crewai.llms.base_llm import BaseLLM

from discovery_pipeline.agents import playbook
from discovery_pipeline.agents.outputs import Answer
from discovery_pipeline.agents.tasks import TASKS

CONTEXT_WINDOW = 10_000_000
"""With less, CrewAI would ask for summaries of what the tools said."""


class ExpertLLM(BaseLLM):
    """Answers every task by the playbook."""

    provider: str = "discovery"

    def __init__(self) -> None:
        super().__init__(model="expert")

    def call(  # noqa: PLR0913, PLR0917 - the signature is CrewAI's
        self,
        messages: Any,
        tools: list[dict[str, Any]] | None = None,
        callbacks: Any = None,
        available_functions: Any = None,
        from_task: Any = None,
        from_agent: Any = None,
        response_model: Any = None,
    ) -> Any:
        """Ask for the tools that have not spoken yet; when all have, answer."""
        spec = TASKS[from_task.name]
        said = _tool_answers(messages)
        waiting = [tool for tool in spec.tools if sanitized(tool) not in said]
        if waiting:
            return [_called(i, tool) for i, tool in enumerate(waiting)]
        seen = {tool: json.loads(said[sanitized(tool)]) for tool in spec.tools}
        return playbook.answer(spec.name, seen, answers(from_task)).model_dump_json()

    def supports_function_calling(self) -> bool:
        """Tools are called by name, not by text."""
        return True

    def get_context_window_size(self) -> int:
        """Enough for any facts."""
        return CONTEXT_WINDOW

    def get_input_tokens_count(self, messages: Any, tools: Any = None, response_model: Any = None) -> int:
        """None: nothing is paid for, and nothing needs to be shortened."""
        return 0


def sanitized(tool: str) -> str:
    """A tool's name as CrewAI passes it on."""
    from crewai.utilities.string_utils import sanitize_tool_name

    return sanitize_tool_name(tool)


def answers(task: Any) -> dict[str, Answer]:
    """What the tasks before this one answered, read from their outputs."""
    before = task.context if isinstance(task.context, list) else []
    return {t.name: TASKS[t.name].output.model_validate_json(t.output.raw) for t in before if t.output is not None}


def _tool_answers(messages: list[dict[str, Any]]) -> dict[str, str]:
    """What each tool answered, by its name."""
    return {m["name"]: m["content"] for m in messages if m.get("role") == "tool"}


def _called(number: int, tool: str) -> dict[str, Any]:
    return {"id": f"call_{number}", "type": "function", "function": {"name": sanitized(tool), "arguments": "{}"}}
