"""Advising: exactly what agents would send to a model about a flow, before anything is."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from discovery_pipeline.errors import AgentError
from discovery_pipeline.flow.state import Flow
from discovery_pipeline.settings import AgentSettings
from discovery_pipeline.store.files.artifacts import Artifacts
from discovery_pipeline.web.faults import NotYet
from discovery_pipeline.web.services.caller import Caller

if TYPE_CHECKING:
    from discovery_pipeline.agents.previewing import Preview


class AdvisingService:
    """Shows what agents do."""

    def __init__(self, artifacts: Artifacts, settings: AgentSettings) -> None:
        self._artifacts, self._settings = artifacts, settings

    async def requests(self, who: Caller, flow: Flow) -> tuple[Preview, ...]:
        """Each task with its model, the address, and every byte of the request. Nothing is sent by looking.

        Raises
        ------
        NotYet
            Nothing is known of the flow that they could be asked about.
        """
        who.must_be("reviewer")  # prompts may hold names of columns, and samples where the settings allow them
        try:
            return await asyncio.to_thread(self._previews, flow)
        except AgentError as early:
            raise NotYet(str(early)) from None

    def _previews(self, flow: Flow) -> tuple[Preview, ...]:
        # Imported late: they are rarely looked at, and the agents' room is large.
        from discovery_pipeline.agents import reading
        from discovery_pipeline.agents.gathering import brief
        from discovery_pipeline.agents.previewing import preview

        facts = brief(reading.results(self._artifacts, flow), samples=self._settings.allow_samples)
        return preview(facts, self._settings)
