"""Mapping profiles: mappings kept under a name, by version, and put to use on the next export of the same kind."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from discovery_pipeline.engine import duck, targets
from discovery_pipeline.engine.mapping import profiles as engine
from discovery_pipeline.engine.mapping.known import Known
from discovery_pipeline.engine.mapping.model import MappedField, Mapping
from discovery_pipeline.engine.mapping.profiles import Applied, Change, MappingProfile, Unapplied
from discovery_pipeline.errors import MappingError
from discovery_pipeline.flow.contracts import contracts
from discovery_pipeline.flow.state import Flow
from discovery_pipeline.store import contracts as store_contracts
from discovery_pipeline.store.flows import Flows
from discovery_pipeline.store.reviews import profiles
from discovery_pipeline.store.reviews.decisions import Decision
from discovery_pipeline.store.reviews.profiles import SavedProfile
from discovery_pipeline.web.faults import InvalidRequest, Missing, NotYet
from discovery_pipeline.web.services.caller import Caller
from discovery_pipeline.web.services.drafting import Draft
from discovery_pipeline.web.services.entries import Choice
from discovery_pipeline.web.services.flows import checked
from discovery_pipeline.web.services.review import ReviewService

KEEPABLE = re.compile(r"[^\x00-\x1f\x7f/]{1,120}")
"""Names of profiles: they stand in addresses."""


@dataclass(frozen=True, slots=True)
class Put:
    """What came of a profile that was put to use."""

    profile: MappingProfile
    batch: UUID | None  # of the decisions that it made; None where all of them held already
    taken: tuple[MappedField, ...]
    left: tuple[Unapplied, ...]


@dataclass(frozen=True, slots=True)
class Compared:
    """A profile beside a flow's mapping: a change's `before` is the mapping's, its `after` the profile's."""

    profile: MappingProfile
    flow: Flow
    changes: tuple[Change, ...]
    left: tuple[Unapplied, ...]


class ProfileService:
    """What can be done with mapping profiles of a tenant."""

    def __init__(self, flows: Flows, review: ReviewService) -> None:
        self._flows, self._review = flows, review

    async def list(self, who: Caller, source_system: str | None, target_system: str | None) -> list[SavedProfile]:
        """The newest version of each profile."""
        return await profiles.newest(self._flows, who.tenant, source_system, target_system)

    async def get(self, who: Caller, name: str, version: int | None = None) -> SavedProfile:
        """That version; without one, the newest.

        Raises
        ------
        Missing
            There is no such profile, or no such version.
        """
        if not KEEPABLE.fullmatch(name):
            raise Missing(f"There is no mapping profile {name[:120]!r}.")
        try:
            return await profiles.get(self._flows, who.tenant, name, version)
        except MappingError as error:
            raise Missing(str(error)) from None

    async def versions(self, who: Caller, name: str) -> list[SavedProfile]:
        """Every version, the newest first."""
        await self.get(who, name)
        return await profiles.versions(self._flows, who.tenant, name)

    async def differences(self, who: Caller, name: str, before: int, after: int | None) -> tuple[Change, ...]:
        """What changed between two versions, field by field."""
        old, new = await self.get(who, name, before), await self.get(who, name, after)
        return engine.differences(old.profile, new.profile)

    async def against(
        self, who: Caller, name: str, ref: str, version: int | None = None, target_system: str | None = None
    ) -> Compared:
        """What a profile says otherwise than a flow's mapping as it stands, and what it has no column for there.

        Raises
        ------
        NotYet
            Nothing is suggested so far.
        """
        saved, flow = await self.get(who, name, version), await self._flows.get(who.tenant, checked(ref))
        draft = await self._draft(who, flow, target_system or saved.profile.target_system)
        done = await self._applied(who, flow, saved.profile, draft)
        placed = Mapping(target=draft.target.name, fields=done.taken)
        now, then = (engine.made(name, 1, flow.source_system, each) for each in (draft.mapping(), placed))
        return Compared(saved.profile, flow, engine.differences(now, then), done.left)

    async def keep(self, who: Caller, name: str, ref: str, target_system: str | None = None) -> SavedProfile:
        """Keep a flow's approved mapping, or what its reviewers accepted so far; the same name is a new version.

        Raises
        ------
        NotYet
            Nothing is approved or accepted.
        """
        who.must_be("reviewer")
        _check_name(name)
        flow = await self._flows.get(who.tenant, checked(ref))
        return await self.keep_mapping(who, name, flow, await self._mapping(who, flow, target_system))

    async def keep_mapping(self, who: Caller, name: str, flow: Flow, mapping: Mapping) -> SavedProfile:
        """Keep a mapping of a flow under a name; the same name is a new version.

        Raises
        ------
        NotYet
            The mapping is empty.
        InvalidRequest
            The name is no name, or that of a profile for other exports.
        """
        who.must_be("reviewer")
        _check_name(name)
        if not mapping.fields:
            raise NotYet(f"Flow {flow.slug} has no mapping to keep: accept or submit one first.")
        return await self._save(who, engine.made(name, 1, flow.source_system, mapping))

    async def copy(self, who: Caller, name: str, new_name: str, version: int | None = None) -> SavedProfile:
        """The same under another name."""
        who.must_be("reviewer")
        _check_name(new_name)
        saved = await self.get(who, name, version)
        return await self._save(who, engine.copied(saved.profile, new_name))

    async def rename(self, who: Caller, name: str, new_name: str) -> SavedProfile:
        """Another name for a profile, with all its versions; the old one still leads to it.

        Raises
        ------
        InvalidRequest
            The name is no name, or another profile's.
        """
        who.must_be("reviewer")
        _check_name(new_name)
        saved = await self.get(who, name)
        if new_name == saved.profile.name:
            return saved
        try:
            return await profiles.rename(self._flows, who.tenant, saved.profile.name, new_name)
        except MappingError as error:
            raise InvalidRequest(str(error)) from None

    async def take(self, who: Caller, filename: str, content: str) -> SavedProfile:
        """Keep the profile that a YAML or CSV file holds.

        Raises
        ------
        MappingError
            The file is no profile; says what is wrong with it.
        """
        who.must_be("reviewer")
        profile = engine.parsed(content, filename)
        if not KEEPABLE.fullmatch(profile.name) or "\\u0000" in profile.model_dump_json():
            raise InvalidRequest(f"{filename}: a profile's name is one line without slashes, and no text holds a NUL.")
        return await self._save(who, await self._named(who, profile))

    async def put(self, who: Caller, name: str, ref: str, version: int | None, target_system: str | None) -> Put:
        """Accept what a profile says in a flow's review, as far as its files have the columns, as one step.

        Raises
        ------
        NotYet
            Nothing is suggested so far.
        """
        who.must_be("reviewer")
        saved = await self.get(who, name, version)
        flow = await self._flows.get(who.tenant, checked(ref))
        draft = await self._draft(who, flow, target_system or saved.profile.target_system)
        done = await self._applied(who, flow, saved.profile, draft)
        batch = await self._review.decide(who, flow, decisions(draft, done.taken), f"profile {saved.profile}")
        return Put(saved.profile, batch, done.taken, done.left)

    async def _save(self, who: Caller, profile: MappingProfile) -> SavedProfile:
        try:
            return await profiles.save(self._flows, who.tenant, profile)
        except MappingError as error:
            raise InvalidRequest(str(error)) from None

    async def _named(self, who: Caller, profile: MappingProfile) -> MappingProfile:
        """The profile with its systems as flows call them: "ServiceNow" is servicenow, "AWS" is aws."""
        own = [kept.target for kept in await store_contracts.kept(self._flows, who.tenant)]
        known = [*(targets.load(name) for name in targets.names()), *own]
        said = profile.target_system.strip()
        target = next((each.name for each in known if each.called(said)), said)
        named = {"source_system": profile.source_system.strip().casefold(), "target_system": target}
        return profile.model_copy(update=named)

    async def _draft(self, who: Caller, flow: Flow, target_system: str) -> Draft:
        return (await self._review.read(who, flow)).of(_target(flow, target_system))

    async def _applied(self, who: Caller, flow: Flow, profile: MappingProfile, draft: Draft) -> Applied:
        memory = await self._flows.remembered(who.tenant, flow.source_system, draft.target.name)
        known = Known(profile=draft.profile, memory=memory)

        def worked_out() -> Applied:
            with draft.taught(), duck.connect() as con:
                return engine.applied(con, profile, draft.suggestions, draft.tables, draft.target, known)

        return await asyncio.to_thread(worked_out)

    async def _mapping(self, who: Caller, flow: Flow, target_system: str | None) -> Mapping:
        approved = await self._flows.approved_mappings(who.tenant, flow)
        wanted = _target(flow, target_system)
        if wanted in approved:
            return approved[wanted]
        return (await self._review.read(who, flow)).of(wanted).mapping()


def _target(flow: Flow, wanted: str | None) -> str:
    """The flow's target of that name; its only one where none is named."""
    if wanted is None and len(flow.targets) == 1:
        return flow.targets[0]
    if wanted is not None:
        name = next((t.name for t in contracts(flow) if wanted in (t.name, t.title)), None)
        if name is not None:
            return name
    raise InvalidRequest(f"Say which target_system: {', '.join(flow.targets)}.")


def _check_name(name: str) -> None:
    if not KEEPABLE.fullmatch(name):
        raise InvalidRequest("A mapping profile's name is one line of at most 120 characters, without slashes.")


def decisions(draft: Draft, taken: Iterable[MappedField]) -> list[Decision]:
    """What a profile decides in a review, one decision a column; constants are decided by table."""
    entries = {(entry.table, entry.column): entry for entry in draft.entries}
    by_column: dict[tuple[str, str], list[MappedField]] = {}
    for field in taken:
        by_column.setdefault((field.source_table, field.source_field), []).append(field)
    wanted = []
    for place, fields in by_column.items():
        choice = Choice(standing="accepted", fields=tuple(fields))
        entry = entries.get(place)
        subject = entry.subject if entry else (draft.target.name, place[0], "")
        wanted.append(choice.decision(subject, entry.seen if entry else draft.constants_seen.get(place[0], 0)))
    return wanted
