"""Previewing: exactly what agents would send to which model, before anything is.

The same prompts, tools, protocol and gate as in a real run; only the answers of earlier tasks are the playbook's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from discovery_pipeline.agents import expert
from discovery_pipeline.agents.facts import Facts
from discovery_pipeline.agents.models import protocols
from discovery_pipeline.agents.models.choice import Choice, chosen
from discovery_pipeline.agents.models.gate import Gate, Message
from discovery_pipeline.agents.models.prompts import Prompts, functions
from discovery_pipeline.agents.outputs import Answer
from discovery_pipeline.agents.tasks import TASKS, TaskSpec
from discovery_pipeline.agents.toolbox import FOR_A_MODEL, Toolbox
from discovery_pipeline.errors import EgressRefused
from discovery_pipeline.flow.advice import Brief
from discovery_pipeline.settings import AgentSettings

UNCHOSEN = Choice("openai", "a-model", "https://nowhere.invalid/v1")
"""Stands for a model where none is configured, so that a person can look first and choose afterwards."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What one task would send, up to the answer."""

    agent: str
    task: str
    model: str | None  # none: the playbook answers, and nothing is sent
    url: str
    messages: tuple[Message, ...]
    body: str  # of the last request, which repeats all before it
    sha256: str
    refused: str | None  # why the gate would not let it pass


def preview(brief: Brief, settings: AgentSettings) -> tuple[Preview, ...]:
    """What each task would send, in the order of the tasks.

    Raises
    ------
    SettingsError
        The settings name a model that can't be.
    """
    facts, models = Facts.model_validate(brief.facts), chosen(settings)
    toolbox, known = Toolbox(facts), {}
    for task in TASKS.values():
        known[task.name] = expert.answer(task, toolbox, known)
    return tuple(_previewed(task, facts, known, models[task.agent], settings) for task in TASKS.values())


def _previewed(
    task: TaskSpec, facts: Facts, known: Mapping[str, Answer], model: Choice | None, settings: AgentSettings
) -> Preview:
    toolbox, prompts = Toolbox(facts, most=FOR_A_MODEL), Prompts()
    calls = {f"call_{i}": tool for i, tool in enumerate(task.tools)}
    messages = (
        *prompts.opening(task, {name: known[name] for name in task.context}),
        {"role": "assistant", "content": None, "tool_calls": calls},
        *({"role": "tool", "tool_call_id": id, "content": toolbox.answer(tool)} for id, tool in calls.items()),
    )
    request = protocols.request(model or UNCHOSEN, messages, functions(task))
    return Preview(
        agent=task.agent,
        task=task.name,
        model=model.title if model else None,
        url=request.url,
        messages=messages,
        body=request.body.decode(),
        sha256=hashlib.sha256(request.body).hexdigest(),
        refused=_refusal(Gate(prompts.made, toolbox.answered, settings.request_bytes), messages, request.body),
    )


def _refusal(gate: Gate, messages: tuple[Message, ...], body: bytes) -> str | None:
    try:
        gate.check(messages, body)
    except EgressRefused as error:
        return str(error)
    return None
