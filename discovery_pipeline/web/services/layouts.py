"""Layouts: how a flow's files were read, line by line from the top, and how people want them to be read instead.

Whatever is chosen is tried on the file before it is kept: a choice by which nothing can be read changes nothing.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel, Field

from discovery_pipeline.engine.intake.model import Choice, FileRead, Glimpse, Intake, Options, TableRead, TopRow
from discovery_pipeline.flow.state import Flow, Phase, PhaseStatus
from discovery_pipeline.store import imports, reading, rows
from discovery_pipeline.store.files.artifacts import Artifacts
from discovery_pipeline.store.flows import Flows
from discovery_pipeline.store.postgres.operation import flow_transaction
from discovery_pipeline.web.faults import InvalidRequest, NotYet
from discovery_pipeline.web.services.caller import Caller
from discovery_pipeline.web.services.flows import checked
from discovery_pipeline.web.services.held import LARGEST, HeldFiles, carrier, uploaded
from discovery_pipeline.web.services.reading import Found, Reader
from discovery_pipeline.web.services.uploads import chosen, refuse_ended
from discovery_pipeline.web.services.values import Values


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
        self._held, self._scratch = HeldFiles(artifacts), scratch

    async def view(self, who: Caller, ref: str) -> LayoutView:
        """Every table, and every file and sheet in which none was found. Values are shown to reviewers alone.

        Raises
        ------
        NotYet
            The files aren't read yet.
        """
        flow = await self._flows.get(who.tenant, checked(ref))
        files = await self.files(flow)
        if not files:
            raise NotYet("The files aren't read yet.")
        parts = [part for file in files for part in parts_of(file, chosen(flow))]
        if not who.may("reviewer"):
            parts = [part.model_copy(update={"top": []}) for part in parts]
        return LayoutView(flow_id=str(flow.id), version=flow.version, parts=parts)

    async def files(self, flow: Flow) -> tuple[FileRead, ...]:
        """What the last run read, and the files in which no table was found."""
        intake = await self._values.of(flow, "source_tables", Intake)
        read = intake.files if intake else ()
        unread = await asyncio.to_thread(
            self._unread, flow, {carrier(file.file) for file in read}, nothing=intake is None
        )
        looked = [await self._look(path) for path in unread]
        return (*read, *(file for found in looked if found for file in found.files if file.legible))

    def _unread(self, flow: Flow, read: set[str], *, nothing: bool) -> list[Path]:
        """Held files, and those by which a run failed before it read any."""
        failed = nothing and flow.phases[Phase.DATA_IMPORT].status is PhaseStatus.FAILED
        paths = [*(uploaded(self._artifacts, flow) if failed else ()), *self._held.paths(flow)]
        return [path for path in paths if path.name not in read and path.stat().st_size <= LARGEST]

    async def _look(self, path: Path, wanted: Sequence[Choice] = ()) -> Found | None:
        return await self._reader.read(path, self._scratch / uuid.uuid4().hex, wanted)

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
        files = {file.file: file for file in await self.files(flow)}
        faults = [fault for one in wanted if (fault := _stray(one, files, flow))]
        if faults:
            raise InvalidRequest(" ".join(faults), errors=faults)
        kept = _with(chosen(flow), wanted)
        named = dict.fromkeys(one.file for one in wanted)
        tried = [await self._try(flow, file, [one for one in kept if one.file == file], files) for file in named]
        held = {path.name for path in await asyncio.to_thread(self._held.paths, flow)}
        fresh = [file for file in tried if file and carrier(file.file) in held and files[file.file].status == "refused"]
        after = await self._keep(who, flow, kept, flow.version if version is None else version, fresh)
        await asyncio.to_thread(self._held.forget, flow, [carrier(file.file) for file in fresh])
        return after

    @flow_transaction("choose how files are read")
    async def _keep(
        self, who: Caller, flow: Flow, kept: Sequence[Choice], version: int, fresh: Sequence[FileRead]
    ) -> Flow:
        told = [one.model_dump(mode="json", exclude_defaults=True) for one in kept]
        async with self._flows.changing(who.tenant) as states:
            after = await reading.choose(states, flow.id, told, version)
            await asyncio.to_thread(self._held.admit, flow, [carrier(file.file) for file in fresh])
            await imports.record(states, flow.id, fresh)
            return await rows.find(states.session, flow.id) if fresh else after

    async def _try(
        self, flow: Flow, file: str, wanted: Sequence[Choice], files: Mapping[str, FileRead]
    ) -> FileRead | None:
        """The file as it is read that way. Refuses what would leave nothing of it."""
        if not wanted:
            return None
        known = files.get(file)
        if known and known.sheets and {s.name for s in known.sheets} <= {c.sheet for c in wanted if c.left_out}:
            raise InvalidRequest(f"{file}: one sheet at least has to be read.")
        path = await asyncio.to_thread(self._path, flow, file)
        if path is None or path.stat().st_size > LARGEST:
            return None
        found = await self._look(path, wanted)
        tried = next((each for each in found.files if each.file == file), None) if found else None
        if tried is None or tried.status != "read":
            why = tried.reason if tried else "reading it took more than a file may take."
            raise InvalidRequest(f"{file} can't be read that way: {why}")
        return tried

    def _path(self, flow: Flow, file: str) -> Path | None:
        """The upload that holds the file: itself, or the archive it is in."""
        name = carrier(file)
        places = (*uploaded(self._artifacts, flow), *self._held.paths(flow))
        return next((path for path in places if path.name == name), None)


def parts_of(file: FileRead, wanted: Iterable[Choice]) -> Iterator[PartLayout]:
    """How each table of a file was read; sheets without one stay listed."""
    by_place = {(one.file, one.sheet): one.options for one in wanted}
    read = {each.table.source.sheet: each for each in file.tables}
    whole = PartLayout(file=file.file, table=None, why=file.reason or "", chosen=by_place.get((file.file, None)))
    for each in file.tables if not file.sheets else ():
        yield _seen(whole, each).model_copy(update={"table": each.table.name})
    if file.glimpse:
        yield _seen(whole, file.glimpse)
    for sheet in file.sheets:
        options = by_place.get((file.file, sheet.name))
        part = PartLayout(file=file.file, sheet=sheet.name, table=None, why=sheet.why, chosen=options)
        if sheet.name in read:
            yield _seen(part, read[sheet.name]).model_copy(update={"table": read[sheet.name].table.name})
        else:
            yield _seen(part, sheet.glimpse) if sheet.glimpse else part


def _seen(part: PartLayout, seen: TableRead | Glimpse) -> PartLayout:
    """The part, with its first lines and what was made of them."""
    top, head = seen.top, seen.preamble_rows
    return part.model_copy(
        update={
            "header_line": _line(top, head) if seen.header_rows else None,
            "header_rows": seen.header_rows,
            "first_line": _line(top, head + seen.header_rows),
            "delimiter": seen.delimiter,
            "encoding": seen.encoding,
            "reasons": list(seen.reasons),
            "top": list(top),
        }
    )


def _line(top: Sequence[TopRow], position: int) -> int:
    if position < len(top):
        return top[position].line
    return (top[-1].line if top else 0) + 1 + position - len(top)


def _stray(one: Choice, files: Mapping[str, FileRead], flow: Flow) -> str:
    """What is wrong with where a choice points; empty where it is right."""
    if any((one.file, one.sheet) == (c.file, c.sheet) for c in chosen(flow)):
        return ""
    file = files.get(one.file)
    if file is None:
        return f"There is no file {one.file[:200]!r}."
    if one.sheet is None:
        return f"{one.file} has sheets: say which." if file.sheets else ""
    return "" if any(s.name == one.sheet for s in file.sheets) else f"{one.file} has no sheet {one.sheet[:200]!r}."


def _with(kept: Iterable[Choice], wanted: Iterable[Choice]) -> list[Choice]:
    """The choices with these in the place of those on the same parts; what says nothing is left away."""
    by_place = {(one.file, one.sheet): one for one in (*kept, *wanted)}
    return [one for one in by_place.values() if one.left_out or one.options != Options()]
