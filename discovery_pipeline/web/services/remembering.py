"""Remembering: what was decided on values in earlier exports of the same kind, offered for this one.

Offers change nothing. What is taken is decided anew, as one step that can be undone, and counts from the next run on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.cleansing import remembering as engine
from discovery_pipeline.engine.cleansing.remembering import Before, Offer
from discovery_pipeline.engine.intake.model import Intake
from discovery_pipeline.flow.state import Flow
from discovery_pipeline.store.flows import Flows
from discovery_pipeline.store.reviews.decisions import VALUE, Decision, Subject
from discovery_pipeline.web.faults import InvalidRequest
from discovery_pipeline.web.services.caller import Caller
from discovery_pipeline.web.services.mending import MendingService
from discovery_pipeline.web.services.values import Values

ValueRef = tuple[str, str, str | None]
"""A table, its column, and a value there; None is an empty cell."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of offers that were taken."""

    batch: UUID | None
    values: int
    cells: int  # that hold something else from the next run on


class RememberingService:
    """Looks for values that people decided on before, and takes these decisions over."""

    def __init__(self, flows: Flows, values: Values, mending: MendingService) -> None:
        self._flows, self._values, self._mending = flows, values, mending

    async def offers(self, who: Caller, flow: Flow) -> tuple[Offer, ...]:
        """Decisions of earlier flows on values that this one holds, and that nobody has decided on here."""
        who.must_be("reviewer")
        before = await self._flows.remembered_values(who.tenant, flow)
        intake = await self._values.of(flow, "source_tables", Intake) if before else None
        if intake is None:
            return ()
        decided = {subject for _, subject in await self._flows.decisions(who.tenant, flow, VALUE)}
        return await asyncio.to_thread(_offers, intake, before, decided)

    async def take(
        self, who: Caller, flow: Flow, wanted: Collection[ValueRef] | None = None, reason: str = ""
    ) -> Taken:
        """Decide on these values as it was decided before, on all that are offered where none are named.

        Raises
        ------
        InvalidRequest
            One of them isn't offered (any more), or a target doesn't take what it would become.
        StaleVersionError
            Somebody decided on one of them meanwhile.
        """
        offered: dict[ValueRef, Offer] = {
            (offer.table, offer.column, value): offer for offer in await self.offers(who, flow) for value in offer.cells
        }
        chosen = list(offered if wanted is None else dict.fromkeys(wanted))
        if strange := [one for one in chosen if one not in offered]:
            table, column, value = strange[0]
            raise InvalidRequest(f"Nothing is offered for {value!r} in {column} of {table}. Load the offers again.")
        made = [Decision(VALUE, one, {"after": offered[one].after}, seen=0) for one in chosen]
        flows = dict.fromkeys(offered[one].before.flow for one in chosen)
        batch = await self._mending.decide(who, flow, made, reason or f"as decided in {', '.join(flows)}"[:300])
        return Taken(batch, len(chosen), sum(offered[one].changes.get(one[2], 0) for one in chosen))


def _offers(intake: Intake, before: tuple[Before, ...], decided: Collection[Subject]) -> tuple[Offer, ...]:
    with duck.connect() as con:
        return engine.offers(con, intake.tables, before, decided)


__all__ = ["Offer", "RememberingService", "Taken", "ValueRef"]
