"""What reviewers do on the review page, each a step that can be undone."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response
from starlette.datastructures import FormData

from discovery_pipeline.engine.mapping import transformations
from discovery_pipeline.engine.mapping.model import DataType, MappedField
from discovery_pipeline.engine.phrases import counted
from discovery_pipeline.errors import StaleVersionError, TransformationError
from discovery_pipeline.store.reviews.decisions import Decision
from discovery_pipeline.web.faults import InvalidRequest
from discovery_pipeline.web.pages.answering import Note, text
from discovery_pipeline.web.pages.review_desk import PATCH, AtDesk, Desk, entry_of, review_page
from discovery_pipeline.web.pages.templating import rendered
from discovery_pipeline.web.pages.views.mapping_page import DATA_TYPES, alone
from discovery_pipeline.web.pages.views.panel import Edit, past
from discovery_pipeline.web.services.drafting import Draft
from discovery_pipeline.web.services.entries import Choice, Entry
from discovery_pipeline.web.services.review import Accepting
from discovery_pipeline.web.services.vocabularies import matching

router = APIRouter(prefix="/discovery/field-mapping/{flow_id}")


@router.post("/decide")
async def decide(at: AtDesk) -> Response:
    """Accept, reject, ignore or reopen a column, or choose one of its alternatives."""
    asked = await at.asked()
    for verb, make in _VERBS.items():
        if said := text(at.form, verb):
            key, _, number = said.partition(".")
            entry = entry_of(asked.draft, key)
            decision, told = make(asked.draft, entry, number)
            return await _decided(at, entry, [decision], told)
    raise InvalidRequest("Nothing was chosen.")


@router.post("/prefer")
async def prefer(at: AtDesk) -> Response:
    """Settle which of several columns fills a field: one does, and the others are rejected for it, in one step."""
    asked = await at.asked()
    key, _, over = text(at.form, "prefer").partition(".")
    entry = entry_of(asked.draft, key)
    wanted = asked.draft.preferring(entry, entry_of(asked.draft, over) if over else None)
    chosen = Choice.model_validate(wanted[0].after).fields
    if not chosen:
        raise InvalidRequest(f"{entry.column} fills nothing that another column would. Load the page again.")
    said = f"{entry.column} fills {', '.join(field.target_field for field in chosen)}"
    return await _decided(at, entry, wanted, said.partition(" ")[2], reason=said if len(wanted) > 1 else "")


@router.post("/accept")
async def accept(at: AtDesk) -> Response:
    """Accept every suggestion of every target, or the sure ones that were listed."""
    wanted = Accepting()
    if text(at.form, "what") == "high":
        listed = frozenset(key for key in at.form.getlist("key") if isinstance(key, str))
        wanted = Accepting(sure=True, system=(await at.asked()).draft.target.name, among=listed)
    done = await at.called.review.accept(at.caller, at.flow, wanted)
    if not done.entries:
        return await at.answer("Nothing is left to accept: every suggestion is decided.")
    return await at.answer(f"Accepted {counted(len(done.entries), 'suggestion')}. Undo takes them back in one step.")


@router.post("/undo")
async def undo(at: AtDesk) -> Response:
    """Take back the newest step of anybody, or decide it again."""
    if text(at.form, "do") == "redo":
        done, word = await at.called.review.redo(at.caller, at.flow), "Redone"
    else:
        done, word = await at.called.review.undo(at.caller, at.flow, _batch(text(at.form, "batch"))), "Undone"
    if done is None:
        return await at.answer("There is nothing to undo." if word == "Undone" else "There is nothing to redo.")
    kept = ", ".join(str(subject[-1]) for _, subject in done.kept[:5])
    return await at.answer(f"{word}. {kept} kept a newer decision." if kept else f"{word}.")


@router.post("/edit")
async def edit(at: AtDesk) -> Response:
    """Another field, transformation or type for a column."""
    asked = await at.asked()
    entry, wanted = entry_of(asked.draft, text(at.form, "key")), _edit(at.form)
    if wrong := _fault(wanted):
        if PATCH in at.request.headers:
            raise InvalidRequest(wrong)
        view = replace(asked.view, open=entry.key)
        note = Note(wrong, "bad")
        return await review_page(at.request, replace(asked, view=view, edit=wanted), note, status=422)
    fields = () if not wanted.field else (_field(asked.draft, entry, wanted),)
    choice = Choice(standing="accepted" if fields else "rejected", fields=fields or entry.fields)
    decision = choice.decision(entry.subject, entry.seen)
    return await _decided(at, entry, [decision], wanted.field or "not imported")


@router.post("/preview")
async def preview(at: AtDesk) -> Response:
    """What a transformation makes of the column's values, before anything is decided."""
    wanted = _edit(at.form)
    view = replace(at.view, open=text(at.form, "key"))
    asked = await at.asked(view, wanted)
    entry_of(asked.draft, view.open)
    if PATCH not in at.request.headers:
        return await review_page(at.request, asked)
    shown = await asyncio.to_thread(alone, asked)
    return HTMLResponse(rendered("_trial.html.j2", preview=shown["open"].preview))


@router.post("/values")
async def values(at: AtDesk) -> Response:
    """A target's word for each of the column's values."""
    asked = await at.asked()
    entry = entry_of(asked.draft, text(at.form, "key"))
    old, new, near = (cast("list[str]", at.form.getlist(name)) for name in ("from", "to", "near"))
    if text(at.form, "do") == "nearest":
        new = [word or nearest for word, nearest in zip(new, near, strict=False)]
    chosen = dict(zip(old, new, strict=False))
    decision = await asyncio.to_thread(matching, asked.draft, entry, chosen)
    return await _decided(at, entry, [decision], f"{counted(len([*filter(None, new)]), 'value')} matched")


@router.post("/fill")
async def fill(at: AtDesk) -> Response:
    """Fill what the target can't do without: from a column, or the same for every row."""
    asked = await at.asked()
    draft, table, source = asked.draft, text(at.form, "table"), text(at.form, "source")
    name, column, constant = text(at.form, "field"), text(at.form, "column"), text(at.form, "constant")
    if column:
        entry = next((e for e in draft.entries if (e.table, e.column) == (source, column)), None)
        if entry is None:
            raise InvalidRequest(f"There is no column {column} in {source}.")
        choice = Choice(standing="accepted", fields=(draft.offer(entry, table, name),))
        wanted = choice.decision(entry.subject, entry.seen)
    elif constant:
        wanted = _constant(draft, source, table, name, constant)
    else:
        return await at.answer(f"{name}: choose a column, or say what stands in every row.", kind="bad")
    await at.called.review.decide(at.caller, at.flow, [wanted])
    return await at.answer(f"{name} is filled by {column or constant}.")


def _batch(said: str) -> UUID | None:
    """The step that is named; the newest one where none is."""
    try:
        return UUID(said) if said else None
    except ValueError:
        raise InvalidRequest("There is no such step any more. Load the page again.") from None


async def _decided(at: Desk, entry: Entry, decisions: Sequence[Decision], told: str, reason: str = "") -> Response:
    """Decide on a column. Where somebody else was faster, the page shows what they chose, and theirs stands."""
    wanted = [_unless_stale(at, decision) for decision in decisions]
    try:
        await at.called.review.decide(at.caller, at.flow, wanted, reason or text(at.form, "reason"))
    except StaleVersionError as stale:
        if PATCH in at.request.headers:
            raise
        asked = await at.asked()
        newer = entry_of(asked.draft, entry.key).decided
        chose = (f"{entry.column}: {past(newer).said}, by {newer.by}",) if newer else ()
        return await review_page(at.request, asked, Note(str(stale), "bad", chose), status=409)
    return await at.answer(f"{entry.column}: {told}")


def _unless_stale(at: Desk, decision: Decision) -> Decision:
    """The decision as of what its maker saw: a newer one on the same column refuses it.

    A form that is open while others decide says what it was opened on; else the page says how far it came.
    """
    if (opened_on := text(at.form, "seen")).isdigit():
        return replace(decision, seen=int(opened_on))
    known = at.request.headers.get(PATCH) or text(at.form, "latest")
    stale = known.isdigit() and decision.seen is not None and decision.seen > int(known)
    return replace(decision, seen=int(known)) if stale else decision


def _edit(form: FormData) -> Edit:
    table, _, field = text(form, "field").partition("|")
    said = text(form, "data_type")
    data_type = cast("DataType", said if said in DATA_TYPES else "string")
    return Edit(table, field, text(form, "transformation"), data_type)


def _fault(wanted: Edit) -> str:
    try:
        transformations.parse(wanted.transformation) if wanted.transformation else None
    except TransformationError as error:
        return str(error)
    return ""


def _field(draft: Draft, entry: Entry, wanted: Edit) -> MappedField:
    offered = draft.offer(entry, wanted.table, wanted.field)
    said = {"transformation": wanted.transformation or None, "data_type": wanted.data_type}
    same = all(getattr(offered, name) == value for name, value in said.items())
    return offered if same else offered.model_copy(update={**said, "origin": "user"})


def _constant(draft: Draft, source: str, table: str, name: str, value: str) -> Decision:
    """The same value in every row of what a source table delivers."""
    made = draft.constant(source, table, name, f"constant({transformations.quoted(value)})")
    others = tuple(f for f in draft.constants.get(source, ()) if f.target_field != name)
    subject = (draft.target.name, source, "")
    return Choice(standing="accepted", fields=(*others, made)).decision(subject, draft.constants_seen.get(source, 0))


def _accepted(_: Draft, entry: Entry, __: str) -> tuple[Decision, str]:
    return Choice(standing="accepted", fields=entry.fields).decision(entry.subject, entry.seen), "accepted"


def _rejected(_: Draft, entry: Entry, __: str) -> tuple[Decision, str]:
    return Choice(standing="rejected", fields=entry.fields).decision(entry.subject, entry.seen), "rejected"


def _ignored(_: Draft, entry: Entry, __: str) -> tuple[Decision, str]:
    return Choice(standing="ignored", fields=entry.fields).decision(entry.subject, entry.seen), "ignored"


def _reopened(_: Draft, entry: Entry, __: str) -> tuple[Decision, str]:
    return replace(Choice(standing="open").decision(entry.subject, entry.seen), after=None), "open again"


def _chosen(draft: Draft, entry: Entry, number: str) -> tuple[Decision, str]:
    place = int(number) - 1 if number.isdigit() else -1
    if not 0 <= place < len(entry.alternatives):
        raise InvalidRequest(f"There is no alternative {number or '0'}.")
    match = entry.alternatives[place]
    field = draft.offer(entry, match.target_table, match.target_field)
    return Choice(standing="accepted", fields=(field,)).decision(entry.subject, entry.seen), match.target_field


_VERBS: dict[str, Any] = {
    "accept": _accepted,
    "reject": _rejected,
    "ignore": _ignored,
    "reopen": _reopened,
    "choose": _chosen,
}
