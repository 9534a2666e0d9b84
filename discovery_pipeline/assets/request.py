"""What an unattended run is asked to do. Apart from the run, whose Dagster takes a second to load."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from discovery_pipeline.engine.mapping.profiles import MappingProfile
    from discovery_pipeline.engine.targets.contract import Target
    from discovery_pipeline.engine.validation.demands import Demand
    from discovery_pipeline.store.files.destinations import Destination


@dataclass(frozen=True, slots=True)
class Request:
    """What to run on what."""

    files: Sequence[Path]
    source: str
    targets: Sequence[Target]
    out: Destination
    name: str
    demands: Sequence[Demand] = ()
    profiles: Sequence[MappingProfile] = ()
    since: str | None = None  # what the delivery is held against: LAST, or a folder of results
    ready_only: bool = False  # deliver to the targets that lack nothing, though others do
