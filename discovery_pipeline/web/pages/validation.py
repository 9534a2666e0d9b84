"""/discovery/validation: what the targets take, how good the data is, which rows are left to mend, and the files."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from fastapi import APIRouter, Request
from fastapi.responses import Response

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.cleansing.model import Cleansed, PatchLog
from discovery_pipeline.engine.intake.model import Intake
from discovery_pipeline.engine.phrases import counted
from discovery_pipeline.engine.profiling.model import Profile
from discovery_pipeline.engine.risk.model import RiskAssessment
from discovery_pipeline.engine.risk.outcomes import outcomes
from discovery_pipeline.engine.validation.model import QualityReport, RejectedLog, Verdict
from discovery_pipeline.flow.state import Flow, Phase, PhaseStatus
from discovery_pipeline.store.reviews.decisions import CELL, Decided, Decision, What
from discovery_pipeline.web.api.uploads import Folder
from discovery_pipeline.web.downloads import Download
from discovery_pipeline.web.faults import InvalidRequest, NotYet, RequestFault
from discovery_pipeline.web.pages.answering import Called, Note, Sent, Visitor, flow_page, ours, text, to
from discovery_pipeline.web.pages.arriving import arrived, refusal
from discovery_pipeline.web.pages.views import cleansing as cleansing_views
from discovery_pipeline.web.pages.views import validation as views
from discovery_pipeline.web.pages.views.standing import delivering, may_change, said
from discovery_pipeline.web.services import Caller, Services
from discovery_pipeline.web.services.masking import mask_for
from discovery_pipeline.web.services.mending import KINDS

router = APIRouter(prefix="/discovery/validation/{flow_id}")

_ASSETS: dict[str, type] = {
    "quality_report": QualityReport,
    "rejected_rows": RejectedLog,
    "risk_assessment": RiskAssessment,
    "column_profile": Profile,
    "cleansed_tables": Cleansed,
    "source_tables": Intake,
    "patch_log": PatchLog,
}


@dataclass(frozen=True, slots=True)
class _Results:
    """What is known of a flow's results."""

    log: tuple[Decided, ...]
    values: dict[str, Any]  # by asset; None where it isn't made yet
    verdicts: tuple[Verdict, ...]


@router.get("")
async def validation(request: Request, called: Called, caller: Visitor, flow_id: str) -> Response:
    """Results, as far as there are any."""
    flow = await called.flow.get(caller, flow_id)
    return await _page(request, called, caller, flow, views.Narrowed.of(request.query_params))


@router.post("/fix")
async def fix(request: Request, called: Called, caller: Visitor, flow_id: str, form: Sent) -> Response:
    """Change cells of one rejected row; what a target doesn't take is told beside what was typed."""
    flow = await called.flow.get(caller, flow_id)
    table, row = text(form, "table"), text(form, "row")
    if not (row.isascii() and row.isdigit()):
        raise InvalidRequest("Which row? Load the page again.")
    now, source, line = await asyncio.to_thread(_row, *await _tables(called, flow), table, int(row))
    typed = {name: text(form, f"cell.{name}") or None for name in now if f"cell.{name}" in form}
    wanted = [
        Decision(CELL, (table, name, int(row)), {"seen": source[name], "after": after})
        for name, after in typed.items()
        if after != now[name]
    ]
    back = ours(text(form, "back"), f"/discovery/validation/{flow.id}")
    try:
        await called.mending.decide(caller, flow, wanted, text(form, "reason") or "corrected on the page")
    except InvalidRequest as fault:
        narrowed = views.Narrowed.of({**dict(parse_qsl(urlsplit(back).query)), "fix": f"{table}:{row}"})
        return await _page(request, called, caller, flow, narrowed, typed=typed, fault=fault)
    return to(back, Note(f"{counted(len(wanted), 'cell')} of line {line} changed; they count from the next run on."))


@router.get("/rejected")
async def rejected(called: Called, caller: Visitor, flow_id: str, table: str, folder: Folder) -> Response:
    """The rejected rows of a table, to be corrected in a spreadsheet."""
    flow = await called.flow.get(caller, flow_id)
    file = await called.mending.rejected_file(caller, flow, table, folder)
    return Download(file.path, media_type=file.media_type, filename=file.name)


@router.post("/corrected")
async def corrected(called: Called, caller: Visitor, request: Request, flow_id: str) -> Response:
    """Take corrected rows back."""
    flow = await called.flow.get(caller, flow_id)
    here = f"/discovery/validation/{flow.id}"
    try:
        async with arrived(request, called, caller, called.settings.upload_limit) as form:
            if not form.files:
                raise InvalidRequest("Choose the corrected file first.")
            found = await called.mending.correct(caller, flow, form.fields.get("table", ""), form.files[0].path)
    except RequestFault as fault:
        return to(f"{here}#rows", refusal(fault))
    said = f"{counted(found.cells, 'cell')} corrected; they count from the next run on."
    if not found.cells:
        said = "Nothing was taken over." if found.refused else "Nothing in that file differs from what is held here."
    if not found.refused:
        return to(f"{here}#rows", Note(said))
    left = f"{counted(len(found.refused), 'cell')} {'stays' if len(found.refused) == 1 else 'stay'} as before:"
    return to(f"{here}#rows", Note(f"{said} {left}", "warn", found.refused[:6]))


@router.post("/run")
async def run(called: Called, caller: Visitor, flow_id: str, _: Sent) -> Response:
    """Cleanse, validate and deliver again."""
    flow = await called.flow.get(caller, flow_id)
    await called.mending.rerun(caller, flow)
    return to(f"/discovery/validation/{flow.id}", Note("A run with the new decisions was asked for."))


async def _page(  # noqa: PLR0913 - what is looked at, and what was typed where it isn't taken
    request: Request,
    called: Services,
    caller: Caller,
    flow: Flow,
    narrowed: views.Narrowed,
    *,
    typed: dict[str, str | None] | None = None,
    fault: InvalidRequest | None = None,
) -> Response:
    written = await called.deciding.history(caller, flow)
    results = _Results(
        log=tuple(one for one in written if one.kind in KINDS),
        values={name: await called.values.of(flow, name, kind) for name, kind in _ASSETS.items()},
        verdicts=await called.values.all_of(flow, "validated_tables", Verdict),
    )
    shown = await asyncio.to_thread(_shown, narrowed, caller, flow, results)
    if await called.flow.begins(caller, flow):
        shown |= {"busy": True, "pending": 0, "status": "Validation: begins again"}
    if fixing := shown["fixing"]:
        fixing["words"] = await called.fitting.words(caller, flow, fixing["table"], fixing["row"])
        fixing["typed"] = typed or {}
        fixing["errors"] = fault.errors if fault else ()
    files = await _files(called, caller, flow)
    return await flow_page(
        request, "validation.html.j2", caller, flow, title="Validation", follows=fault is None, files=files,
        steps_back=cleansing_views.StepsBack.of(written), status_code=fault.status if fault else 200, **shown,
    )  # fmt: skip


async def _files(called: Services, caller: Caller, flow: Flow) -> list[dict[str, Any]]:
    try:
        output = await called.result.output(caller, str(flow.id))
    except NotYet:
        return []
    at = f"/api/v1/output/{flow.id}"
    return [{"name": f.name, "size": f.byte_size, "href": f"{at}/{quote(f.name)}"} for f in output.files]


async def _tables(called: Services, flow: Flow) -> tuple[Cleansed | None, Intake | None]:
    cleansed = await called.values.of(flow, "cleansed_tables", Cleansed)
    return cleansed, await called.values.of(flow, "source_tables", Intake)


def _row(
    cleansed: Cleansed | None, intake: Intake | None, table: str, row: int
) -> tuple[dict[str, Any], dict[str, Any], int]:
    """A row's cells as they are now, and as the source has them; and the line in which it stands there."""
    now = next((each for each in cleansed.tables if each.name == table), None) if cleansed else None
    source = next((each for each in intake.tables if each.name == table), None) if intake else None
    if now is None or source is None or not 0 <= row < now.row_count:
        raise InvalidRequest("There is no such row any more. Load the page again.")
    with duck.connect() as con:
        line = cleansing_views.lines(con, (source,), [(table, row)])[table, row]
        return dict(views.cells_of(con, now, row)), dict(views.cells_of(con, source, row)), line


def _shown(narrowed: views.Narrowed, caller: Caller, flow: Flow, results: _Results) -> dict[str, Any]:
    address, values, place = f"/discovery/validation/{flow.id}", results.values, narrowed.place
    decisions = cleansing_views.Said.of(results.log, flow)
    quality, mask = values["quality_report"], mask_for(caller, values["column_profile"])
    reader = views.Reader(address, decisions.decided, mask)
    with duck.connect() as con:
        rows, page = views.rejected(con, values["rejected_rows"], narrowed, reader)
        ended = outcomes(con, results.verdicts)
        ends = views.ends(con, flow, ended, values["patch_log"])
        causes = views.causes(con, ended, reader)
        tables = views.tables_to_correct(con, values["rejected_rows"])
    fixing = None
    if place and may_change(caller, flow):
        reasons = next((row.of.reasons for row in rows if (row.of.table, row.of.row) == place), ())
        fixing = {"reasons": reasons, **_fixing(place, values, decisions.decided)}
    return {
        "action": address,
        "here": f"{address}?{narrowed.query(page=narrowed.page if narrowed.page > 1 else 0)}",
        "status": f"Validation: {said(flow, Phase.VALIDATION)}",
        "done": flow.phases[Phase.VALIDATION].status is PhaseStatus.COMPLETED,
        "busy": delivering(flow),
        "ends": ends,
        "causes": causes,
        "quality": quality,
        "scores": views.scores(quality),
        "checks": views.checks(quality.findings) if quality else [],
        "risks": values["risk_assessment"].risks if values["risk_assessment"] else (),
        "rows": rows,
        "page": page,
        "tables": tables,
        "narrowed": narrowed,
        "fixing": fixing,
        "pending": len(decisions.waits),
        "approved": flow.phases[Phase.FIELD_MAPPING].status is PhaseStatus.COMPLETED,
        "may_decide": may_change(caller, flow),
        "mask": mask,
    }


def _fixing(place: tuple[str, int], values: dict[str, Any], decided: Mapping[What, Decided]) -> dict[str, Any]:
    """A rejected row that is corrected: its cells with what was decided on them, and whether anything was."""
    table, row = place
    now, _, line = _row(values["cleansed_tables"], values["source_tables"], table, row)
    cells = []
    for name, value in now.items():
        one = decided.get((CELL, (table, name, row)))
        cells.append((name, one.after["after"] if one and one.after else value, bool(one)))
    return {"table": table, "row": row, "line": line, "cells": cells}
