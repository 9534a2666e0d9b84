"""Commands: what somebody wants to happen to a flow. Whether it does is `decide`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from discovery_pipeline.flow.events import EventType
from discovery_pipeline.flow.state import Phase


@dataclass(frozen=True, slots=True)
class CreateFlow:
    """Begin a flow."""

    name: str
    slug: str
    source_system: str
    target_system: str


@dataclass(frozen=True, slots=True)
class AcceptImport:
    """A file was read. After the import phase this goes back to it."""

    import_id: int
    rows: int
    replaces: int | None = None


@dataclass(frozen=True, slots=True)
class ReadAgain:
    """The files are to be read in another way. After the import phase this goes back to it."""


@dataclass(frozen=True, slots=True)
class PassOn:
    """The run that imports has read what isn't all any more: the import waits for the run that was asked for since."""


@dataclass(frozen=True, slots=True)
class StartPhase:
    """Begin a phase, begin it again after a failure, or go back to it."""

    phase: Phase


@dataclass(frozen=True, slots=True)
class CompletePhase:
    """The running phase is done."""

    phase: Phase
    result: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FailPhase:
    """The running phase failed; it can be started again."""

    phase: Phase
    result: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RetryPhase:
    """The failed phase is to be worked on again. It waits until a run begins it."""

    phase: Phase


@dataclass(frozen=True, slots=True)
class OfferMappings:
    """The matcher's suggestions are there to be reviewed."""

    target: str
    fields: int
    unmapped: int


@dataclass(frozen=True, slots=True)
class SubmitMappings:
    """A person, or the threshold, approves what is to be delivered."""

    fields: Mapping[str, int]  # by target
    fingerprint: str  # of the mappings: the same ones again change nothing


@dataclass(frozen=True, slots=True)
class RejectMappings:
    """A person finds the suggestions of no use; the review goes on."""

    why: str


@dataclass(frozen=True, slots=True)
class Tell:
    """Report a fact that leaves the state as it is."""

    type: EventType
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Keep:
    """Keep something of the caller's with the state."""

    patch: Mapping[str, Any]  # a None takes the key away


@dataclass(frozen=True, slots=True)
class CancelFlow:
    """End the flow without a result."""

    why: str = ""


Command = (
    AcceptImport
    | ReadAgain
    | PassOn
    | StartPhase
    | CompletePhase
    | FailPhase
    | RetryPhase
    | OfferMappings
    | SubmitMappings
    | RejectMappings
    | Tell
    | Keep
    | CancelFlow
)
