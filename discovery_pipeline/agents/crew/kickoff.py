"""Kickoff: one crew at work, its events in order, its failures as ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from crewai import Crew, Process, Task
from crewai.agents.agent_builder.base_agent import BaseAgent
from crewai.events import crewai_event_bus
from crewai.events.base_events import BaseEvent
from crewai.events.types.task_events import TaskCompletedEvent, TaskFailedEvent, TaskStartedEvent
from crewai.events.types.tool_usage_events import ToolUsageFinishedEvent
from crewai.tools import ToolExecutionFailedError
from pydantic import PrivateAttr

from discovery_pipeline.errors import AgentAnswerInvalid, AgentError

Step = Callable[[str], None]
"""Called with what an agent just did."""


class NullStore:
    """In place of the SQLite file in which CrewAI keeps every task's output for a replay."""

    def update(self, task_index: int, log: dict[str, Any]) -> None:
        """Keep nothing."""

    def reset(self) -> None:
        """There is nothing to forget."""

    def load(self) -> list[dict[str, Any]]:
        """Nothing was kept."""
        return []


class QuietCrew(Crew):
    """A crew without memory, planning or a database."""

    _task_output_handler: Any = PrivateAttr(default_factory=NullStore)


def run(agents: Sequence[BaseAgent], tasks: Sequence[Task], step: Step) -> dict[str, str]:
    """What each task answered, as JSON text by its name.

    Raises
    ------
    AgentError
        Whatever went wrong within: CrewAI raises its vendors' errors, built-in ones and bare ones.
    """
    crew = QuietCrew(
        name="discovery",
        agents=list(agents),
        tasks=list(tasks),
        process=Process.sequential,
        memory=False,
        cache=False,
        planning=False,
        tracing=False,
        verbose=False,
        share_crew=False,
    )
    with _heard(tasks, step):
        try:
            crew.kickoff()
        except Exception as error:
            raise ours(error) from None
    return {str(task.name): task.output.raw for task in tasks if task.output is not None}


def ours(error: BaseException) -> AgentError:
    """Our own error in a chain of errors, or one that says no more than the kind of what went wrong."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, AgentError):
            return seen
        if isinstance(seen, ToolExecutionFailedError):
            return AgentAnswerInvalid("The model called the same tool again and again.")
        seen = seen.__cause__ or seen.__context__
    return AgentAnswerInvalid(f"The crew ended without an answer ({type(error).__name__}).")


@contextmanager
def _heard(tasks: Sequence[Task], step: Step) -> Iterator[None]:
    """Tell the steps of these tasks at the end, in the order in which they were sent.

    Handlers work in threads and come out of order; the bus is one for the process, so other crews' events are left out.
    """
    names = {str(task.id): str(task.name) for task in tasks}
    steps: list[tuple[int, str]] = []

    def heard(source: Any, event: BaseEvent) -> None:
        if name := names.get(str(event.task_id)):
            steps.append((event.emission_sequence or 0, _SAID[type(event)].format(task=name, event=event)))

    for kind in _SAID:
        crewai_event_bus.register_handler(kind, heard)
    try:
        yield
    finally:
        crewai_event_bus.flush(timeout=5)
        for kind in _SAID:
            crewai_event_bus.off(kind, heard)
        for _, said in sorted(steps):
            step(said)


_SAID: dict[type[BaseEvent], str] = {
    TaskStartedEvent: "{task} started",
    ToolUsageFinishedEvent: "{task} used {event.tool_name}",
    TaskCompletedEvent: "{task} answered",
    TaskFailedEvent: "{task} failed",
}
