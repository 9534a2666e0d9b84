"""Mapping profiles on the pages: what each says, what changed from one version to another, and which are in use."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from urllib.parse import quote

from discovery_pipeline.engine.mapping.profiles import Change, ProfiledField, Unapplied
from discovery_pipeline.store.reviews.profiles import SavedProfile
from discovery_pipeline.web.pages.views.flows import label, source_label
from discovery_pipeline.web.services.drafting import Draft
from discovery_pipeline.web.services.entries import Entry

_SAID = re.compile(r"saved mapping '(.+)' v(\d+)")


@dataclass(frozen=True, slots=True)
class Used:
    """A profile that decides columns of a review."""

    name: str
    version: int
    decides: tuple[Entry, ...]
    left: tuple[Unapplied, ...] = ()  # what it says and can't be followed here
    kept: bool = True  # whether it is one of the tenant's profiles

    @property
    def href(self) -> str:
        """Its page."""
        return f"{at(self.name)}?version={self.version}"


@dataclass(frozen=True, slots=True)
class ShownProfile:
    """A version of a profile."""

    name: str
    version: int
    source: str
    target: str
    fields: tuple[ProfiledField, ...]
    by: str
    at: datetime
    href: str


@dataclass(frozen=True, slots=True)
class OfferedProfile:
    """A profile that a review may apply."""

    shown: ShownProfile
    own: bool  # of the kind of source under review

    @property
    def said(self) -> str:
        """Which version of what, and from where, if from elsewhere."""
        version = f"'{self.shown.name}' v{self.shown.version}"
        return version if self.own else f"{version}, from {self.shown.source}"


@dataclass(frozen=True, slots=True)
class ShownChange:
    """A target field for which two mappings say something else."""

    kind: Literal["added", "removed", "changed"]
    table: str
    field: str
    before: str
    after: str


def used_profiles(draft: Draft) -> list[Used]:
    """Each profile that decides something in a review, the most used first."""
    found: dict[tuple[str, int], list[Entry]] = defaultdict(list)
    for entry in draft.entries:
        reasons = {reason for field in entry.fields for reason in field.evidence} if entry.live else set[str]()
        for one in {(said[1], int(said[2])) for reason in reasons if (said := _SAID.fullmatch(reason))}:
            found[one].append(entry)
    used = [Used(name, version, tuple(entries)) for (name, version), entries in found.items()]
    return sorted(used, key=lambda one: len(one.decides), reverse=True)


def shown_profile(saved: SavedProfile) -> ShownProfile:
    """A version as the pages show it."""
    profile = saved.profile
    return ShownProfile(
        name=profile.name,
        version=profile.version,
        source=source_label(profile.source_system),
        target=label(profile.target_system),
        fields=profile.fields,
        by=saved.created_by,
        at=saved.created_at,
        href=at(profile.name),
    )


def offered_profiles(kept: Iterable[SavedProfile], source_system: str) -> list[OfferedProfile]:
    """Profiles for a review of that kind of source: those of the same kind come first."""
    offered = [OfferedProfile(shown_profile(one), one.profile.source_system == source_system) for one in kept]
    return sorted(offered, key=lambda one: not one.own)


def at(name: str) -> str:
    """The address of a profile's page."""
    return f"/discovery/profiles/{quote(name, safe='')}"


def shown_changes(changes: Iterable[Change]) -> list[ShownChange]:
    """What changed, target field by target field."""
    return [_change(change) for change in changes]


def _change(change: Change) -> ShownChange:
    one = change.after or change.before
    kind = "added" if change.before is None else "removed" if change.after is None else "changed"
    return ShownChange(
        kind,
        one.target_table if one else "",
        one.target_field if one else "",
        said(change.before) if change.before else "",
        said(change.after) if change.after else "",
    )


def said(field: ProfiledField) -> str:
    """What fills a field, in one line."""
    how = f" by {field.transformation}" if field.transformation else ""
    return f"{field.source_field or 'in every row'}{how}"
