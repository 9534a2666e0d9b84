"""Imports: one row for each file that came to a flow, read or refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from discovery_pipeline.flow.commands import AcceptImport, Command, ReadAgain, Tell
from discovery_pipeline.flow.events import EventType
from discovery_pipeline.flow.state import Flow
from discovery_pipeline.store import rows
from discovery_pipeline.store.rows import FlowRef
from discovery_pipeline.store.schema.work import data_imports
from discovery_pipeline.store.state import FlowStateManager

if TYPE_CHECKING:
    from discovery_pipeline.engine.intake.model import FileRead  # its room imports DuckDB

ACCEPTED, REJECTED, REPLACED = "accepted", "rejected", "replaced"
TOGETHER = 500
"""Files written by one statement, which takes so many values and no more."""


async def record(states: FlowStateManager, flow_id: FlowRef, files: Sequence[FileRead]) -> list[int]:
    """Keep what came of the files, and answer with their ids.

    The same bytes again are the first import's answer. A file of an earlier one's name replaces that one.
    """
    session = states.session
    flow = await rows.find(session, flow_id, lock=True)
    ids, left = [], list(files)
    while left:
        known = await known_files(session, flow, left[:TOGETHER])
        group = _independent(left[:TOGETHER], known)
        ids += await _record(states, flow, group, known)
        left = left[len(group) :]
    return ids


def _independent(files: Sequence[FileRead], known: Mapping[str, Any]) -> Sequence[FileRead]:
    """The first of the files, as far as none is about the bytes or the name of one before it."""
    said = set[str]()
    for at, file in enumerate(files):
        about = {identity(file), file.file}
        came = known.get(identity(file))
        if said & (about | {came.filename} if came else about):
            return files[:at]
        said |= about
    return files


async def _record(
    states: FlowStateManager, flow: Flow, files: Sequence[FileRead], known: Mapping[str, Any]
) -> list[int]:
    """Keep what came of files that are independent of each other."""
    replaced = await _replaced(states.session, flow, [file for file in files if _comes(file, known)])
    added = await _add(states, flow, [file for file in files if identity(file) not in known])
    ids = {name: row.id for name, row in known.items()} | added
    for file in files:
        if file.status == "read" and identity(file) in known:
            await _renew(states.session, file, known[identity(file)])
    commands = [
        _accepted(file, ids[identity(file)], replaced.get(file.file))
        if file.status == "read"
        else _rejected(file, ids[identity(file)])
        for file in files
        if _comes(file, known) or identity(file) in added
    ]
    if commands:
        await states.update_by(flow.id, commands)
    return [ids[identity(file)] for file in files]


def _comes(file: FileRead, known: Mapping[str, Any]) -> bool:
    """Whether its bytes can be read, and aren't the flow's already."""
    before = known.get(identity(file))
    return file.status == "read" and (before is None or before.status != ACCEPTED)


def _accepted(file: FileRead, import_id: int, replaces: int | None) -> tuple[Command, str]:
    reason = f"{file.file} replaces an earlier file of that name" if replaces else f"import of {file.file}"
    return AcceptImport(import_id, _row_count(file), replaces), reason[:500]


def _rejected(file: FileRead, import_id: int) -> tuple[Command, str]:
    return Tell(EventType.IMPORT_REJECTED, {"import_id": import_id, "reason": file.reason}), ""


async def _renew(session: AsyncConnection, file: FileRead, before: Row[Any]) -> None:
    """Keep what is different now of a file whose bytes came before."""
    count = _row_count(file)
    if before.status != ACCEPTED:  # it was replaced by other bytes, and is back
        await _change(session, before.id, filename=file.file, status=ACCEPTED, row_count=count, rejected_reason=None)
    elif count != before.row_count:  # it is read in another way now
        await _change(session, before.id, row_count=count)


async def _add(states: FlowStateManager, flow: Flow, files: Sequence[FileRead]) -> dict[str, int]:
    """Rows for these files; their ids, by `identity`."""
    if not files:
        return {}
    added = insert(data_imports).values(
        [
            {
                **rows.tenant_columns(flow),
                "flow_id": flow.id,
                "filename": file.file,
                "sha256": identity(file),
                "byte_size": file.byte_size,
                "media_type": file.media_type,
                "row_count": _row_count(file),
                "status": ACCEPTED if file.status == "read" else REJECTED,
                "rejected_reason": file.reason,
                "created_by": states.tenant.by,
            }
            for file in files
        ]
    )
    made = await states.session.execute(added.returning(data_imports.c.sha256, data_imports.c.id))
    return {row.sha256: row.id for row in made}


async def _change(session: AsyncConnection, import_id: int, **values: Any) -> None:
    await session.execute(update(data_imports).where(data_imports.c.id == import_id).values(**values))


def _row_count(file: FileRead) -> int:
    return sum(read.table.row_count for read in file.tables)


async def vanished(
    session: AsyncConnection, flow_id: FlowRef, archive: str, files: Sequence[FileRead]
) -> Sequence[Any]:
    """Accepted members of an earlier archive of that name whose bytes aren't among `files`: id and filename."""
    flow = await rows.find(session, flow_id)
    member = func.starts_with(data_imports.c.filename, f"{archive}/")
    elsewhere = data_imports.c.sha256.not_in([identity(file) for file in files])
    gone = (data_imports.c.flow_id == flow.id) & (data_imports.c.status == ACCEPTED) & member & elsewhere
    wanted = select(data_imports.c.id, data_imports.c.filename).where(gone).order_by(data_imports.c.id)
    return (await session.execute(wanted)).all()


async def withdraw(states: FlowStateManager, flow_id: FlowRef, archive: str, files: Sequence[FileRead]) -> list[str]:
    """Let go of what an earlier archive of that name brought and this one doesn't, saying so; the members' names."""
    gone = await vanished(states.session, flow_id, archive, files)
    if not gone:
        return []
    flow = await rows.find(states.session, flow_id, lock=True)
    mine = data_imports.c.id.in_([row.id for row in gone])
    await states.session.execute(update(data_imports).where(mine).values(status=REPLACED))
    names = [str(row.filename) for row in gone]
    await states.update_state(flow.id, ReadAgain(), reason=f"{archive} came again without {', '.join(names)}"[:500])
    for row in gone:
        told = {"import_id": row.id, "reason": f"{archive} came again without it."}
        await states.update_state(flow.id, Tell(EventType.IMPORT_REJECTED, told), reason=f"{row.filename} is replaced")
    return names


async def known_files(session: AsyncConnection, flow: Flow, files: Iterable[FileRead]) -> dict[str, Any]:
    """Those of the files whose bytes came to the flow before, by `identity`: id, filename, row_count, status."""
    wanted = data_imports.c.sha256.in_([identity(file) for file in files])
    columns = data_imports.c.id, data_imports.c.sha256, data_imports.c.filename, data_imports.c.row_count
    found = select(*columns, data_imports.c.status).where(data_imports.c.flow_id == flow.id, wanted)
    return {row.sha256: row for row in await session.execute(found)}


async def of_flow(session: AsyncConnection, flow_id: FlowRef) -> Sequence[Row[Any]]:
    """Every file that came to the flow, read or refused, the newest first."""
    flow = await rows.find(session, flow_id)
    mine = select(data_imports).where(data_imports.c.flow_id == flow.id)
    return (await session.execute(mine.order_by(data_imports.c.id.desc()))).all()


def identity(file: FileRead) -> str:
    """What tells the file from others: its hash, or its name where it couldn't even be opened."""
    return file.sha256 or f"unopened:{file.file}"


async def _replaced(session: AsyncConnection, flow: Flow, files: Sequence[FileRead]) -> dict[str, int]:
    """Let go of what stands under the names of these files; its ids, by name."""
    if not files:
        return {}
    earlier = (
        update(data_imports)
        .where(
            data_imports.c.flow_id == flow.id,
            data_imports.c.filename.in_([file.file for file in files]),
            data_imports.c.status == ACCEPTED,
        )
        .values(status=REPLACED)
        .returning(data_imports.c.filename, data_imports.c.id)
    )
    return {row.filename: row.id for row in await session.execute(earlier)}
