"""The expert: the playbook at work without CrewAI, tool by tool and task by task, as a crew would go."""

from __future__ import annotations

import json

from discovery_pipeline.agents import playbook
from discovery_pipeline.agents.outputs import Answer
from discovery_pipeline.agents.playbook import Context
from discovery_pipeline.agents.tasks import TaskSpec
from discovery_pipeline.agents.toolbox import Toolbox


def answer(task: TaskSpec, toolbox: Toolbox, context: Context) -> Answer:
    """The playbook's answer to one task, from the tools of that task alone."""
    seen = {tool: json.loads(toolbox.answer(tool)) for tool in task.tools}
    return playbook.answer(task.name, seen, {name: context[name] for name in task.context if name in context})
