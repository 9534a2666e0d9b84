"""Values over HTTP: those of a column beside the words that its target field takes, and matching them."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from discovery_pipeline.flow.state import Flow
from discovery_pipeline.web.api.calls import FlowRef, Text, The, Who, on_flow
from discovery_pipeline.web.api.review import Done
from discovery_pipeline.web.bodies import Body
from discovery_pipeline.web.faults import Missing
from discovery_pipeline.web.services import Caller, Services
from discovery_pipeline.web.services.drafting import Draft
from discovery_pipeline.web.services.entries import Entry
from discovery_pipeline.web.services.vocabularies import matching, vocabulary_of

router = APIRouter(prefix="/api/v1/review", tags=["Review"])

Named = Annotated[str, Query(max_length=500, pattern=r"^[^\x00]*$")]
MANY = 5_000


class ValueView(BaseModel):
    """One value of the source."""

    source: str
    count: int = Field(description="rows")
    target: str = Field(description="the target's word for it; empty where none is meant")
    why: str
    near: list[str] = Field(description="words that come nearest where none is meant, the nearest first")


class VocabularyView(BaseModel):
    """A column's values, and the words that the field it fills takes."""

    target_table: str
    target_field: str
    allowed: list[str] = Field(description="all words of the target")
    lines: list[ValueView] = Field(description="values without a word first, then the most frequent")
    values: int = Field(description="how many values can be matched; lines tell a part of them")
    others: int = Field(description="rarer values, which go on as they are")
    other_rows: int = Field(description="rows that hold these")
    wordless: int = Field(description="values without a word")
    without: int = Field(description="rows whose value has no word")
    keeps: bool = Field(description="values without a word stay as they are; else they are left empty")


class Words(Body):
    """Which words of the target a column's values become."""

    table: Text
    column: Text
    target_system: Text = Field(default="", description="where the flow has several")
    words: dict[Text, Text] = Field(
        default={}, max_length=MANY, examples=[{"RHEL 8": "Linux", "n/a": ""}],
        description="the target's word by value, empty for none; a value that is left out keeps the word that it has",
    )  # fmt: skip
    reason: Text = ""


@router.get("/{flow_id}/values", responses=on_flow(422))
async def values(
    flow_id: FlowRef, who: Who, the: The, table: Named, column: Named, target_system: Named = "",
    offset: Annotated[int, Query(ge=0, le=MANY)] = 0, limit: Annotated[int, Query(ge=1, le=MANY)] = 500,
) -> VocabularyView:  # fmt: skip
    """What the column's values become, where its field takes a fixed list; 404 where it takes any value."""
    who.must_be("reviewer")
    flow = await the.flow.get(who, flow_id)
    draft, entry = await _found(the, who, flow, (target_system, table, column))
    words = await asyncio.to_thread(vocabulary_of, draft, entry)
    if words is None:
        raise Missing(f"What {column!r} fills takes any value: there is no list to match.")
    field = entry.fields[0]
    lines = await asyncio.to_thread(words.lines, offset, offset + limit)
    return VocabularyView(
        target_table=field.target_table, target_field=field.target_field, allowed=list(words.allowed),
        lines=[ValueView.model_validate(line, from_attributes=True) for line in lines], values=len(words.matches),
        others=words.others, other_rows=words.other_rows, wordless=words.wordless, without=words.without,
        keeps=words.keeps,
    )  # fmt: skip


@router.post("/{flow_id}/values", responses=on_flow(409, 422))
async def match(flow_id: FlowRef, wanted: Words, who: Who, the: The) -> Done:
    """Accept the column with these words for its values, as one step.

    Name only the values whose word changes: the others keep theirs. An empty word means that a value has none.
    """
    who.must_be("reviewer")
    flow = await the.flow.get(who, flow_id)
    draft, entry = await _found(the, who, flow, (wanted.target_system, wanted.table, wanted.column))
    decision = await asyncio.to_thread(matching, draft, entry, wanted.words)
    return Done(batch=await the.review.decide(who, flow, [decision], wanted.reason))


async def _found(the: Services, who: Caller, flow: Flow, subject: tuple[str, str, str]) -> tuple[Draft, Entry]:
    """The column under review; of the first target where none is named."""
    reviewed = await the.review.read(who, flow)
    draft = reviewed.of(subject[0])
    entry = next((one for one in draft.entries if (one.table, one.column) == subject[1:]), None)
    if entry is None or subject[0] not in {"", draft.target.name}:
        raise Missing(f"There is no column {subject[2][:100]!r} in a table {subject[1][:100]!r} of that target.")
    return draft, entry
