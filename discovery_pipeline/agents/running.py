"""Running: agents answer for a flow, by the engine that is there, and by the playbook where a model fails."""

from __future__ import annotations

import importlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from discovery_pipeline.agents import expert, quiet
from discovery_pipeline.agents.facts import Facts
from discovery_pipeline.agents.models.asking import Audit, Line
from discovery_pipeline.agents.models.budget import Budget
from discovery_pipeline.agents.models.choice import EXPERT, Choice, choice, chosen
from discovery_pipeline.agents.models.gate import Gate
from discovery_pipeline.agents.models.prompts import Prompts
from discovery_pipeline.agents.names import Names
from discovery_pipeline.agents.outputs import Answer
from discovery_pipeline.agents.tasks import AGENTS, TASKS, tasks_of
from discovery_pipeline.agents.toolbox import FOR_A_MODEL, Toolbox
from discovery_pipeline.errors import AgentError, AgentUnavailable, SettingsError
from discovery_pipeline.flow.advice import Advice, Brief, Engine
from discovery_pipeline.settings import AgentSettings

Step = Callable[[str], None]

_CREW = "discovery_pipeline.agents.crew.crew"


@dataclass(frozen=True, slots=True)
class Means:
    """What agents work with, beside the facts."""

    settings: AgentSettings
    audit: Audit | None = None  # none: no model is asked
    spent: tuple[int, float] = (0, 0.0)  # tokens and money of the flow so far
    step: Step = field(default=lambda _: None)


def engine(settings: AgentSettings) -> Engine:
    """Which engine runs the agents.

    `auto` never pays for importing CrewAI (3 s, 150 MB) where the playbook would say the same: it takes a crew where a
    model is to be asked, or where a warm process has CrewAI in memory.

    Raises
    ------
    SettingsError
        crewai is asked for and not installed.
    """
    asks = any(chosen(settings).values())
    if settings.engine == "expert":
        return "expert"
    if settings.engine == "crewai" and not quiet.installed():
        raise SettingsError("DISCOVERY_AGENTS_ENGINE is crewai, which is not installed: discovery-pipeline[agents].")
    if settings.engine == "crewai" or quiet.loaded() or (asks and quiet.installed()):
        return "crewai"
    return "expert"


def crewed(settings: AgentSettings) -> AgentSettings:
    """The settings of somebody who asks for a crew, and waits for CrewAI where it is installed."""
    if settings.engine == "auto" and quiet.installed():
        return settings.model_copy(update={"engine": "crewai"})
    return settings


def preloads(settings: AgentSettings) -> bool:
    """Whether a process that lives long should have CrewAI in memory before anybody asks."""
    return settings.engine != "expert" and quiet.installed()


def warm_up(settings: AgentSettings) -> None:
    """Load CrewAI beside other work, where a crew is going to run and it isn't in memory yet."""
    try:
        wanted = engine(settings) == "crewai" and not quiet.loaded()
    except SettingsError:
        return  # said where an agent is asked
    if wanted:
        # While the engines work, DuckDB leaves the interpreter to it.
        threading.Thread(target=importlib.import_module, args=(_CREW,), name="load-crewai", daemon=True).start()


def asks(agent: str, settings: AgentSettings) -> bool:
    """Whether a model is to answer for this agent."""
    return choice(agent, settings) is not None and settings.engine != "expert"


def asks_any(settings: AgentSettings) -> bool:
    """Whether a model is to answer for some agent; also where it can't be told, which the agent's step will say."""
    try:
        return any(asks(agent, settings) for agent in AGENTS)
    except SettingsError:
        return True


def advise(agent: str, brief: Brief, before: Mapping[str, Answer], means: Means, *, patient: bool = False) -> Advice:
    """What one agent says.

    Parameters
    ----------
    before
        Answers that its tasks build on.
    patient
        Whoever calls tries again: a model that can't be reached is an error, not yet a reason for the playbook.

    Raises
    ------
    AgentUnavailable
        Only with `patient`.
    """
    found = _advised((agent,), brief, before, means)
    if patient and isinstance(found.failed.get(agent), AgentUnavailable):
        raise found.failed[agent]
    return found.advice(agent)


def instead(agent: str, brief: Brief, before: Mapping[str, Answer], why: str) -> Advice:
    """What the playbook says in place of a model that the settings name and that can't be asked."""
    advice = advise(agent, brief, before, Means(AgentSettings(engine="expert")))
    return advice.model_copy(update={"source": "fallback", "reason": why})


def advise_all(brief: Brief, means: Means) -> list[Advice]:
    """What all agents say, as one crew."""
    found = _advised(tuple(AGENTS), brief, {}, means)
    return [found.advice(agent) for agent in AGENTS]


class DiscoveryCrewOrchestrator:
    """All agents on one flow, with what came of it in one value."""

    def __init__(self, brief: Brief, means: Means) -> None:
        self._brief, self._means = brief, means

    def run(self) -> dict[str, Any]:
        """Answers by task, with names for ids; how long it took, what it used, and whose answers they are."""
        since = time.monotonic()
        advice = advise_all(self._brief, self._means)
        names = Names(self._brief.tables, self._brief.columns)
        return summed(advice, names) | {"execution_time": round(time.monotonic() - since, 3)}


def summed(advice: Sequence[Advice], names: Names) -> dict[str, Any]:
    """Several agents' advice in one value, with names for ids; tasks that nobody answered are null."""
    answers = {task: answer for each in advice for task, answer in each.answers.items()}
    sources = {each.agent: each.source for each in advice}
    worst = next((s for s in ("fallback", "model") if s in sources.values()), "expert")
    prompt, completion = sum(a.prompt_tokens for a in advice), sum(a.completion_tokens for a in advice)
    return {
        **{task: names.put_into(answers.get(task)) for task in _KEYS},
        "execution_time": 0.0,
        "token_usage": {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
            "requests": sum(a.requests for a in advice),
            "cost": sum(a.cost for a in advice),
        },
        "engine": "crewai" if any(a.engine == "crewai" for a in advice) else "expert",
        "source": worst,
        "agents": {a.agent: {"source": a.source, "model": a.model, "reason": a.reason} for a in advice},
    }


_KEYS = (
    "schema_analysis", "mapping_opportunities", "profiling_report", "quality_assessment", "cleansing_strategy",
    "mapping_recommendations", "relationship_map", "risk_assessment",
)  # fmt: skip


def answers(advice: Sequence[Advice]) -> dict[str, Answer]:
    """Answers by task, typed again."""
    return {task: TASKS[task].output.model_validate(a) for each in advice for task, a in each.answers.items()}


@dataclass(slots=True)
class _Found:
    """What some agents said, on which lines."""

    engine: Engine
    answers: Mapping[str, Answer]
    lines: Mapping[str, Line]
    failed: Mapping[str, AgentError]
    models: Mapping[str, Choice | None]

    def advice(self, agent: str) -> Advice:
        model, failure, line = self.models[agent], self.failed.get(agent), self.lines.get(agent)
        return Advice(
            agent=agent,
            engine=self.engine,
            source="fallback" if failure else "model" if model else "expert",
            model=model.title if model else EXPERT,
            reason=str(failure) if failure else "",
            answers={t.name: self.answers[t.name].model_dump(mode="json") for t in tasks_of(agent)},
            requests=line.requests if line else 0,
            prompt_tokens=line.tokens[0] if line else 0,
            completion_tokens=line.tokens[1] if line else 0,
            cost=line.cost if line else 0.0,
        )


def _advised(agents: Sequence[str], brief: Brief, before: Mapping[str, Answer], means: Means) -> _Found:
    models = {agent: choice(agent, means.settings) if means.audit is not None else None for agent in agents}
    facts = Facts.model_validate(brief.facts)
    if engine(means.settings) == "expert":
        failed = {a: AgentError("Asking a model takes the extra agents, or another DISCOVERY_AGENTS_ENGINE.")
                  for a in agents if models[a]}  # fmt: skip
        return _Found("expert", _by_the_book(agents, facts, before), {}, failed, models)
    from discovery_pipeline.agents.crew.crew import answered

    lines: dict[str, Line] = {}
    boxes = {a: Toolbox(facts, most=FOR_A_MODEL) if models[a] else Toolbox(facts) for a in agents}
    budget = Budget.of(means.settings, *means.spent)

    def line(agent: str, prompts: Prompts) -> Line | None:
        model = models[agent]
        if model is None or means.audit is None:
            return None
        gate = Gate(prompts.made, boxes[agent].answered, means.settings.request_bytes)
        return lines.setdefault(agent, Line(agent, model, gate, budget, means.audit, means.settings))

    said = answered(agents, boxes.__getitem__, before, line, means.step)
    told = _by_the_book(agents, facts, {**before, **said.answers})  # where the crew itself failed
    return _Found("crewai", told, lines, said.failed, models)


def _by_the_book(agents: Sequence[str], facts: Facts, before: Mapping[str, Answer]) -> dict[str, Answer]:
    """The answers to these agents' tasks; those that are not among `before` are the playbook's."""
    box, known = Toolbox(facts), dict(before)
    for task in TASKS.values():
        if task.agent in agents and task.name not in known:
            known[task.name] = expert.answer(task, box, known)
    return {name: answer for name, answer in known.items() if TASKS[name].agent in agents}
