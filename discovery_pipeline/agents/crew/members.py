"""The crew's members: five agents, each with its tasks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from crewai import Agent, Task
from crewai.llms.base_llm import BaseLLM

from discovery_pipeline.agents.checking import checked
from discovery_pipeline.agents.crew.model_llm import ModelLLM
from discovery_pipeline.agents.crew.tools import tools
from discovery_pipeline.agents.tasks import AGENTS, TASKS, TaskSpec, tasks_of
from discovery_pipeline.agents.toolbox import Toolbox
from discovery_pipeline.errors import AgentAnswerInvalid

ROUNDS = 6
"""Times an agent may call its model for one task: its tools, a second look, and the answer."""
CORRECTIONS = 1
"""Times it may correct an answer that was refused."""


class Member:
    """One agent and what it is asked. Built once a crew, so that its tasks and the crew hold the same agent."""

    name: ClassVar[str]

    def __init__(self, toolbox: Toolbox, model: BaseLLM) -> None:
        self._toolbox, self._model = toolbox, model
        self._agent: Agent | None = None

    def create_agent(self) -> Agent:
        """The agent; the same one each time."""
        if self._agent is None:
            spec = AGENTS[self.name]
            self._agent = Agent(
                role=spec.role,
                goal=spec.goal,
                backstory=spec.backstory,
                llm=self._model,
                max_iter=ROUNDS,
                max_retry_limit=0,  # the op's retry policy is the only one
                allow_delegation=False,
                verbose=False,
                respect_context_window=False,
                use_better_compaction=False,  # it writes what tools say to files
            )
        return self._agent

    def create_tasks(self, before: Mapping[str, Task]) -> list[Task]:
        """Its tasks, which build on those of `before` and on each other."""
        made: dict[str, Task] = {}
        for spec in tasks_of(self.name):
            context = [task for name in spec.context if (task := {**before, **made}.get(name))]
            made[spec.name] = self._task(spec, context)
        return list(made.values())

    def _task(self, spec: TaskSpec, context: Sequence[Task]) -> Task:
        return Task(
            name=spec.name,
            description=spec.description,
            expected_output=f"A JSON object: {spec.output.__name__}.",
            agent=self.create_agent(),
            tools=list(tools(spec.tools, self._toolbox)),
            context=list(context),
            guardrail=self._guardrail(spec),
            guardrail_max_retries=CORRECTIONS,
        )

    def _guardrail(self, spec: TaskSpec) -> Callable[..., tuple[bool, str]]:
        """Parses and fact-checks what was said. It hands on text: with output_pydantic beside it, CrewAI fails."""
        model = self._model

        def guardrail(output):
            try:
                counted = isinstance(model, ModelLLM)
                return True, checked(spec, output.raw, self._toolbox.facts, counted=counted).model_dump_json()
            except AgentAnswerInvalid as why:
                if isinstance(model, ModelLLM):
                    model.refuse(spec.name, str(why))
                return False, str(why)

        return guardrail


class SchemaAnalysisAgent(Member):
    """Senior Data Architect: what kind of data this is, and how it compares with the target."""

    name = "schema_analysis_agent"


class DataQualityAgent(Member):
    """Data Quality Specialist: what will hurt, and what to mend first."""

    name = "data_quality_agent"


class FieldMappingAgent(Member):
    """Field Mapping Specialist: the mappings that the matcher leaves open."""

    name = "field_mapping_agent"


class RelationshipAgent(Member):
    """Relationship Analyst: what belongs to what."""

    name = "relationship_agent"


class RiskAgent(Member):
    """Migration Risk Assessor: what may go wrong, in order."""

    name = "risk_agent"


MEMBERS: Mapping[str, Callable[[Toolbox, BaseLLM], Member]] = {
    member.name: member
    for member in (SchemaAnalysisAgent, RelationshipAgent, DataQualityAgent, FieldMappingAgent, RiskAgent)
}


class DiscoveryTaskFactory:
    """Makes the tasks of some agents, or of all, with their contexts."""

    def __init__(self, members: Sequence[Member]) -> None:
        self._members = members

    def create_tasks(self, before: Mapping[str, Task] | None = None) -> list[Task]:
        """All tasks, those first that others build on."""
        made = dict(before or {})
        for member in self._members:
            made |= {str(task.name): task for task in member.create_tasks(made)}
        order = list(TASKS)
        return sorted((t for n, t in made.items() if n not in (before or {})), key=lambda t: order.index(str(t.name)))
