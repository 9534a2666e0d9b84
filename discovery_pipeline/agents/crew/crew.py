"""The crew as a whole: agents and tasks put together, run, and mended where a model fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from crewai import Task
from crewai.llms.base_llm import BaseLLM
from crewai.tasks.task_output import TaskOutput

from discovery_pipeline.agents.crew import kickoff
from discovery_pipeline.agents.crew.expert_llm import ExpertLLM
from discovery_pipeline.agents.crew.members import MEMBERS, DiscoveryTaskFactory
from discovery_pipeline.agents.crew.model_llm import ModelLLM
from discovery_pipeline.agents.models.asking import Line
from discovery_pipeline.agents.models.prompts import Prompts
from discovery_pipeline.agents.outputs import Answer
from discovery_pipeline.agents.tasks import AGENTS, TASKS
from discovery_pipeline.agents.toolbox import Toolbox
from discovery_pipeline.errors import AgentAnswerInvalid, AgentError

Lines = Mapping[str, Line]
"""The line to the model of each agent that has one."""


@dataclass(slots=True)
class Said:
    """What came of a crew: answers by task, and by agent why its model's answers don't stand."""

    answers: dict[str, Answer] = field(default_factory=dict)
    failed: dict[str, AgentError] = field(default_factory=dict)


def answered(
    agents: Sequence[str],
    toolboxes: Callable[[str], Toolbox],
    before: Mapping[str, Answer],
    lines: Callable[[str, Prompts], Line | None],
    step: kickoff.Step,
) -> Said:
    """Let these agents answer their tasks, in one crew.

    Where a model fails, its agent's open tasks go to the expert and the others go on with theirs. Where the expert
    fails, CrewAI itself does: the open tasks stay without an answer.

    Parameters
    ----------
    toolboxes
        The tools of an agent; a model is told less of a long list than the expert reads.
    before
        Answers of tasks that other crews have had.
    lines
        The line to an agent's model; None where the expert answers.
    """
    said = Said()
    prompts = Prompts()
    while open_ := [a for a in agents if any(t.name not in said.answers for t in TASKS.values() if t.agent == a)]:
        models = {a: _model(None if a in said.failed else lines(a, prompts), prompts) for a in open_}
        known = {**before, **said.answers}
        members = [MEMBERS[agent](toolboxes(agent), models[agent]) for agent in AGENTS if agent in open_]
        tasks = DiscoveryTaskFactory(members).create_tasks({name: _done(name, a) for name, a in known.items()})
        tasks = [task for task in tasks if task.name not in said.answers]
        try:
            kickoff.run([member.create_agent() for member in members], tasks, step)
        except AgentError as error:
            stopped = TASKS[next(str(task.name) for task in tasks if task.output is None)]
            if isinstance(models[stopped.agent], ExpertLLM):
                said.failed = dict.fromkeys(open_, error) | said.failed
                return said
            said.failed[stopped.agent] = _reason(models[stopped.agent], stopped.name) or error
        finally:
            said.answers |= _outputs(tasks)
    return said


def _model(line: Line | None, prompts: Prompts) -> BaseLLM:
    return ModelLLM(line, prompts) if line else ExpertLLM()


def _reason(model: BaseLLM, task: str) -> AgentError | None:
    """Why the model's answer to the task was refused; CrewAI only says that it was."""
    why = model.refused(task) if isinstance(model, ModelLLM) else ""
    return AgentAnswerInvalid(why) if why else None


def _outputs(tasks: Sequence[Task]) -> dict[str, Answer]:
    answered = {str(task.name): task.output.raw for task in tasks if task.output is not None}
    return {name: TASKS[name].output.model_validate_json(raw) for name, raw in answered.items()}


def _done(name: str, answer: Answer) -> Task:
    """A task that another crew has answered, as context for this one's."""
    spec = TASKS[name]
    output = TaskOutput(
        name=name, description=spec.description, raw=answer.model_dump_json(), agent=AGENTS[spec.agent].role
    )
    return Task(name=name, description=spec.description, expected_output=spec.output.__name__, output=output)
