"""Seconding: where a mapping takes two people, one proposes it and another one approves it.

A proposal is a decision like any other: it stands in the log with who, when and why, and can be taken back. It holds
what was submitted, so that what is approved is what was proposed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from discovery_pipeline.flow.state import Flow
from discovery_pipeline.store.reviews import decisions
from discovery_pipeline.store.reviews.decisions import Decided, Decision, What
from discovery_pipeline.store.state import FlowStateManager
from discovery_pipeline.web.faults import NotWaiting, SecondPersonNeeded
from discovery_pipeline.web.services.submissions import FieldMappingItem, Submission, ValidationRule

PROPOSAL = "mapping.proposal"
"""Kind of decision; subject: "mapping"."""
APPROVED = "approved by "
"""How the reason begins for which a proposal doesn't wait any more once it is approved."""
_SUBJECT = ("mapping",)
_ITEMS = TypeAdapter(list[FieldMappingItem])
_RULES = TypeAdapter(dict[str, list[ValidationRule]] | None)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A mapping that waits for another person's approval."""

    by: str
    at: datetime
    fields: int
    fingerprint: str
    submission: Submission


@dataclass(frozen=True, slots=True)
class SentBack:
    """A proposal that another person didn't approve."""

    by: str
    at: datetime
    proposer: str
    reason: str


def sent_back(log: Iterable[Decided]) -> SentBack | None:
    """What was sent back last; None where something is proposed since, or was approved or taken back instead."""
    steps = [one for one in log if one.kind == PROPOSAL][-2:]
    if len(steps) < 2 or steps[-1].after is not None or steps[-1].undoes is not None:
        return None
    proposed, last = steps
    if last.by == proposed.by or last.reason.startswith(APPROVED):
        return None
    return SentBack(last.by, last.at, proposed.by, last.reason)


def proposed(log: Sequence[Decided]) -> Proposal | None:
    """What of a log, the oldest first, waits for a second person; None where nothing does."""
    newest = next((one for one in reversed(log) if one.kind == PROPOSAL), None)
    return _read(newest) if newest and newest.after else None


def held(decided: Mapping[What, Decided]) -> Proposal | None:
    """What of these decisions waits for a second person; None where nothing does."""
    one = decided.get((PROPOSAL, _SUBJECT))
    return _read(one) if one else None


async def waiting(states: FlowStateManager, flow: Flow) -> Proposal | None:
    """What waits for a second person, in the transaction that decides on it."""
    return held(await decisions.current(states.session, flow, PROPOSAL))


async def propose(states: FlowStateManager, flow: Flow, wanted: Submission, fingerprint: str, fields: int) -> None:
    """Keep a submission until somebody else approves it; the same by the same person is kept once."""
    said: dict[str, Any] = {
        "by": states.tenant.by,
        "fingerprint": fingerprint,
        "fields": fields,
        "items": _ITEMS.dump_python(list(wanted.items), mode="json", exclude_defaults=True),
        "auto_map_remaining": wanted.auto_map_remaining,
        "ready_only": wanted.ready_only,
        "rules": _RULES.dump_python(wanted.rules, mode="json", exclude_defaults=True),
    }
    await decisions.decide(states, flow, [Decision(PROPOSAL, _SUBJECT, said)], "waits for a second person")


async def withdraw(states: FlowStateManager, flow: Flow, reason: str) -> None:
    """Nothing is proposed any more.

    Raises
    ------
    NotWaiting
        Nothing was.
    """
    if await waiting(states, flow) is None:
        raise NotWaiting(f"Flow {flow.slug} has no mapping that waits for a second person.")
    await decisions.decide(states, flow, [Decision(PROPOSAL, _SUBJECT, None)], reason)


def refuse_own(proposal: Proposal, who: str) -> None:
    """Refuse whoever would approve what they proposed themselves.

    Raises
    ------
    SecondPersonNeeded
        They did.
    """
    if proposal.by == who:
        raise SecondPersonNeeded(
            f"You proposed this mapping at {proposal.at:%Y-%m-%d %H:%M} UTC; somebody else has to approve it. "
            "Ask another reviewer of this engagement."
        )


def _read(one: Decided) -> Proposal:
    said = one.after or {}
    items = _ITEMS.validate_python(said["items"])
    rules = _RULES.validate_python(said["rules"])
    wanted = Submission(items, said["auto_map_remaining"], rules, ready_only=said.get("ready_only", False))
    return Proposal(one.by, one.at, said["fields"], said["fingerprint"], wanted)
