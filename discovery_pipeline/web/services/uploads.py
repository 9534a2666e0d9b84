"""Uploads: files that came are looked at, kept with their flow, and a run is asked for. All of it, or nothing."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from pydantic import BaseModel, Field

from discovery_pipeline.errors import InvalidTransitionError
from discovery_pipeline.flow.state import ENDED, READING, Flow
from discovery_pipeline.flow.tenant import FlowId
from discovery_pipeline.store import imports, requests, rows
from discovery_pipeline.store.files.artifacts import UPLOADS, Artifacts
from discovery_pipeline.store.flows import Flows
from discovery_pipeline.store.postgres.operation import flow_transaction
from discovery_pipeline.web.faults import RequestFault, UploadUnreadable
from discovery_pipeline.web.multipart import Arrived
from discovery_pipeline.web.services import filetypes
from discovery_pipeline.web.services.caller import Caller
from discovery_pipeline.web.services.flows import checked
from discovery_pipeline.web.services.held import LARGEST, HeldFiles, carrier
from discovery_pipeline.web.services.reading import Found, Reader

if TYPE_CHECKING:
    from discovery_pipeline.engine.intake.model import Choice, FileRead

FOLDER = Path("scratch") / "arriving"
"""Folder of a home in which uploads are until they are kept; emptied as the service starts."""


class ImportedTable(BaseModel):
    """One table of a file, and how it was read."""

    name: str
    row_count: int
    columns: list[str]
    rejected_count: int = Field(description="rows that can't be read; they are kept, with line and reason")
    sheet: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    notes: list[str] = Field(default=[], description="what is odd about it, a sentence each")


class ImportedFile(BaseModel):
    """What came of one file."""

    import_id: int | None = Field(description="null for a file that isn't kept")
    filename: str
    status: str = Field(description="accepted, or rejected with a reason")
    row_count: int = 0
    columns: list[str] = Field(default=[], description="of its first table")
    tables: list[ImportedTable] = []
    byte_size: int = 0
    sha256: str = ""
    media_type: str | None = None
    repeated: bool = Field(default=False, description="the same bytes came before; this is that import's answer")
    reason: str | None = Field(default=None, description="why it was rejected")
    layout: str | None = Field(
        default=None,
        description="where a file that was rejected for how it is laid out is held, and can be read in another way",
    )


class Uploaded(ImportedFile):
    """What came of an upload: the first file that was taken, and all of them under `files`."""

    flow_id: str
    files: list[ImportedFile] = []


@dataclass(frozen=True, slots=True)
class Looked:
    """A file that came, and what is in it, or why it isn't read."""

    arrived: Arrived
    found: Found | None = None
    fault: RequestFault | None = None

    @property
    def read(self) -> tuple[FileRead, ...]:
        """Its files that hold tables: itself, or members of an archive."""
        return tuple(file for file in self.found.files if file.status == "read") if self.found else ()

    @property
    def legible(self) -> bool:
        """Whether no table was found, in it or in what is packed in it, and may be once somebody says where it lies."""
        if not (self.fault and self.found and self.arrived.byte_size <= LARGEST):
            return False
        return any(file.legible for file in self.found.files)


class UploadService:
    """Takes files in."""

    def __init__(self, flows: Flows, artifacts: Artifacts, reader: Reader, root: Path) -> None:
        self._flows, self._artifacts, self._reader = flows, artifacts, reader
        self._held = HeldFiles(artifacts)
        self._folder = root / FOLDER
        self._locks: WeakValueDictionary[FlowId, asyncio.Lock] = WeakValueDictionary()
        shutil.rmtree(self._folder, ignore_errors=True)

    @contextmanager
    def arriving(self) -> Iterator[Path]:
        """A folder for the files of one request; it goes with the block."""
        folder = self._folder / uuid.uuid4().hex
        folder.mkdir(parents=True)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    async def accept(self, who: Caller, ref: str, files: Sequence[Arrived]) -> Uploaded:
        """Keep the files with the flow, and ask for a run on them. One that can't be read doesn't stop the others.

        Raises
        ------
        UnknownFileType
            None is of a type that is read. Looked at before the flow is.
        UploadUnreadable
            There is no file, or no table in any; says line and reason.
        InvalidTransitionError
            The flow has ended.
        """
        who.must_be("reviewer")
        if not files:
            raise UploadUnreadable("There is no file. Send one or more, each in a part named `file`.")
        typed = [await asyncio.to_thread(_typed, file) for file in files]
        if all(each.fault for each in typed):
            raise _together(typed)
        flow = await self._flows.get(who.tenant, checked(ref))
        refuse_ended(flow)
        looked = [each if each.fault else await self._read(each.arrived, chosen(flow)) for each in typed]
        async with self._locks.setdefault(flow.id, asyncio.Lock()):
            kept = await self._keep(who, flow, looked)
        if all(each.fault for each in looked):
            held = any(file.layout for file in kept)
            raise _together(looked, {"layout": _layout(flow)} if held else {})
        first = next(file for file in kept if file.status == imports.ACCEPTED)
        return Uploaded(flow_id=str(flow.id), files=kept, **dict(first))

    async def _read(self, file: Arrived, wanted: Sequence[Choice]) -> Looked:
        found = await self._reader.read(file.path, file.path.parent / ".reading", wanted)
        if found is None:
            why = "Reading it took more than a file may take. Split it, or export it again as CSV or Parquet."
            return Looked(file, None, _unreadable(file.name, why))
        if any(each.status == "read" for each in found.files):
            return Looked(file, found)
        reason = found.files[0].reason or "It holds no table."
        if found.line:
            reason = f"{reason} Line {found.line}: {found.reason}"
        return Looked(file, found, _unreadable(file.name, reason))

    async def _keep(self, who: Caller, flow: Flow, looked: Sequence[Looked]) -> list[ImportedFile]:
        """Files first, then the rows that tell of them: a run is only asked for what it can read."""
        known, shrunk = await self._known(who, flow, looked)
        new = {
            each.arrived.sha256: each
            for each in looked
            if each.arrived.name in shrunk or any(not _kept(known, read) for read in each.read)
        }
        fresh = list(new.values())  # bytes that came twice at once are one file
        if fresh:
            await asyncio.to_thread(self._publish, flow, [each.arrived for each in fresh])
        kept = await self._record(who, flow, looked, known, [each.arrived.name for each in fresh])
        held = await self._hold(who, flow, [each.arrived for each in looked if each.legible])
        return [file.model_copy(update={"layout": _layout(flow)}) if file.filename in held else file for file in kept]

    async def _hold(self, who: Caller, flow: Flow, files: Sequence[Arrived]) -> set[str]:
        """Keep files in which no table was found, but for new versions of what is read; the names of those kept."""
        if not files:
            return set()
        async with self._flows.sessions.transaction(who.tenant) as session:
            came = await imports.of_flow(session, flow)
        read = {carrier(row.filename) for row in came if row.status == imports.ACCEPTED}
        held = [file for file in files if file.name not in read]
        if held:
            await asyncio.to_thread(self._held.keep, flow, held)
        return {file.name for file in held}

    @flow_transaction("read imports")
    async def _known(self, who: Caller, flow: Flow, looked: Sequence[Looked]) -> tuple[dict[str, Any], set[str]]:
        """Files whose bytes came before, and archives that came before with more in them."""
        async with self._flows.sessions.transaction(who.tenant) as session:
            known = await imports.known_files(session, flow, [read for each in looked for read in each.read])
            archives = [(each.arrived.name, each.read) for each in looked if each.read]
            shrunk = {name for name, read in archives if await imports.vanished(session, flow, name, read)}
        return known, shrunk

    @flow_transaction("record imports")
    async def _record(
        self, who: Caller, flow: Flow, looked: Sequence[Looked], known: dict[str, Any], fresh: Sequence[str]
    ) -> list[ImportedFile]:
        async with self._flows.changing(who.tenant) as states:
            now = await rows.find(states.session, flow.id, lock=True)
            refuse_ended(now)
            recorded = [read for each in looked for read in _recorded(each)]
            ids = await imports.record(states, now, recorded)
            for each in looked:
                if each.read:
                    await imports.withdraw(states, now, each.arrived.name, each.read)
            if fresh:
                await requests.request(states, now, "discover", f"upload of {', '.join(fresh)}"[:500])
        return [imported(read, id_, known.get(imports.identity(read))) for read, id_ in zip(recorded, ids, strict=True)]

    def _publish(self, flow: Flow, files: Sequence[Arrived]) -> None:
        with self._artifacts.adding(flow, UPLOADS) as folder:
            for file in files:
                os.replace(file.path, folder / file.name)
        self._held.forget(flow, [file.name for file in files])


def _typed(file: Arrived) -> Looked:
    try:
        filetypes.check(file.path, file.name)
    except RequestFault as fault:
        return Looked(file, None, fault)
    return Looked(file)


def _recorded(looked: Looked) -> list[FileRead]:
    """What is written down of a file. One that isn't read at all is refused by the name and bytes it came with."""
    from discovery_pipeline.engine.intake.model import FileRead

    if looked.found and looked.read:
        return list(looked.found.files)
    file = looked.arrived
    why = str(looked.fault) if looked.fault else None
    return [FileRead(file=file.name, status="refused", reason=why, sha256=file.sha256, byte_size=file.byte_size)]


def _kept(known: dict[str, Any], read: FileRead) -> bool:
    row = known.get(imports.identity(read))
    return row is not None and row.status == imports.ACCEPTED


def imported(read: FileRead, import_id: int, known: Any = None) -> ImportedFile:
    """What came of a file; of one that came before, under its first name."""
    tables = [
        ImportedTable(
            name=each.table.name,
            row_count=each.table.row_count,
            columns=[column.name for column in each.table.columns],
            rejected_count=each.rejected_count,
            sheet=each.table.source.sheet,
            encoding=each.encoding,
            delimiter=each.delimiter,
            notes=[f"{note.evidence} {note.action}" for note in each.findings],
        )
        for each in read.tables
    ]
    first = known if known is not None and known.status == imports.ACCEPTED else None
    return ImportedFile(
        import_id=import_id,
        filename=first.filename if first else read.file,
        status=imports.ACCEPTED if read.status == "read" else imports.REJECTED,
        row_count=sum(table.row_count for table in tables),
        columns=tables[0].columns if tables else [],
        tables=tables,
        byte_size=read.byte_size,
        sha256=read.sha256,
        media_type=read.media_type,
        repeated=first is not None,
        reason=read.reason,
    )


def refuse_ended(flow: Flow) -> None:
    """Refuse files, and other ways to read them, where the flow has ended."""
    if flow.status in ENDED:
        raise InvalidTransitionError(
            f"Flow {flow.slug} is {flow.status.value}: it takes no files any more. Create a new flow.",
            flow.id,
            {"error_type": "transition", "status": flow.status.value, "current_phase": flow.current_phase.value},
        )


def _unreadable(name: str, reason: str) -> UploadUnreadable:
    line = re.search(r"\bline (\d+)", reason, re.IGNORECASE)
    return UploadUnreadable(
        f"{name}: {reason}", errors=[{"file": name, "line": int(line[1]) if line else 1, "reason": reason}]
    )


def chosen(flow: Flow) -> tuple[Choice, ...]:
    """How people want the flow's files to be read."""
    from discovery_pipeline.engine.intake.model import Choice

    return tuple(Choice.model_validate(said) for said in flow.data.get(READING, ()))


def _layout(flow: Flow) -> str:
    return f"/api/v1/data-import/layout/{flow.id}"


def _together(looked: Sequence[Looked], members: Mapping[str, Any] | None = None) -> RequestFault:
    """The fault of the first file, with the errors of all."""
    faults = [each.fault for each in looked if each.fault]
    first = faults[0]
    errors = [error for fault in faults for error in fault.errors]
    return type(first)(" ".join(fault.detail for fault in faults), errors=errors, members=members)
