"""Cleansing over HTTP: what was changed, rejected rows to correct, and the run that follows decisions."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field, StringConstraints

from discovery_pipeline.engine.intake.writing import MEDIA_TYPES
from discovery_pipeline.web.api.calls import FlowRef, Text, The, Who, on_flow
from discovery_pipeline.web.api.uploads import BODY, Folder, body
from discovery_pipeline.web.bodies import Body
from discovery_pipeline.web.downloads import Download
from discovery_pipeline.web.faults import InvalidRequest, UploadUnreadable
from discovery_pipeline.web.services.flows import FlowView
from discovery_pipeline.web.services.outcomes import RejectedPage, Wanted
from discovery_pipeline.web.services.patches import CleansingView, Patches, PatchPage

router = APIRouter(prefix="/api/v1/cleansing", tags=["Cleansing"])

TableName = Annotated[str, Path(description="a source table", examples=["servers"])]

WORDED = "as a row has it, or as the causes of the outcome word it"
Reason = Annotated[str, StringConstraints(min_length=1, max_length=2_000, pattern=r"^[^\x00]*$")]
Narrow = Annotated[str | None, Query(max_length=500, pattern=r"^[^\x00]*$")]


class Corrected(BaseModel):
    """What was taken over from a correction."""

    cells: int = Field(description="cells that were changed in it; they count from the next run on")
    refused: list[str] = Field(default=[], description="cells of a file that stay as they were: their row, and why")


class HeldView(BaseModel):
    """A value, and how many rows of the group hold it."""

    value: str | None
    rows: int


class GroupPart(BaseModel):
    """Rows of one table that are rejected for a reason."""

    table: str
    rows: int
    column: str = Field(description="what fills the field that the reason names; the first one where it names none")
    held: list[HeldView] = Field(description="what they hold in it now, or in the column that was asked for")


class GroupView(BaseModel):
    """Rows that are rejected for one reason."""

    reason: str
    rows: int
    parts: list[GroupPart]


class GroupFix(Body):
    """One value for a column of all rows that are rejected for one reason."""

    reason: Reason = Field(description=WORDED, examples=["environment: 'test' is not one of prod"])
    table: Reason = Field(examples=["servers"])
    column: Reason = Field(examples=["environment"])
    value: Annotated[str, Field(max_length=20_000, pattern=r"^[^\x00]*$")] | None = Field(
        description="null: left empty", examples=["prod"]
    )


class RememberedView(BaseModel):
    """Values that people made one in an earlier flow of the same kind of source, and cells of this one with them."""

    table: str
    column: str
    after: str | None = Field(description="what they become; null: left empty. The same value stays as it is")
    values: list[HeldView]
    rows: int = Field(description="rows that would change")
    flow: str = Field(description="name of the flow where it was decided last")
    by: str
    at: datetime


class ValueRef(Body):
    """A value of a column."""

    table: Text = Field(examples=["servers"])
    column: Text = Field(examples=["environment"])
    value: Text | None = Field(description="null: an empty cell", examples=["prd"])


class Remembered(Body):
    """What of the offers is to hold here, too."""

    values: list[ValueRef] | None = Field(default=None, max_length=5_000, description="null: all that are offered")
    reason: Text = ""


class TakenView(BaseModel):
    """What was decided as before; it counts from the next run on."""

    batch: UUID | None = Field(description="of the decisions, to be undone; null where nothing was decided")
    values: int
    cells: int = Field(description="cells that hold something else then")


@router.get("/{flow_id}", responses=on_flow())
async def cleansing(flow_id: FlowRef, who: Who, the: The) -> CleansingView:
    """How cleansing stands: the plan with its rules, how many cells each changed, and what needs a person."""
    return await the.patches.overview(who, flow_id)


@router.get("/{flow_id}/patches", responses=on_flow(422))
async def patches(
    flow_id: FlowRef,
    who: Who,
    the: The,
    table: Narrow = None,
    column: Narrow = None,
    rule: Annotated[Narrow, Query(description="only by that rule, as the plan names it")] = None,
    tier: Annotated[
        Literal["auto", "suggest", "review"] | None, Query(description="only by rules of that tier")
    ] = None,
    offset: Annotated[int, Query(ge=0, le=2**53)] = 0,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> PatchPage:
    """Changed cells, before and after, in order of table and row."""
    return await the.patches.page(who, flow_id, Patches(table, column, rule, tier, offset, limit))


@router.post("/{flow_id}/rerun", responses=on_flow(409))
async def rerun(flow_id: FlowRef, who: Who, the: The) -> FlowView:
    """Cleanse, validate and deliver again, with all that was decided."""
    who.must_be("reviewer")
    flow = await the.flow.get(who, flow_id)
    await the.mending.rerun(who, flow)
    return await the.flow.status(who, flow_id)


@router.get("/{flow_id}/remembered", responses=on_flow())
async def remembered(flow_id: FlowRef, who: Who, the: The) -> list[RememberedView]:
    """What was decided on values in earlier flows of this kind of source, and would change here. Nothing is applied."""
    flow = await the.flow.get(who, flow_id)
    return [
        RememberedView(
            table=one.table, column=one.column, after=one.after,
            values=[HeldView(value=value, rows=rows) for value, rows in one.cells.items()],
            rows=sum(one.changes.values()), flow=one.before.flow, by=one.before.decision.by, at=one.before.at,
        )
        for one in await the.remembering.offers(who, flow)
    ]  # fmt: skip


@router.post("/{flow_id}/remembered", responses=on_flow(409, 422))
async def take_remembered(flow_id: FlowRef, wanted: Remembered, who: Who, the: The) -> TakenView:
    """Decide on values as it was decided before, as one step that `undo` takes back; it counts from the next run."""
    flow = await the.flow.get(who, flow_id)
    chosen = None if wanted.values is None else [(one.table, one.column, one.value) for one in wanted.values]
    done = await the.remembering.take(who, flow, chosen, wanted.reason)
    return TakenView(batch=done.batch, values=done.values, cells=done.cells)


@router.get("/{flow_id}/rejected", responses=on_flow(422))
async def rejected_rows(
    flow_id: FlowRef,
    who: Who,
    the: The,
    target_system: Narrow = None,
    table: Narrow = None,
    search: Annotated[Narrow, Query(description="a part of a reason, or of a cell")] = None,
    offset: Annotated[int, Query(ge=0, le=2**53)] = 0,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> RejectedPage:
    """Rows that are to be corrected, with every reason; a decision on a cell corrects it."""
    flow = await the.flow.get(who, flow_id)
    wanted = Wanted(target_system or "", table or "", search or "", offset, limit)
    return await the.outcome.rejected(who, flow, wanted)


@router.get(
    "/{flow_id}/rejected/{table:path}",
    response_class=Download,
    response_description="The rows",
    responses={
        **on_flow(),
        200: {"content": {each: {"schema": {"type": "string", "format": "binary"}} for each in MEDIA_TYPES}},
    },
)
async def rejected(flow_id: FlowRef, table: TableName, who: Who, the: The, folder: Folder) -> Download:
    """A table's rejected rows as they came, in the form of its file, with line and reasons: to be corrected.

    Parquet comes as CSV. The corrected file is sent to `POST …/corrections/{table}`.
    """
    flow = await the.flow.get(who, flow_id)
    file = await the.mending.rejected_file(who, flow, table, folder)
    return Download(file.path, media_type=file.media_type, filename=file.name)


@router.get("/{flow_id}/group", responses=on_flow(422))
async def group(
    flow_id: FlowRef,
    who: Who,
    the: The,
    reason: Annotated[Reason | None, Query(description=WORDED)] = None,
    column: Narrow = None,
) -> GroupView:
    """How many rows are rejected for a reason, as one of them has it or as the outcome words it, and what they hold."""
    flow = await the.flow.get(who, flow_id)
    if reason is None:
        raise InvalidRequest("query.reason: say for which reason, as a row has it or as the causes of the outcome do.")
    found = await the.groups.of(who, flow, reason)
    parts = []
    for one in found.places:
        chosen = column if column in one.columns else one.column
        held = await the.groups.held(who, flow, found, one.table, chosen)
        said = [HeldView(value=each.value, rows=each.rows) for each in held]
        parts.append(GroupPart(table=one.table, rows=one.rows, column=chosen, held=said))
    return GroupView(reason=found.reason, rows=found.rows, parts=parts)


@router.post("/{flow_id}/group", responses=on_flow(409, 422))
async def fix_group(flow_id: FlowRef, wanted: GroupFix, who: Who, the: The) -> Corrected:
    """Let a column hold one value in all of them, as one step that `undo` takes back; it counts from the next run."""
    flow = await the.flow.get(who, flow_id)
    place = (wanted.table, wanted.column)
    return Corrected(cells=await the.groups.fix(who, flow, wanted.reason, place, wanted.value))


@router.post("/{flow_id}/corrections/{table:path}", responses=on_flow(413, 422), openapi_extra=BODY)
async def correct(
    flow_id: FlowRef, table: TableName, who: Who, the: The, folder: Folder, request: Request
) -> Corrected:
    """Send a corrected file of rejected rows; what was changed in it is taken over, by `discovery_line`."""
    who.must_be("reviewer")
    flow = await the.flow.get(who, flow_id)
    form = await body(request, the.settings.upload_limit, folder)
    if not form.files:
        raise UploadUnreadable("There is no file. Send it in a part named `file`.")
    found = await the.mending.correct(who, flow, table, form.files[0].path)
    return Corrected(cells=found.cells, refused=list(found.refused))
