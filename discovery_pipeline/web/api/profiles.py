"""Mapping profiles over HTTP: kept, compared, copied, handed on as files, and put to use."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, Field, StringConstraints

from discovery_pipeline.engine.mapping import profiles as engine
from discovery_pipeline.engine.mapping.model import MappedField
from discovery_pipeline.engine.mapping.profiles import Change, MappingProfile, Unapplied
from discovery_pipeline.store.reviews.profiles import SavedProfile
from discovery_pipeline.web.api.calls import FlowRef, Text, The, Who, download, refusals
from discovery_pipeline.web.bodies import Body

router = APIRouter(prefix="/api/v1/mapping-profiles", tags=["Mapping profiles"])

NAME = r"^[^\x00-\x1f\x7f/]+$"
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120, pattern=NAME)]
Named = Annotated[str, Path(max_length=120, pattern=NAME, description="the profile's name", examples=["SNOW prod"])]
Version = Annotated[int | None, Query(ge=1, le=2**31 - 1, description="left out: the newest")]
Narrow = Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00]*$")]
From = Annotated[Narrow, Query(description="only mappings from that source system")]
To = Annotated[Narrow, Query(description="only mappings to that target")]


class ProfileView(BaseModel):
    """A version of a profile."""

    profile: MappingProfile
    created_by: str
    created_at: datetime


class Keep(Body):
    """Which mapping to keep, under which name."""

    name: Name = Field(examples=["SNOW prod"])
    flow_id: str = Field(description="its approved mapping, or what reviewers accepted so far")
    target_system: Text | None = Field(default=None, description="where the flow has several")


class Copy(Body):
    """A name for the copy."""

    name: Name = Field(examples=["SNOW test"])
    version: int | None = Field(default=None, ge=1, le=2**31 - 1, description="left out: the newest")


class Rename(Body):
    """Another name."""

    name: Name = Field(examples=["SNOW prod 2027"])


class ProfileFile(Body):
    """A profile as a file."""

    filename: Name = Field(description="ends in .csv, else it is YAML", examples=["snow-prod.yaml"])
    content: Annotated[str, StringConstraints(min_length=1, max_length=5_000_000, pattern=r"^[^\x00]*$")] = Field(
        description="as `discovery run --save-profile` writes it"
    )


class Apply(Body):
    """Where to put a profile to use."""

    flow_id: str = Field(description="the flow's id or slug", examples=["q3-estate-2026-11-23-8951165a"])
    version: int | None = Field(default=None, ge=1, le=2**31 - 1, description="left out: the newest")
    target_system: Text | None = Field(default=None, description="where the flow has several")


class Applied(BaseModel):
    """What came of it."""

    profile: MappingProfile
    batch: UUID | None = Field(description="of the decisions it made, to be undone; null where all held already")
    taken: list[MappedField]
    left: list[Unapplied] = Field(description="what these files can't follow, and why; it stays in the profile")


class ComparedView(BaseModel):
    """A profile beside a flow's mapping."""

    profile: MappingProfile
    changes: list[Change] = Field(description="`before` is the flow's, `after` the profile's")
    left: list[Unapplied] = Field(description="what the flow's files can't follow, and why")


@router.get("", responses=refusals(422))
async def profiles(who: Who, the: The, source_system: From = None, target_system: To = None) -> list[ProfileView]:
    """The newest version of each profile, the one kept last first."""
    return [_view(saved) for saved in await the.profile.list(who, source_system, target_system)]


@router.post("", responses=refusals(404, 422))
async def keep(wanted: Keep, who: Who, the: The) -> ProfileView:
    """Keep a flow's mapping under a name. The same name again is a new version; no version is ever changed.

    A name is that of one kind of source and one target: for others, it is refused.
    """
    return _view(await the.profile.keep(who, wanted.name, wanted.flow_id, wanted.target_system))


@router.post("/import", responses=refusals(422))
async def take(file: ProfileFile, who: Who, the: The) -> ProfileView:
    """Keep the profile that a YAML or CSV file holds."""
    return _view(await the.profile.take(who, file.filename, file.content))


@router.get("/{name}", responses=refusals(404, 422))
async def profile(name: Named, who: Who, the: The, version: Version = None) -> ProfileView:
    """One version of a profile."""
    return _view(await the.profile.get(who, name, version))


@router.get("/{name}/versions", responses=refusals(404, 422))
async def versions(name: Named, who: Who, the: The) -> list[ProfileView]:
    """Every version, the newest first."""
    return [_view(saved) for saved in await the.profile.versions(who, name)]


@router.get("/{name}/differences", responses=refusals(404, 422))
async def differences(
    name: Named,
    who: Who,
    the: The,
    before: Annotated[int, Query(ge=1, le=2**31 - 1, description="the older version")],
    after: Version = None,
) -> list[Change]:
    """What changed between two versions, field by field."""
    return list(await the.profile.differences(who, name, before, after))


@router.get("/{name}/against/{flow_id}", responses=refusals(404, 422))
async def against(
    name: Named, flow_id: FlowRef, who: Who, the: The, version: Version = None, target_system: Narrow = None
) -> ComparedView:
    """What a profile says otherwise than a flow's mapping as it stands, and what its files have no column for."""
    found = await the.profile.against(who, name, flow_id, version, target_system)
    return ComparedView(profile=found.profile, changes=list(found.changes), left=list(found.left))


@router.get(
    "/{name}/file",
    response_class=Response,
    responses={
        **refusals(404, 422),
        200: {
            "description": "The file",
            "content": {
                "application/yaml": {"schema": {"type": "object"}},
                "text/csv": {"schema": {"type": "string"}},
            },
        },
    },
)
async def file(
    name: Named,
    who: Who,
    the: The,
    version: Version = None,
    form: Annotated[Literal["yaml", "csv"], Query(description="of the file")] = "yaml",
) -> Response:
    """A profile as a file, to be handed on."""
    saved = (await the.profile.get(who, name, version)).profile
    said, kind = (engine.as_yaml(saved), "application/yaml") if form == "yaml" else (engine.as_csv(saved), "text/csv")
    end = f"v{saved.version}.{form}"
    return Response(said, media_type=kind, headers=download(f"{saved.name}-{end}", f"mapping-profile-{end}"))


@router.post("/{name}/copy", responses=refusals(404, 422))
async def copy(name: Named, wanted: Copy, who: Who, the: The) -> ProfileView:
    """The same under another name."""
    return _view(await the.profile.copy(who, name, wanted.name, wanted.version))


@router.post("/{name}/rename", responses=refusals(404, 422))
async def rename(name: Named, wanted: Rename, who: Who, the: The) -> ProfileView:
    """Another name, with all versions; the old one still leads to it."""
    return _view(await the.profile.rename(who, name, wanted.name))


@router.post("/{name}/apply", responses=refusals(404, 409, 422))
async def apply(name: Named, wanted: Apply, who: Who, the: The) -> Applied:
    """Accept what a profile says in a flow's review, as far as its files have the columns; one step to undo."""
    done = await the.profile.put(who, name, wanted.flow_id, wanted.version, wanted.target_system)
    return Applied(profile=done.profile, batch=done.batch, taken=list(done.taken), left=list(done.left))


def _view(saved: SavedProfile) -> ProfileView:
    return ProfileView(profile=saved.profile, created_by=saved.created_by, created_at=saved.created_at)
