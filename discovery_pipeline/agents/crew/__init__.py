"""The crew: CrewAI's agents, tasks and tools around our facts. The only package that imports CrewAI.

`quiet.load()` comes before anything of CrewAI's is imported; the modules beside it may then be imported.
"""
