"""/discovery/field-mapping: what is offered for each source column, and what reviewers make of it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import Annotated, Any, cast
from urllib.parse import parse_qsl, urlsplit

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, Response
from starlette.datastructures import FormData

from discovery_pipeline.engine.mapping import transformations
from discovery_pipeline.engine.mapping.model import DataType, MappedField
from discovery_pipeline.errors import TransformationError
from discovery_pipeline.flow.state import Flow
from discovery_pipeline.store.decisions import Decision
from discovery_pipeline.web.faults import InvalidRequest, NotYet
from discovery_pipeline.web.pages.answering import Called, Note, Sent, Visitor, flow_page, ours, text, to
from discovery_pipeline.web.pages.templating import plural, rendered
from discovery_pipeline.web.pages.views.mapping_page import DATA_TYPES, Asked, alone, changes, whole
from discovery_pipeline.web.pages.views.panel import Edit
from discovery_pipeline.web.pages.views.review import Shown, View
from discovery_pipeline.web.services import Caller, Services
from discovery_pipeline.web.services.drafting import Choice, Draft, Entry

router = APIRouter(prefix="/discovery/field-mapping/{flow_id}")

PATCH = "x-patch"
"""Header by which the page's script asks for the changed parts alone; its value is the newest decision it knows."""
MOST = 150
"""Changed rows that are sent as a patch; beyond these the page is loaded anew."""


@dataclass(frozen=True, slots=True)
class Desk:
    """One request to a review: who, which flow, and the form that they sent."""

    request: Request
    called: Services
    caller: Caller
    flow: Flow
    form: FormData

    @property
    def view(self) -> View:
        """What they looked at."""
        query = dict(parse_qsl(urlsplit(text(self.form, "back")).query))
        return View.of({**query, "system": text(self.form, "system") or query.get("system", "")})

    async def asked(self, view: View | None = None, edit: Edit | None = None) -> Asked:
        """The review as it stands, and what they look at."""
        reviewed = await self.called.review.read(self.caller, self.flow)
        return Asked(self.caller, reviewed, view or self.view, self.called.settings.auto_approval, edit)

    async def answer(self, note: str, *, kind: str = "") -> Response:
        """Back to where they were: what changed, where a script asked, else the page."""
        known = self.request.headers.get(PATCH, "")
        if known.isdigit():
            return await _patch(await self.asked(), int(known), note)
        return to(ours(text(self.form, "back")), Note(note, kind))


async def desk(request: Request, called: Called, caller: Visitor, flow_id: str, form: Sent) -> Desk:
    """What every change of a review begins with."""
    return Desk(request, called, caller, await called.flow.get(caller, flow_id), form)


AtDesk = Annotated[Desk, Depends(desk)]


@router.get("")
async def review(request: Request, called: Called, caller: Visitor, flow_id: str) -> Response:
    """The rows of one target, those that the filters leave."""
    flow = await called.flow.get(caller, flow_id)
    try:
        reviewed = await called.review.read(caller, flow)
    except NotYet:
        return to(f"/discovery/cmdb-import/{flow.id}")
    asked = Asked(caller, reviewed, View.of(request.query_params), called.settings.auto_approval)
    return await _page(request, asked)


@router.get("/changes")
async def changed(request: Request, called: Called, caller: Visitor, flow_id: str, after: int = 0) -> Response:
    """What others decided since; 204 where nobody did."""
    flow = await called.flow.get(caller, flow_id)
    reviewed = await called.review.read(caller, flow)
    news = [one for one in reviewed.log if one.id > after]
    if not news:
        return Response(status_code=204)
    others = sorted({one.by for one in news if one.by != caller.login})
    note = f"{' and '.join(others)} decided {plural(len(news), 'column')}" if others else ""
    asked = Asked(caller, reviewed, View.of(request.query_params), called.settings.auto_approval)
    return await _patch(asked, after, note)


@router.get("/panel")
async def opened(request: Request, called: Called, caller: Visitor, flow_id: str) -> Response:
    """All about one column: alternatives, transformation, values, who decided what."""
    flow = await called.flow.get(caller, flow_id)
    reviewed = await called.review.read(caller, flow)
    back = View.of(dict(parse_qsl(urlsplit(request.query_params.get("back", "")).query)))
    view = replace(back, open=request.query_params.get("open", ""), system=request.query_params.get("system", ""))
    asked = Asked(caller, reviewed, view, called.settings.auto_approval)
    _entry(asked.draft, view.open)
    shown = await asyncio.to_thread(alone, asked)
    return HTMLResponse(rendered("panel.html.j2", who=caller, **shown))


@router.post("/decide")
async def decide(at: AtDesk) -> Response:
    """Accept, reject, ignore or reopen a column, or choose one of its alternatives."""
    asked = await at.asked()
    for verb, make in _VERBS.items():
        if said := text(at.form, verb):
            key, _, number = said.partition(".")
            entry = _entry(asked.draft, key)
            decision, told = make(asked.draft, entry, number)
            await at.called.review.decide(at.caller, at.flow, [_unless_stale(at, asked.draft, decision)])
            return await at.answer(f"{entry.column}: {told}")
    raise InvalidRequest("Nothing was chosen.")


@router.post("/accept")
async def accept(at: AtDesk) -> Response:
    """Accept every suggestion of every target, or the sure ones that are shown."""
    asked = await at.asked()
    if text(at.form, "what") == "high":
        shown = Shown(asked.draft, asked.view, asked.high, asked.address)
        wanted = asked.draft.accepting(shown.high, seen=True)
    else:
        wanted = [d for draft in asked.reviewed.drafts for d in draft.accepting(draft.undecided, seen=True)]
    await at.called.review.decide(at.caller, at.flow, wanted)
    return await at.answer(f"Accepted {plural(len(wanted), 'suggestion')}. Undo takes them back in one step.")


@router.post("/undo")
async def undo(at: AtDesk) -> Response:
    """Take back the newest step of anybody, or decide it again."""
    if text(at.form, "do") == "redo":
        done, word = await at.called.review.redo(at.caller, at.flow), "Redone"
    else:
        done, word = await at.called.review.undo(at.caller, at.flow), "Undone"
    if done is None:
        return await at.answer("There is nothing to undo." if word == "Undone" else "There is nothing to redo.")
    kept = ", ".join(str(subject[-1]) for _, subject in done.kept[:5])
    return await at.answer(f"{word}. {kept} kept a newer decision." if kept else f"{word}.")


@router.post("/edit")
async def edit(at: AtDesk) -> Response:
    """Another field, transformation or type for a column."""
    asked = await at.asked()
    entry, wanted = _entry(asked.draft, text(at.form, "key")), _edit(at.form)
    if wrong := _fault(wanted):
        if PATCH in at.request.headers:
            raise InvalidRequest(wrong)
        view = replace(asked.view, open=entry.key)
        note = Note(wrong, "bad")
        return await _page(at.request, replace(asked, view=view, edit=wanted), note, status=422)
    fields = () if not wanted.field else (_field(asked.draft, entry, wanted),)
    choice = Choice(standing="accepted" if fields else "rejected", fields=fields or entry.fields)
    decision = _unless_stale(at, asked.draft, choice.decision(entry.subject, entry.seen))
    await at.called.review.decide(at.caller, at.flow, [decision], text(at.form, "reason"))
    return await at.answer(f"{entry.column}: {wanted.field or 'not imported'}")


@router.post("/preview")
async def preview(at: AtDesk) -> Response:
    """What a transformation makes of the column's values, before anything is decided."""
    wanted = _edit(at.form)
    view = replace(at.view, open=text(at.form, "key"))
    asked = await at.asked(view, wanted)
    _entry(asked.draft, view.open)
    if PATCH not in at.request.headers:
        return await _page(at.request, asked)
    shown = await asyncio.to_thread(alone, asked)
    return HTMLResponse(rendered("_trial.html.j2", preview=shown["open"].preview))


@router.post("/values")
async def values(at: AtDesk) -> Response:
    """A target's word for each of the column's values."""
    asked = await at.asked()
    entry = _entry(asked.draft, text(at.form, "key"))
    old, new = (cast("list[str]", at.form.getlist(name)) for name in ("from", "to"))
    pairs = ", ".join(
        f"{transformations.quoted(a)}: {transformations.quoted(b)}" for a, b in zip(old, new, strict=False) if b
    )
    field = next(iter(entry.fields), None)
    if field is None or not pairs:
        raise InvalidRequest("Choose a target field first, and a word of the target for one value at least.")
    made = field.model_copy(update={"transformation": f"map_values({{{pairs}}})", "origin": "user"})
    decision = Choice(standing="accepted", fields=(made,)).decision(entry.subject, entry.seen)
    await at.called.review.decide(at.caller, at.flow, [_unless_stale(at, asked.draft, decision)])
    return await at.answer(f"{entry.column}: {plural(pairs.count(': '), 'value')} matched")


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


async def _page(request: Request, asked: Asked, *notes: Note, status: int = 200) -> Response:
    shown = await asyncio.to_thread(whole, asked)
    return flow_page(
        request, "field_mapping.html.j2", asked.caller, asked.reviewed.flow, title="Field mapping", wide=True,
        notes=notes, status_code=status, **shown,
    )  # fmt: skip


async def _patch(asked: Asked, after: int, note: str) -> Response:
    if sum(one.id > after for one in asked.reviewed.log) > MOST:
        return Response(status_code=205, headers={"X-Note": "reload"})
    shown = await asyncio.to_thread(changes, asked, after)
    return HTMLResponse(rendered("patch.html.j2", who=asked.caller, note=note, **shown))


def _entry(draft: Draft, key: str) -> Entry:
    entry = draft.by_key.get(key)
    if entry is None:
        raise InvalidRequest("There is no such column any more. Load the page again.")
    return entry


def _unless_stale(at: Desk, draft: Draft, decision: Decision) -> Decision:
    """The decision as of what its maker saw: a newer one on the same column refuses it."""
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
    field = draft.target.table(table).field(name)
    made = MappedField(
        source_table=source, source_field="", target_table=table, target_field=name, confidence=1.0, origin="user",
        transformation=f"constant({transformations.quoted(value)})", is_required=field.required,
    )  # fmt: skip
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
