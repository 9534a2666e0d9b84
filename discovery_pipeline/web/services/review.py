"""Reviews: what reviewers decide on suggestions, step by step, until a mapping is saved.

Decisions are drafts: they are seen by all reviewers at once, can be undone, and change nothing until they are saved.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from discovery_pipeline.engine.intake.model import Intake
from discovery_pipeline.engine.mapping.model import Suggestions
from discovery_pipeline.engine.profiling.model import Profile
from discovery_pipeline.engine.targets import Target
from discovery_pipeline.flow.contracts import contract
from discovery_pipeline.flow.state import Flow
from discovery_pipeline.store.flows import Flows
from discovery_pipeline.store.reviews import decisions
from discovery_pipeline.store.reviews.decisions import Decided, Decision, Undone
from discovery_pipeline.web.faults import NotYet
from discovery_pipeline.web.services.caller import Caller
from discovery_pipeline.web.services.drafting import Draft, draft, offered
from discovery_pipeline.web.services.entries import Entry
from discovery_pipeline.web.services.values import Values

KEPT = 8
"""Suggestions of which it is kept what they offer for each column: reviews that people are in."""


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A review as it stands: a draft for each target, and the log that made it so."""

    flow: Flow
    drafts: tuple[Draft, ...]
    profile: Profile
    log: tuple[Decided, ...]

    def of(self, system: str) -> Draft:
        """The draft of that target; of the first one where it isn't named."""
        return next((each for each in self.drafts if each.target.name == system), self.drafts[0])

    @property
    def latest(self) -> int:
        """The number of the newest decision."""
        return self.log[-1].id if self.log else 0

    @property
    def steps(self) -> tuple[Sequence[UUID], Sequence[UUID]]:
        """Batches that can be undone, and ones that can be redone; the newest last."""
        return decisions.stacks(self.log)

    def batch(self, wanted: UUID) -> tuple[Decided, ...]:
        """What was decided with one click."""
        return tuple(one for one in self.log if one.batch == wanted)


@dataclass(frozen=True, slots=True)
class Accepting:
    """Which offers to accept."""

    sure: bool = False  # only those that are High and in no conflict
    system: str = ""  # of one target; of all where none is named
    among: frozenset[str] | None = None  # keys of entries; all where none are named
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Accepted:
    """What was accepted, or would be."""

    batch: UUID | None  # None where nothing was
    entries: tuple[Entry, ...]


class ReviewService:
    """What reviewers can do to a draft."""

    def __init__(self, flows: Flows, values: Values, dictionaries: Path | None = None) -> None:
        self._flows, self._values, self._dictionaries = flows, values, dictionaries
        self._offered: OrderedDict[int, tuple[Suggestions, Intake, tuple[Entry, ...]]] = OrderedDict()

    async def read(self, who: Caller, flow: Flow) -> Reviewed:
        """The review as it stands.

        Raises
        ------
        NotYet
            Nothing is suggested so far.
        """
        offered = await self._values.all_of(flow, "mapping_suggestions", Suggestions)
        intake = await self._values.of(flow, "source_tables", Intake)
        profile = await self._values.of(flow, "column_profile", Profile)
        if not offered or intake is None or profile is None:
            raise NotYet("Nothing is suggested yet. Upload files first, or wait until they are read.")
        log = await self._flows.decision_history(who.tenant, flow)
        now = {one.what: one for one in log}
        held = {what: one for what, one in now.items() if one.after is not None}
        approved = await self._flows.approved_mappings(who.tenant, flow)
        drafts = tuple(
            draft(
                contract(flow, each.target),
                intake.tables,
                each,
                held,
                approved.get(each.target),
                profile,
                self._dictionaries,
                self._columns(contract(flow, each.target), intake, each),
            )
            for each in offered
        )
        return Reviewed(flow, drafts, profile, tuple(log))

    def _columns(self, target: Target, intake: Intake, offers: Suggestions) -> tuple[Entry, ...]:
        """What is offered for each column, worked out once for suggestions that people come back to."""
        known = self._offered.get(id(offers))
        if known is None or known[0] is not offers or known[1] is not intake:
            known = self._offered[id(offers)] = (offers, intake, offered(target, intake.tables, offers))
            while len(self._offered) > KEPT:
                self._offered.popitem(last=False)
        return known[2]

    async def decide(self, who: Caller, flow: Flow, wanted: Iterable[Decision], reason: str = "") -> UUID | None:
        """Write decisions as one step that can be undone; None where all of them held already.

        Raises
        ------
        StaleVersionError
            Somebody decided one of the subjects since the caller looked; the details say who, what and when.
        """
        who.must_be("reviewer")
        return await self._flows.decide(who.tenant, flow, list(wanted), reason)

    async def accept(self, who: Caller, flow: Flow, wanted: Accepting) -> Accepted:
        """Accept offers that nobody has touched, as one step; what was edited, rejected or ignored is left alone."""
        who.must_be("reviewer")
        reviewed = await self.read(who, flow)
        drafts = [d for d in reviewed.drafts if wanted.system in ("", d.target.name)]
        taken = [
            (draft, entry)
            for draft in drafts
            for entry in (draft.sure if wanted.sure else draft.undecided)
            if wanted.among is None or entry.key in wanted.among
        ]
        made = [one for draft, entry in taken for one in draft.accepting([entry], seen=True)]
        batch = await self.decide(who, flow, made) if made and not wanted.dry_run else None
        return Accepted(batch, tuple(entry for _, entry in taken))

    async def undo(self, who: Caller, flow: Flow, batch: UUID | None = None) -> Undone | None:
        """Take back a step, or the newest that stands."""
        who.must_be("reviewer")
        return await self._flows.undo(who.tenant, flow, batch)

    async def redo(self, who: Caller, flow: Flow) -> Undone | None:
        """Decide again what was undone last."""
        who.must_be("reviewer")
        return await self._flows.redo(who.tenant, flow)
