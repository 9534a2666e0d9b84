"""/discovery/cleansing: what was mended, by which rule, and what people decide on it."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.cleansing.model import Cleansed, CleansingPlan, PatchLog
from discovery_pipeline.engine.phrases import counted
from discovery_pipeline.engine.profiling.model import Profile
from discovery_pipeline.engine.tables import LINE
from discovery_pipeline.flow.state import Flow, Phase, PhaseStatus
from discovery_pipeline.store.reviews.decisions import CELL, RULE, VALUE, Decided, Decision
from discovery_pipeline.web.faults import InvalidRequest
from discovery_pipeline.web.pages.answering import Called, Note, Sent, Visitor, flow_page, ours, text, to
from discovery_pipeline.web.pages.views import cleansing as views
from discovery_pipeline.web.pages.views.standing import delivering, may_change
from discovery_pipeline.web.services import Caller, Services
from discovery_pipeline.web.services.masking import mask_for
from discovery_pipeline.web.services.mending import KINDS

router = APIRouter(prefix="/discovery/cleansing/{flow_id}")


@router.get("")
async def cleansing(request: Request, called: Called, caller: Visitor, flow_id: str) -> Response:
    """How cleansing stands, its rules, the changed cells, and what needs a person."""
    flow = await called.flow.get(caller, flow_id)
    return await _page(request, called, caller, flow, views.Narrowed.of(request.query_params))


async def _page(  # noqa: PLR0913, PLR0917 - what is looked at, and what was typed where it isn't taken
    request: Request,
    called: Services,
    caller: Caller,
    flow: Flow,
    narrowed: views.Narrowed,
    refused: views.Refused | None = None,
) -> Response:
    written = await called.deciding.history(caller, flow)
    log = tuple(one for one in written if one.kind in KINDS)
    values = await _read(called, flow)
    begins = await called.flow.begins(caller, flow)
    shown = await asyncio.to_thread(_shown, narrowed, caller, flow, values, log)
    shown |= {"busy": True, "pending": 0, "status": "Cleansing: begins again"} if begins else {}
    waiting = {one.table for one in shown["findings"] if one.values or one.decided} if shown["may_decide"] else ()
    listed = {
        (table, column): words
        for table in waiting
        for column, words in (await called.fitting.words(caller, flow, table)).items()
    }
    offers = await called.remembering.offers(caller, flow) if shown["may_decide"] else ()
    return await flow_page(
        request, "cleansing.html.j2", caller, flow, title="Cleansing", follows=refused is None, listed=listed,
        offers=offers, refused=refused, steps_back=views.StepsBack.of(written), status_code=422 if refused else 200,
        **shown,
    )  # fmt: skip


@router.post("/rule")
async def on_rule(called: Called, caller: Visitor, flow_id: str, form: Sent) -> Response:
    """Take a rule, leave it out, or let the plan decide again."""
    flow = await called.flow.get(caller, flow_id)
    verdict = text(form, "verdict")
    after = {"verdict": verdict} if verdict in ("accept", "reject") else None
    subject = (text(form, "table"), text(form, "column"), text(form, "rule"))
    await called.mending.decide(caller, flow, [Decision(RULE, subject, after)], text(form, "reason"))
    said = {"accept": "is taken", "reject": "is left out"}.get(verdict, "goes as planned")
    return _back(form, flow, f"{subject[2]} on {subject[1]} {said} from the next run on.")


@router.post("/cell")
async def on_cell(called: Called, caller: Visitor, flow_id: str, form: Sent) -> Response:
    """Give one cell back what the source holds, or follow the rules again."""
    flow = await called.flow.get(caller, flow_id)
    row = text(form, "row")
    if not (row.isascii() and row.isdigit()):
        raise InvalidRequest("Which row? Load the page again.")
    table, column = text(form, "table"), text(form, "column")
    source, line = await asyncio.to_thread(_source, await _read(called, flow), table, column, int(row))
    kept = {"seen": source, "after": source} if text(form, "do") == "keep" else None
    await called.mending.decide(caller, flow, [Decision(CELL, (table, column, int(row)), kept)])
    what = "keeps what the source has" if kept else "follows the rules again"
    return _back(form, flow, f"{column} in line {line} of {table} {what}, from the next run on.")


@router.post("/value")
async def on_value(request: Request, called: Called, caller: Visitor, flow_id: str, form: Sent) -> Response:
    """Say what a value becomes wherever the source holds it."""
    flow = await called.flow.get(caller, flow_id)
    subject = (text(form, "table"), text(form, "column"), text(form, "value"))
    becomes, verb = text(form, "becomes"), text(form, "do")
    after = None if verb == "reopen" else {"after": None if verb == "empty" else becomes or subject[2]}
    try:
        await called.mending.decide(caller, flow, [Decision(VALUE, subject, after)], text(form, "reason"))
    except InvalidRequest as fault:
        query = dict(parse_qsl(urlsplit(text(form, "back")).query))
        refused = views.Refused(subject, becomes, fault.detail)
        return await _page(request, called, caller, flow, views.Narrowed.of(query), refused)
    said = "is open again" if after is None else f"{views.becomes(subject[2], after)}, from the next run on"
    return _back(form, flow, f"{subject[2]} in {subject[1]} {said}.")


@router.post("/remembered")
async def on_remembered(called: Called, caller: Visitor, flow_id: str, form: Sent) -> Response:
    """Decide as in an earlier flow: on some values of one column, or on all that are offered."""
    flow = await called.flow.get(caller, flow_id)
    table, column = text(form, "table"), text(form, "column")
    values = [(table, column, str(value) or None) for value in form.getlist("value")]
    try:
        done = await called.remembering.take(caller, flow, None if text(form, "do") == "all" else values)
    except InvalidRequest as fault:
        return to(ours(text(form, "back"), f"/discovery/cleansing/{flow.id}"), Note(fault.detail, "bad"))
    said = f"{counted(done.values, 'value')} decided as before: {counted(done.cells, 'cell')} differ"
    return _back(form, flow, f"{said} from the next run on.")


@router.post("/undo")
async def undo(called: Called, caller: Visitor, flow_id: str, form: Sent) -> Response:
    """Take back the newest step of anybody, or decide it again."""
    flow = await called.flow.get(caller, flow_id)
    done = await (called.review.redo if text(form, "do") == "redo" else called.review.undo)(caller, flow)
    return _back(form, flow, "Done." if done else "There is nothing to take back.")


@router.post("/run")
async def run(called: Called, caller: Visitor, flow_id: str, form: Sent) -> Response:
    """Cleanse, validate and deliver again."""
    flow = await called.flow.get(caller, flow_id)
    await called.mending.rerun(caller, flow)
    return _back(form, flow, "A run with the new decisions was asked for.")


def _back(form: FormData, flow: Flow, said: str) -> Response:
    return to(ours(text(form, "back"), f"/discovery/cleansing/{flow.id}"), Note(said))


async def _read(called: Services, flow: Flow) -> dict[str, Any]:
    return {
        "plan": await called.values.of(flow, "cleansing_plan", CleansingPlan),
        "cleansed": await called.values.of(flow, "cleansed_tables", Cleansed),
        "log": await called.values.of(flow, "patch_log", PatchLog),
        "profile": await called.values.of(flow, "column_profile", Profile),
        "intake": await called.values.of(flow, "source_tables", object),
    }


def _shown(
    narrowed: views.Narrowed, caller: Caller, flow: Flow, values: dict[str, Any], log: tuple[Decided, ...]
) -> dict[str, Any]:
    address = f"/discovery/cleansing/{flow.id}"
    said = views.Said.of(log, flow)
    patches = values["log"].path if values["log"] else None
    mask = mask_for(caller, values["profile"])

    def at_page(number: int) -> str:
        return f"{address}?{narrowed.query(page=number)}#cells"

    with duck.connect() as con:
        counts = views.counts(con, patches)
        cells, page = (
            views.cells(con, patches, values["cleansed"].tables, narrowed, said, href=at_page)
            if patches and values["cleansed"]
            else ([], None)
        )
        found = values["cleansed"].findings if values["cleansed"] else values["plan"].findings if values["plan"] else ()
        tables = values["intake"].tables if values["intake"] else ()
        findings = views.findings(con, found, values["plan"], tables, said.decided)
    return {
        "action": address,
        "here": f"{address}?{narrowed.query(page=narrowed.page if narrowed.page > 1 else 0)}",
        "status": views.status(flow),
        "busy": delivering(flow),
        "rules": views.rules(values["plan"], counts, said, address),
        "total": sum(counts.values()),
        "cells": cells,
        "page": page,
        "narrowed": narrowed,
        "findings": findings,
        "for_people": sum(bool(one.count) for one in findings),
        "pending": len(said.waits),
        "approved": flow.phases[Phase.FIELD_MAPPING].status is PhaseStatus.COMPLETED,
        "may_decide": may_change(caller, flow),
        "mask": mask,
        "done": flow.phases[Phase.CLEANSING].status is PhaseStatus.COMPLETED,
    }  # fmt: skip


def _source(values: dict[str, Any], table: str, column: str, row: int) -> tuple[str | None, int]:
    """What the source holds in that cell, and the line in which it stands."""
    found = next((each for each in values["intake"].tables if each.name == table), None) if values["intake"] else None
    if found is None or not 0 <= row < found.row_count or column not in {c.name for c in found.columns}:
        raise InvalidRequest("There is no such cell any more. Load the page again.")
    with duck.connect() as con:
        cells = f"{duck.col(found.column(column))}, {duck.name(LINE)}"
        [one] = con.execute(f"SELECT {cells} FROM {duck.scan(found)} WHERE file_row_number = ?", [row]).fetchall()
    return one
