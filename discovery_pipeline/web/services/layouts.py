"""Layouts: how a flow's files were read, line by line from the top, and how people want them to be read instead.

Whatever is chosen is tried on the file before it is kept: a choice by which nothing can be read changes nothing.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pydantic import BaseModel, Field

from discovery_pipeline.engine.intake.model import Choice, FileRead, Intake, Options, TableRead, TopRow
from discovery_pipeline.errors import FlowNotFoundError
from discovery_pipeline.flow.state import READING, Flow
from discovery_pipeline.store import reading
from discovery_pipeline.store.artifacts import UPLOADS, Artifacts
from discovery_pipeline.store.flows import Flows
from discovery_pipeline.store.operation import flow_transaction
from discovery_pipeline.web.faults import InvalidRequest, NotYet
from discovery_pipeline.web.services.caller import Caller
from discovery_pipeline.web.services.flows import checked
from discovery_pipeline.web.services.reading import Reader
from discovery_pipeline.web.services.uploads import refuse_ended
from discovery_pipeline.web.services.values import Values

TRIED = 128 << 20
"""Bytes of a file up to which a choice is tried before it is kept."""


class PartLayout(BaseModel):
    """How one table was read: a file, or a sheet of a workbook."""

    file: str
    sheet: str | None = None
    table: str | None = Field(description="null where none was read")
    why: str = Field(default="", description="why no table was read")
    header_line: int | None = Field(default=None, description="line that names the columns; null where none does")
    header_rows: int = 0
    first_line: int = Field(default=1, description="line where the rows begin")
    delimiter: str | None = None
    encoding: str | None = None
    reasons: list[str] = []
    top: list[TopRow] = Field(default=[], description="the first lines as they came, those left out included")
    chosen: Options | None = Field(default=None, description="what people chose; null where it is as it was found")


class LayoutView(BaseModel):
    """How a flow's files were read."""

    flow_id: str
    version: int
    parts: list[PartLayout]


class LayoutService:
    """Looks at how files were read, and has them read otherwise."""

    def __init__(self, flows: Flows, values: Values, artifacts: Artifacts, reader: Reader, scratch: Path) -> None:
        self._flows, self._values, self._artifacts, self._reader = flows, values, artifacts, reader
        self._scratch = scratch

    async def view(self, who: Caller, ref: str) -> LayoutView:
        """Every table, and every sheet from which none was read. Values are shown to reviewers alone.

        Raises
        ------
        NotYet
            The files aren't read yet.
        """
        flow = await self._flows.get(who.tenant, checked(ref))
        intake = await self._values.of(flow, "source_tables", Intake)
        if intake is None:
            raise NotYet("The files aren't read yet.")
        parts = [part for file in intake.files for part in parts_of(file, chosen(flow))]
        if not who.may("reviewer"):
            parts = [part.model_copy(update={"top": []}) for part in parts]
        return LayoutView(flow_id=str(flow.id), version=flow.version, parts=parts)

    async def choose(self, who: Caller, ref: str, wanted: Sequence[Choice], version: int | None = None) -> Flow:
        """Read these parts so from now on; the others stay as they are. Re-opens the import and asks for its run.

        A choice that says nothing takes back what was chosen for its part.

        Raises
        ------
        InvalidRequest
            There is no such file or sheet, or nothing can be read of it that way.
        StaleVersionError
            The flow isn't at `version` any more.
        """
        who.must_be("reviewer")
        flow = await self._flows.get(who.tenant, checked(ref))
        refuse_ended(flow)
        intake = await self._values.of(flow, "source_tables", Intake)
        faults = [fault for one in wanted if (fault := _stray(one, intake, flow))]
        if faults:
            raise InvalidRequest(" ".join(faults), errors=faults)
        kept = _with(chosen(flow), wanted)
        for file in dict.fromkeys(one.file for one in wanted):
            await self._try(flow, file, [one for one in kept if one.file == file], intake)
        return await self._keep(who, flow, kept, flow.version if version is None else version)

    @flow_transaction("choose how files are read")
    async def _keep(self, who: Caller, flow: Flow, kept: Sequence[Choice], version: int) -> Flow:
        told = [one.model_dump(mode="json", exclude_defaults=True) for one in kept]
        async with self._flows.changing(who.tenant) as states:
            return await reading.choose(states, flow.id, told, version)

    async def _try(self, flow: Flow, file: str, wanted: Sequence[Choice], intake: Intake | None) -> None:
        """Refuse what would leave nothing of a file."""
        if not wanted or intake is None:
            return
        known = next((each for each in intake.files if each.file == file), None)
        if known and known.sheets and {s.name for s in known.sheets} <= {c.sheet for c in wanted if c.left_out}:
            raise InvalidRequest(f"{file}: one sheet at least has to be read.")
        path = await asyncio.to_thread(self._path, flow, file)
        if path is None or path.stat().st_size > TRIED:
            return
        found = await self._reader.read(path, self._scratch / uuid.uuid4().hex, wanted)
        tried = next((each for each in found.files if each.file == file), None) if found else None
        if tried is None or tried.status != "read":
            why = tried.reason if tried else "reading it took more than a file may take."
            raise InvalidRequest(f"{file} can't be read that way: {why}")

    def _path(self, flow: Flow, file: str) -> Path | None:
        """The upload that holds the file: itself, or the archive it is in."""
        try:
            folder = self._artifacts.reading(flow, UPLOADS)
        except FileNotFoundError as missing:
            raise FlowNotFoundError(f"Flow {flow.slug} has no files.", flow.id, {"error_type": "missing"}) from missing
        found = folder / file.partition("/")[0]
        return found if found.is_file() else None


def chosen(flow: Flow) -> tuple[Choice, ...]:
    """How people want the flow's files to be read."""
    return tuple(Choice.model_validate(said) for said in flow.data.get(READING, ()))


def parts_of(file: FileRead, wanted: Iterable[Choice]) -> Iterator[PartLayout]:
    """How each table of a file was read; sheets without one stay listed."""
    by_place = {(one.file, one.sheet): one.options for one in wanted}
    read = {each.table.source.sheet: each for each in file.tables}
    for each in file.tables if not file.sheets else ():
        yield _part(file, each, by_place.get((file.file, None)))
    for sheet in file.sheets:
        options = by_place.get((file.file, sheet.name))
        if sheet.name in read:
            yield _part(file, read[sheet.name], options)
        else:
            yield PartLayout(file=file.file, sheet=sheet.name, table=None, why=sheet.why, chosen=options)


def _part(file: FileRead, read: TableRead, options: Options | None) -> PartLayout:
    top, head = read.top, read.preamble_rows
    body = head + read.header_rows
    return PartLayout(
        file=file.file,
        sheet=read.table.source.sheet,
        table=read.table.name,
        header_line=_line(top, head) if read.header_rows else None,
        header_rows=read.header_rows,
        first_line=_line(top, body),
        delimiter=read.delimiter,
        encoding=read.encoding,
        reasons=list(read.reasons),
        top=list(top),
        chosen=options,
    )


def _line(top: Sequence[TopRow], position: int) -> int:
    return top[position].line if position < len(top) else position + 1


def _stray(one: Choice, intake: Intake | None, flow: Flow) -> str:
    """What is wrong with where a choice points; empty where it is right."""
    if any((one.file, one.sheet) == (c.file, c.sheet) for c in chosen(flow)):
        return ""
    file = next((each for each in intake.files if each.file == one.file), None) if intake else None
    if file is None:
        return f"There is no file {one.file[:200]!r}."
    if one.sheet is None:
        return f"{one.file} has sheets: say which." if file.sheets else ""
    return "" if any(s.name == one.sheet for s in file.sheets) else f"{one.file} has no sheet {one.sheet[:200]!r}."


def _with(kept: Iterable[Choice], wanted: Iterable[Choice]) -> list[Choice]:
    """The choices with these in the place of those on the same parts; what says nothing is left away."""
    by_place = {(one.file, one.sheet): one for one in (*kept, *wanted)}
    return [one for one in by_place.values() if one.left_out or one.options != Options()]


__all__ = ["LayoutService", "LayoutView", "PartLayout", "chosen", "parts_of"]
