"""The crew: CrewAI's agents, tasks and tools around our facts. The only package that imports CrewAI."""

from discovery_pipeline.agents import quiet

# Before any module here imports CrewAI: a later one can't undo what the first import does.
quiet.load()
