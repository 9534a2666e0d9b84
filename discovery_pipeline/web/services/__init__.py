"""Services: what the API and the pages do, as plain calls with typed values. No request, no response.

Each call takes the `Caller` and looks at the role itself, so that a page and an API call have the same checks.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cached_property

from discovery_pipeline.settings import Settings
from discovery_pipeline.store.events.bell import Bell
from discovery_pipeline.store.files.artifacts import Artifacts
from discovery_pipeline.store.flows import Flows
from discovery_pipeline.store.people.access import Access
from discovery_pipeline.store.postgres.connection import connected, prepare
from discovery_pipeline.store.postgres.databases import Databases
from discovery_pipeline.store.postgres.session import Sessions
from discovery_pipeline.web.oidc import Issuer
from discovery_pipeline.web.services.advising import AdvisingService
from discovery_pipeline.web.services.affecting import AffectedService
from discovery_pipeline.web.services.caller import Caller
from discovery_pipeline.web.services.clusters import ClusterService
from discovery_pipeline.web.services.deciding import DecidingService
from discovery_pipeline.web.services.engagements import EngagementService
from discovery_pipeline.web.services.fitting import FittingService
from discovery_pipeline.web.services.flows import FlowService
from discovery_pipeline.web.services.grouping import GroupService
from discovery_pipeline.web.services.health import HealthService
from discovery_pipeline.web.services.layouts import LayoutService
from discovery_pipeline.web.services.mappings import MappingService, Rules
from discovery_pipeline.web.services.masking import MaskingService
from discovery_pipeline.web.services.mending import MendingService
from discovery_pipeline.web.services.outcomes import OutcomeService
from discovery_pipeline.web.services.patches import PatchService
from discovery_pipeline.web.services.profiles import ProfileService
from discovery_pipeline.web.services.reading import Reader
from discovery_pipeline.web.services.rehearsing import RehearsingService
from discovery_pipeline.web.services.remembering import RememberingService
from discovery_pipeline.web.services.results import ResultService
from discovery_pipeline.web.services.review import ReviewService
from discovery_pipeline.web.services.systems import SystemService
from discovery_pipeline.web.services.uploads import FOLDER, UploadService
from discovery_pipeline.web.services.values import Values


@dataclass(frozen=True)
class Services:
    """Everything that is done for callers, over one home's state and artifacts."""

    settings: Settings
    databases: Databases
    sessions: Sessions
    flows: Flows
    artifacts: Artifacts
    bell: Bell

    reader: Reader
    issuer: Issuer | None = None

    @cached_property
    def flow(self) -> FlowService:
        """Flows: begin, list, look, retry, cancel, archive, follow."""
        return FlowService(self.flows, self.bell, self.system)

    @cached_property
    def system(self) -> SystemService:
        """Where data comes from and goes."""
        return SystemService(self.flows)

    @cached_property
    def upload(self) -> UploadService:
        """Files that come to a flow."""
        return UploadService(self.flows, self.artifacts, self.reader, self.settings.root)

    @cached_property
    def layout(self) -> LayoutService:
        """How files are read."""
        return LayoutService(self.flows, self.values, self.artifacts, self.reader, self.settings.root / FOLDER)

    @cached_property
    def access(self) -> Access:
        """Codes and sessions of people."""
        return Access(self.sessions)

    @cached_property
    def engagement(self) -> EngagementService:
        """Engagements that callers belong to."""
        return EngagementService(self.sessions)

    @cached_property
    def values(self) -> Values:
        """What stages published."""
        return Values(self.artifacts)

    @cached_property
    def mapping(self) -> MappingService:
        """Suggestions, and mappings that are submitted."""
        return MappingService(self.flows, self.values, self.bell, self.masking, Rules.of(self.settings))

    @cached_property
    def affected(self) -> AffectedService:
        """What a mapping would change in what is delivered."""
        return AffectedService(self.flows, self.values, self.mapping, self.settings)

    @cached_property
    def rehearsing(self) -> RehearsingService:
        """What a mapping would deliver."""
        return RehearsingService(self.flows, self.values, self.mapping, self.settings)

    @cached_property
    def masking(self) -> MaskingService:
        """What is hidden from who only reads."""
        return MaskingService(self.values)

    @cached_property
    def result(self) -> ResultService:
        """What stages found, and delivered files."""
        return ResultService(self.flows, self.values, self.artifacts, self.masking)

    @cached_property
    def outcome(self) -> OutcomeService:
        """What became of the rows."""
        return OutcomeService(self.values, self.masking)

    @cached_property
    def advising(self) -> AdvisingService:
        """What agents would send."""
        return AdvisingService(self.artifacts, self.settings.agents)

    @cached_property
    def health(self) -> HealthService:
        """Whether what the service needs is there."""
        return HealthService(self.sessions, self.settings.root)

    @cached_property
    def review(self) -> ReviewService:
        """What reviewers decide before a mapping is saved."""
        return ReviewService(self.flows, self.values, self.settings.dictionaries)

    @cached_property
    def deciding(self) -> DecidingService:
        """Decisions of every kind, and their log."""
        return DecidingService(self.flows, self.values, self.review, self.fitting)

    @cached_property
    def profile(self) -> ProfileService:
        """Mappings kept under a name."""
        return ProfileService(self.flows, self.review)

    @cached_property
    def patches(self) -> PatchService:
        """What cleansing changed."""
        return PatchService(self.flows, self.values, self.masking)

    @cached_property
    def clusters(self) -> ClusterService:
        """Spellings of one value."""
        return ClusterService(self.flows, self.values)

    @cached_property
    def groups(self) -> GroupService:
        """Rejected rows by their reasons, and one fix for each."""
        return GroupService(self.flows, self.values, self.mending)

    @cached_property
    def fitting(self) -> FittingService:
        """What the targets take in a column."""
        return FittingService(self.flows, self.values)

    @cached_property
    def mending(self) -> MendingService:
        """What people decide on cleansing and on rejected rows."""
        return MendingService(self.flows, self.values, self.reader, self.masking, self.fitting)

    @cached_property
    def remembering(self) -> RememberingService:
        """What was decided on values before."""
        return RememberingService(self.flows, self.values, self.mending)


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Services]:
    """Services of that home for as long as the block lasts: server started, migrations applied, bell hung up.

    Raises
    ------
    ServerError
        PostgreSQL can't be started or reached, or its data is of a newer version.
    SettingsError
        An issuer is named without all that it takes.
    """
    issuer = Issuer.of(settings)
    connecting = connected(settings)
    databases = await asyncio.to_thread(connecting.__enter__)
    try:
        new = await asyncio.to_thread(prepare, databases)
        sessions = Sessions(databases)
        flows = Flows(sessions)
        if new:
            await flows.default_tenant()
        reader = Reader(settings.memory_limit, settings.threads)
        await reader.start()
        async with Bell(databases) as bell:
            yield Services(settings, databases, sessions, flows, Artifacts.of(settings), bell, reader, issuer)
        await reader.close()
        await sessions.close()
    finally:
        await asyncio.to_thread(connecting.__exit__, None, None, None)


__all__ = ["Caller", "Services", "opened"]
