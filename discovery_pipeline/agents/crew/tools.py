"""Tools of the toolbox, as CrewAI wants them."""

from __future__ import annotations

from crewai.tools import BaseTool
from pydantic import PrivateAttr

from discovery_pipeline.agents.toolbox import TOOLS, Toolbox


class FactTool(BaseTool):
    """A tool without arguments that says what the toolbox says."""

    _toolbox: Toolbox = PrivateAttr()

    def _run(self) -> str:
        return self._toolbox.answer(self.name)


def tools(names: tuple[str, ...], toolbox: Toolbox) -> list[FactTool]:
    """The tools of these names, bound to one flow's facts."""
    made = []
    for name in names:
        tool = FactTool(name=name, description=TOOLS[name].description)
        tool._toolbox = toolbox
        made.append(tool)
    return made
