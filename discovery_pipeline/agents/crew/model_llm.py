"""ModelLLM: a vendor's language model as CrewAI sees one. What is sent is ours: prompts and facts, nothing of CrewAI's.

CrewAI decides when to call it and runs the tools; of its messages only the calls of tools and their results are taken.
"""

from __future__ import annotations

from typing import Any

from crewai.llms.base_llm import BaseLLM
from pydantic import PrivateAttr

from discovery_pipeline.agents.crew.expert_llm import CONTEXT_WINDOW, answers, sanitized
from discovery_pipeline.agents.models.asking import Line
from discovery_pipeline.agents.models.gate import Message
from discovery_pipeline.agents.models.prompts import Prompts, functions
from discovery_pipeline.agents.tasks import TASKS, TaskSpec
from discovery_pipeline.errors import AgentAnswerInvalid


class ModelLLM(BaseLLM):
    """Asks a model over its line."""

    provider: str = "discovery"
    _line: Line = PrivateAttr()
    _prompts: Prompts = PrivateAttr()
    _task: Any = PrivateAttr(default=None)
    _refusals: dict[str, str] = PrivateAttr(default_factory=dict)

    def __init__(self, line: Line, prompts: Prompts) -> None:
        super().__init__(model=line.choice.title)
        self._line, self._prompts = line, prompts

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
        """The model's next turn: calls of tools, or the answer's text."""
        self._task = from_task or self._task  # the call that forces an answer names no task
        spec = TASKS[self._task.name]
        sent = self._prompts.opening(spec, answers(self._task), self.refused(spec.name))
        sent += _looked_up(messages, spec)
        if tools is None:
            sent.append(self._prompts.last())
        reply = self._line.ask(sent, functions(spec), last=tools is None)
        if reply.calls and tools:
            return [_call(id, name, spec) for id, name in reply.calls.items()]
        if not reply.text:
            raise AgentAnswerInvalid("The model said nothing.")
        return reply.text

    def refuse(self, task: str, why: str) -> None:
        """Tell the model, the next time it is asked, why its answer to a task was refused."""
        self._refusals[task] = why

    def refused(self, task: str) -> str:
        """Why its last answer to a task was refused; empty where it wasn't."""
        return self._refusals.get(task, "")

    def supports_function_calling(self) -> bool:
        """Tools are called by name, not by text."""
        return True

    def get_context_window_size(self) -> int:
        """Large, since the gate bounds what is sent; with less, CrewAI would ask for summaries."""
        return CONTEXT_WINDOW

    def get_input_tokens_count(self, messages: Any, tools: Any = None, response_model: Any = None) -> int:
        """Nothing that CrewAI has to act on: the budget counts."""
        return 0


def _call(id: str, name: str, spec: TaskSpec) -> dict[str, Any]:
    """A call without arguments of one of the task's tools."""
    known = {sanitized(tool) for tool in spec.tools}
    if sanitized(name) not in known:
        raise AgentAnswerInvalid("The model called a tool that it doesn't have.")
    return {"id": id, "type": "function", "function": {"name": sanitized(name), "arguments": "{}"}}


def _looked_up(messages: list[dict[str, Any]], spec: TaskSpec) -> list[Message]:
    """The tools that were called in this conversation, and what they said."""
    names = {sanitized(tool): tool for tool in spec.tools}
    sent: list[Message] = []
    for message in messages:
        if message.get("tool_calls"):
            calls = {c["id"]: names[c["function"]["name"]] for c in message["tool_calls"]}
            sent.append({"role": "assistant", "content": None, "tool_calls": calls})
        elif message.get("role") == "tool":
            sent.append({"role": "tool", "tool_call_id": message["tool_call_id"], "content": message["content"]})
    return sent
