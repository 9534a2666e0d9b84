"""Everything that the review page shows, made from a review and what its reader asks for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, get_args
from uuid import UUID

import duckdb

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.delivery.report.masking import mask_of
from discovery_pipeline.engine.mapping.model import HIGH, LIKELY, DataType
from discovery_pipeline.engine.mapping.transformations.operations import OPERATIONS
from discovery_pipeline.engine.phrases import counted
from discovery_pipeline.flow.state import Phase, PhaseStatus
from discovery_pipeline.store.reviews.decisions import CELL, MAPPING, RULE, VALUE, Decided, origins
from discovery_pipeline.store.reviews.profiles import SavedProfile
from discovery_pipeline.web.pages.views.flows import label
from discovery_pipeline.web.pages.views.paging import Chip
from discovery_pipeline.web.pages.views.panel import Edit, Opened, panel
from discovery_pipeline.web.pages.views.profiles import Used, offered_profiles
from discovery_pipeline.web.pages.views.review import ORDERS, Shown, View, needs
from discovery_pipeline.web.pages.views.rows import Rows
from discovery_pipeline.web.pages.views.standing import may_change
from discovery_pipeline.web.services import Caller
from discovery_pipeline.web.services.affecting import Affected
from discovery_pipeline.web.services.drafting import Draft, Place
from discovery_pipeline.web.services.entries import Choice, Entry
from discovery_pipeline.web.services.review import Reviewed
from discovery_pipeline.web.services.seconding import PROPOSAL, Proposal, proposed, sent_back

DATA_TYPES = get_args(DataType)


_KINDS = {PROPOSAL: "proposed", RULE: "decided", VALUE: "decided", CELL: "decided"}
_NOUNS = {MAPPING: "column", RULE: "rule", VALUE: "value", CELL: "cell"}
_AGAIN = {"done": "", "undone": "took back: ", "redone": "did again: "}
STEPS = 15
"""Steps shown below the rows; a column's own history stands in its panel."""


@dataclass(frozen=True, slots=True)
class PastStep:
    """What somebody decided with one click."""

    batch: UUID
    said: str
    at: datetime
    reason: str
    stands: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """A review, who looks at it, and what they want to see."""

    caller: Caller
    reviewed: Reviewed
    view: View
    edit: Edit | None = None
    profiles: tuple[SavedProfile, ...] = ()  # for this target
    used: tuple[Used, ...] = ()  # profiles that decide columns here
    remembered: int = 0  # decisions on values of earlier exports, offered for this one
    approving: Proposal | None = None  # what they are about to approve
    undecided: tuple[Entry, ...] = ()  # what they are asked about before it is saved
    affected: Affected | None = None  # what saving would change in what is delivered
    ready_only: bool = False  # deliver to the targets that lack nothing, though others do
    ready: tuple[str, ...] = ()  # those, where saving was refused for what others lack

    @property
    def draft(self) -> Draft:
        """Of the target that is looked at."""
        return self.reviewed.of(self.view.system)

    @property
    def address(self) -> str:
        """Of the page."""
        return f"/discovery/field-mapping/{self.reviewed.flow.id}"

    @property
    def may_decide(self) -> bool:
        """Whether buttons are of any use."""
        return may_change(self.caller, self.reviewed.flow)


def whole(asked: Asked) -> dict[str, Any]:
    """The values of the whole page. Works out previews: call it beside the event loop."""
    with _previewing().cursor() as con:
        return _whole(con, asked)


def changes(asked: Asked, after: int) -> dict[str, Any]:
    """The values of a patch: rows that decisions after that number touched, and what stands around the rows."""
    shown = _shown(asked)
    touched = touched_by(asked.draft, (one for one in asked.reviewed.log if one.id > after))
    on_page = {entry.key for entry in shown.rows} | {asked.view.open} if asked.view.whole else None
    seen = [entry for entry in touched if on_page is None or entry.key in on_page]
    with _previewing().cursor() as con:
        return {**_around(asked, shown), "rows": _rows(con, asked).of(seen), "open": None}


def alone(asked: Asked) -> dict[str, Any]:
    """The values of the panel of one column."""
    draft = asked.draft
    with _previewing().cursor() as con:
        opened = panel(_rows(con, asked), draft, draft.by_key[asked.view.open], asked.reviewed.log, _opened(asked))
    return {**_around(asked, _shown(asked)), "open": opened}


def touched_by(draft: Draft, log: Iterable[Decided]) -> list[Entry]:
    """Entries whose line looks otherwise since these decisions: those decided, and those that fit the same."""
    by_subject = {entry.subject: entry for entry in draft.entries}
    suited: dict[Place, list[Entry]] = defaultdict(list)
    for entry in draft.entries:
        if entry.alternatives and entry.alternatives[0].tier != "No match" and not entry.fields:
            suited[entry.alternatives[0].place].append(entry)
    found: dict[str, Entry] = {}
    for one in log:
        entry = by_subject.get(one.subject) if one.kind == MAPPING else None  # type: ignore[arg-type]
        if entry is None:
            continue
        found[entry.key] = entry
        fields = [f for choice in (one.before, one.after) if choice for f in Choice.model_validate(choice).fields]
        for field in (*fields, *entry.offered, *entry.alternatives[:1]):
            place = (entry.table, field.target_table, field.target_field)
            found |= {rival.key: rival for rival in (*draft.filled.get(place, ()), *suited[place])}
    return list(found.values())


def past(reviewed: Reviewed) -> list[PastStep]:
    """The newest steps, the last first; those that stand can be taken back one by one."""
    standing = set(reviewed.steps[0])
    batches = list(dict.fromkeys(one.batch for one in reversed(reviewed.log)))[:STEPS]
    firsts = {batch: reviewed.batch(batch)[0] for batch in batches}
    return [
        PastStep(batch, _named(reviewed, batch), one.at, one.reason, batch in standing) for batch, one in firsts.items()
    ]


def _whole(con: duckdb.DuckDBPyConnection, asked: Asked) -> dict[str, Any]:
    draft, view = asked.draft, asked.view
    rows, shown = _rows(con, asked), _shown(asked)
    around = _around(asked, shown)
    opened = draft.by_key.get(view.open)
    if opened is not None and opened not in shown.rows:
        shown.entries.insert(shown.page.offset, opened)
    return {
        **around,
        "rows": rows.of(shown.rows),
        "open": panel(rows, draft, opened, asked.reviewed.log, _opened(asked)) if opened else None,
        "page": shown.page,
        "orders": ORDERS,
        "remembered": asked.remembered,
        "tables": tuple(dict.fromkeys(entry.table for entry in draft.entries)),
        "systems": [
            Chip(
                label(each.target.name),
                f"{asked.address}?system={each.target.name}",
                each is draft,
                len(each.undecided),
            )
            for each in asked.reviewed.drafts
        ],
        "operations": OPERATIONS.values(),
        "past": past(asked.reviewed),
    }


@cache
def _previewing() -> duckdb.DuckDBPyConnection:
    """What previews are worked out on: one for all pages, since to open one takes 15 ms, and a cursor of it none."""
    return duck.connect(threads=1)


def _around(asked: Asked, shown: Shown) -> dict[str, Any]:
    """What stands around the rows, and what each of them needs to know."""
    draft, view, flow = asked.draft, asked.view, asked.reviewed.flow
    done, undone = asked.reviewed.steps
    found = needs(draft)
    here = f"{asked.address}?{view.query(page=view.page if view.page > 1 else 0)}"
    return {
        "action": asked.address,
        "preview_at": f"/discovery/preview/{flow.id}",
        "here": f"{here}{f'&open={view.open}' if view.open else ''}",
        "here_open": lambda key: f"{here}#r-{key}" if key == view.open else f"{here}&open={key}#r-{key}",
        "system": draft.target.name,
        "target_title": label(draft.target.name),
        "view": view,
        "version": flow.version,
        "latest": asked.reviewed.latest,
        "counts": shown.counts,
        "sure": shown.high,
        "chips": shown.chips,
        "needs": found,
        "lacking": sum(not need.met for need in found),
        "undoable": _named(asked.reviewed, done[-1]) if done else "",
        "redoable": _named(asked.reviewed, undone[-1]) if undone else "",
        "may_decide": asked.may_decide,
        "many_tables": len({entry.table for entry in draft.entries}) > 1,
        "many_target_tables": len(draft.target.tables) > 1,
        "data_types": DATA_TYPES,
        "high": HIGH,
        "likely": LIKELY,
        "profiles": offered_profiles(asked.profiles, flow.source_system),
        "used": asked.used,
        "proposal": proposed(asked.reviewed.log),
        "approving": asked.approving,
        "sent_back": sent_back(asked.reviewed.log),
        "affected": asked.affected,
        "ready_only": asked.ready_only,
        "ready": [label(name) for name in asked.ready],
        "label": label,
        "undecided": asked.undecided,
        "undecided_shown": [f"{e.column} → {', '.join(f.target_field for f in e.fields)}" for e in asked.undecided[:8]],
        "saved": flow.phases[Phase.FIELD_MAPPING].status is PhaseStatus.COMPLETED,
    }


def _opened(asked: Asked) -> Opened:
    """What of the open panel is asked for."""
    view = asked.view

    def at(page: int) -> str:
        return f"{asked.address}?{view.query(page=view.page, open=view.open, values=page)}#values-{view.open}"

    return Opened(view.values, at, asked.edit)


def _shown(asked: Asked) -> Shown:
    return Shown(asked.draft, asked.view, asked.address)


def _rows(con: duckdb.DuckDBPyConnection, asked: Asked) -> Rows:
    mask = mask_of(asked.reviewed.profile, raised=asked.caller.may("reviewer"))
    return Rows(con, asked.draft, asked.reviewed.profile, mask)


def _named(reviewed: Reviewed, batch: UUID) -> str:
    """A step in a few words: "accepted, 12 columns, by ana"."""
    mine = reviewed.batch(batch)
    first = mine[0]
    of, what_became = origins(reviewed.log)[batch]
    begun = next(iter(reviewed.batch(of)), first)
    said = _KINDS.get(begun.kind, "reopened") if begun.after else "reopened"
    if begun.kind == MAPPING and begun.after:
        said = Choice.model_validate(begun.after).standing
    return f"{_AGAIN[what_became]}{said}: {_subjects(mine)}, by {first.by}"


def _subjects(mine: Sequence[Decided]) -> str:
    """What a step is about: one column by its name, several things by their number."""
    kinds, columns = {one.kind for one in mine}, {one.subject[1] for one in mine if len(one.subject) > 1}
    if kinds <= {MAPPING, PROPOSAL} and len(mine) == 1:
        return str(mine[0].subject[-1])
    many = counted(len(mine), _NOUNS.get(mine[0].kind, "decision") if len(kinds) == 1 else "decision")
    return f"{many} of {columns.pop()}" if kinds <= {RULE, VALUE, CELL} and len(columns) == 1 else many
