"""Results: what the stages found, and the files that came of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from mimetypes import guess_type
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, Field

from discovery_pipeline.engine.intake.model import Intake
from discovery_pipeline.engine.mapping import transformations
from discovery_pipeline.engine.profiling.model import Profile
from discovery_pipeline.engine.risk.model import RiskAssessment
from discovery_pipeline.engine.schema.model import SchemaAnalysis
from discovery_pipeline.engine.validation.model import QualityReport
from discovery_pipeline.errors import TransformationError
from discovery_pipeline.flow.state import Flow
from discovery_pipeline.store import rows
from discovery_pipeline.store.files.artifacts import Artifacts
from discovery_pipeline.store.flows import Flows
from discovery_pipeline.store.postgres.operation import flow_transaction
from discovery_pipeline.store.reviews import mappings
from discovery_pipeline.web.faults import NotYet
from discovery_pipeline.web.services.caller import Caller
from discovery_pipeline.web.services.flows import checked
from discovery_pipeline.web.services.masking import MaskingService
from discovery_pipeline.web.services.values import Values

DELIVERED, FOLDER = "target_files", "results"
"""The asset whose files are delivered, and their folder in it."""
WITHOUT_ROWS = frozenset({"report.html", "mapping.yaml", "manifest.json"})
"""Delivered files without a client's rows, or with personal data as initials."""
MEDIA_TYPES = {".csv": "text/csv", ".yaml": "application/yaml", ".html": "text/html", ".json": "application/json"}

T = TypeVar("T", bound=BaseModel)


class SourceColumn(BaseModel):
    """A column that a target field is made of, and the file it came in."""

    table: str
    field: str
    file: str | None = None
    sheet: str | None = None
    sha256: str | None = None


class FieldLineage(BaseModel):
    """One target field: what it is made of, how, and who approved it."""

    target_system: str
    target_table: str
    target_field: str
    sources: list[SourceColumn] = Field(description="none where it is a constant")
    transformation: str | None
    confidence: float
    origin: str
    approved_by: str | None
    approved_at: datetime | None


class Lineage(BaseModel):
    """Where everything that is delivered comes from."""

    flow_id: str
    fields: list[FieldLineage]
    stages: dict[str, str] = Field(description="content hash (SHA-256) of what each stage published last")


class OutputFile(BaseModel):
    """A delivered file."""

    name: str = Field(examples=["aws/servers.csv"])
    byte_size: int
    media_type: str


class Output(BaseModel):
    """The delivered files of a flow."""

    flow_id: str
    files: list[OutputFile]


@dataclass(frozen=True, slots=True)
class Result:
    """A stage's value with the hash of its content."""

    value: BaseModel
    digest: str


STAGES = ("source_tables", "column_profile", "schema_analysis", "mapping_suggestions", "approved_mapping",
          "cleansing_plan", "cleansed_tables", "patch_log", "validated_tables", "rejected_rows", "quality_report",
          "risk_assessment", DELIVERED)  # fmt: skip
KINDS: dict[str, tuple[str, type[BaseModel], str]] = {
    "profile": ("column_profile", Profile, "The files have to be read first."),
    "relationships": ("schema_analysis", SchemaAnalysis, "The files have to be read first."),
    "quality": ("quality_report", QualityReport, "It is counted after the mapping is approved and the data cleansed."),
    "risk": ("risk_assessment", RiskAssessment, "It is judged after the mapping is approved and the data validated."),
}
"""Results by their name in the API: the asset, its kind, and what comes before it."""


class ResultService:
    """Reads results. They change nothing, so a viewer may, with what is personal as initials."""

    def __init__(self, flows: Flows, values: Values, artifacts: Artifacts, masking: MaskingService) -> None:
        self._flows, self._values, self._artifacts, self._masking = flows, values, artifacts, masking

    async def read(self, who: Caller, ref: str, name: str) -> Result:
        """What a stage found: profile, relationships, quality or risk.

        Raises
        ------
        NotYet
            It isn't there yet; says what comes before it.
        """
        flow = await self._flows.get(who.tenant, checked(ref))
        asset, kind, before = KINDS[name]
        value = await self._values.of(flow, asset, kind)
        if value is None:
            raise NotYet(f"Flow {flow.slug} has no {name} yet: it is at {flow.current_phase.value}. {before}")
        digest = self._artifacts.digest(flow, asset) or ""
        if who.may("reviewer"):
            return Result(value, digest)
        return Result(await self._masking.shown(who, flow, value), f"{digest}-masked")

    @flow_transaction("read lineage")
    async def lineage(self, who: Caller, ref: str) -> Lineage:
        """Where each target field of the approved mapping comes from.

        Raises
        ------
        NotYet
            No mapping is approved.
        """
        async with self._flows.sessions.transaction(who.tenant) as session:
            flow = await rows.find(session, checked(ref))
            approved = [row for row in await mappings.newest(session, flow) if row.status == mappings.APPROVED]
        intake = await self._values.of(flow, "source_tables", Intake)
        if not approved or intake is None:
            raise NotYet(f"Flow {flow.slug} has no lineage yet: no mapping is approved.")
        return Lineage(
            flow_id=str(flow.id),
            fields=[_lineage(row, intake) for row in approved],
            stages={name: said for name in STAGES if (said := self._artifacts.digest(flow, name))},
        )

    async def output(self, who: Caller, ref: str) -> Output:
        """The delivered files, by name.

        Raises
        ------
        NotYet
            Nothing is delivered.
        """
        flow = await self._flows.get(who.tenant, checked(ref))
        files = await asyncio.to_thread(self._delivered, flow)
        return Output(
            flow_id=str(flow.id),
            files=[
                OutputFile(name=name, byte_size=path.stat().st_size, media_type=media_type(path))
                for name, path in sorted(files.items())
            ],
        )

    async def file(self, who: Caller, ref: str, name: str) -> Path:
        """Where a delivered file is. The name is looked up, never walked.

        Raises
        ------
        NotYet
            Nothing is delivered, or no file of that name.
        NotAuthorized
            It holds rows with personal data, and the caller only reads.
        """
        flow = await self._flows.get(who.tenant, checked(ref))
        files = await asyncio.to_thread(self._delivered, flow)
        if name not in files:
            there = ", ".join(sorted(files)[:20])
            raise NotYet(f"Flow {flow.slug} has no file {name[:200]!r}. There are: {there}.")
        if name not in WITHOUT_ROWS:
            await self._masking.allow(who, flow, name)
        return files[name]

    def _delivered(self, flow: Flow) -> dict[str, Path]:
        try:
            folder = self._artifacts.reading(flow, DELIVERED) / FOLDER
        except FileNotFoundError:
            raise NotYet(
                f"Flow {flow.slug} has delivered nothing yet: it is at {flow.current_phase.value}. There are files "
                "when validation is completed."
            ) from None
        return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}


def media_type(path: Path) -> str:
    """What a delivered file is."""
    return MEDIA_TYPES.get(path.suffix) or guess_type(path.name)[0] or "application/octet-stream"


def _lineage(row: Any, intake: Intake) -> FieldLineage:
    return FieldLineage(
        target_system=row.target_system,
        target_table=row.target_table,
        target_field=row.target_field,
        sources=[_source(row.source_table, name, intake) for name in _columns(row)],
        transformation=row.transformation,
        confidence=row.confidence,
        origin=row.origin,
        approved_by=row.reviewed_by,
        approved_at=row.reviewed_at,
    )


def _columns(row: Any) -> Iterator[str]:
    """The mapped column, and those that its transformation reads besides."""
    names = [row.source_field] if row.source_field else []
    with suppress(TransformationError):  # of a version that knew other operations
        names += transformations.parse(row.transformation).references if row.transformation else ()
    yield from dict.fromkeys(names)


def _source(table: str, name: str, intake: Intake) -> SourceColumn:
    source = next((each.source for each in intake.tables if each.name == table), None)
    if source is None:
        return SourceColumn(table=table, field=name)
    return SourceColumn(table=table, field=name, file=source.file, sheet=source.sheet, sha256=source.sha256)
