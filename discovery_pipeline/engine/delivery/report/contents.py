"""What a report tells of: the values of all stages, as far as a run came."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from discovery_pipeline.engine.cleansing.model import PatchLog
from discovery_pipeline.engine.delivery.model import DeliveredFile
from discovery_pipeline.engine.findings import Finding
from discovery_pipeline.engine.intake.model import Intake
from discovery_pipeline.engine.mapping.model import Approval, MappedField, Suggestions
from discovery_pipeline.engine.profiling.model import Profile
from discovery_pipeline.engine.risk import RiskAssessment
from discovery_pipeline.engine.schema.model import SchemaAnalysis
from discovery_pipeline.engine.targets.contract import Target
from discovery_pipeline.engine.validation.model import QualityReport, Verdict


@dataclass(frozen=True, slots=True)
class TargetStory:
    """What became of one target."""

    target: Target
    suggestions: Suggestions | None = None
    approval: Approval | None = None
    verdict: Verdict | None = None
    files: tuple[DeliveredFile, ...] = ()

    @property
    def fields(self) -> tuple[MappedField, ...]:
        """The approved fields."""
        return self.approval.mapping.fields if self.approval else ()

    @property
    def waiting(self) -> tuple[MappedField, ...]:
        """Fields that were offered and wait for a person."""
        return self.approval.waiting if self.approval else ()

    @property
    def missing(self) -> tuple[str, ...]:
        """Why nothing can be delivered."""
        return self.approval.missing if self.approval else ()


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, and sentences under it."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Narrative:
    """What somebody says of all this, and who it is. Claims, shown as such."""

    sections: tuple[Section, ...]
    told_by: str


@dataclass(frozen=True, slots=True)
class Contents:
    """All that a report shows. What a run did not do is left out of the page."""

    title: str
    profile: Profile  # of the tables as they came
    made_at: datetime | None = None
    seconds: float | None = None  # that the run took
    intake: Intake | None = None
    analysis: SchemaAnalysis = field(default_factory=SchemaAnalysis)
    targets: tuple[TargetStory, ...] = ()
    patches: PatchLog | None = None
    quality: QualityReport | None = None
    risk: RiskAssessment | None = None
    findings: tuple[Finding, ...] = ()  # of all stages
    narrative: Narrative | None = None
