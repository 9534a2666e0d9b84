"""Imports: one row for each file that came to a flow, read or refused."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from discovery_pipeline.flow.commands import AcceptImport, ReadAgain, Tell
from discovery_pipeline.flow.events import EventType
from discovery_pipeline.flow.state import Flow
from discovery_pipeline.store import rows
from discovery_pipeline.store.rows import FlowRef
from discovery_pipeline.store.schema.work import data_imports
from discovery_pipeline.store.state import FlowStateManager

if TYPE_CHECKING:
    from discovery_pipeline.engine.intake.model import FileRead  # its room imports DuckDB

ACCEPTED, REJECTED, REPLACED = "accepted", "rejected", "replaced"


async def record(states: FlowStateManager, flow_id: FlowRef, file: FileRead) -> int:
    """Keep what came of one file, and answer with its id.

    The same bytes again are the first import's answer. A file of an earlier one's name replaces that one.
    """
    session = states.session
    flow = await rows.find(session, flow_id, lock=True)
    known = (await known_files(session, flow, [file])).get(identity(file))
    count = _row_count(file)
    if file.status != "read":
        return known.id if known is not None else await _reject(states, flow, file)
    if known is not None and known.status == ACCEPTED:
        if count != known.row_count:  # it is read in another way now
            await _change(session, known.id, row_count=count)
        return known.id
    replaces = await _replaced(session, flow, file)
    if known is None:
        import_id = await _add(states, flow, file, ACCEPTED)
    else:  # it was replaced by other bytes, and is back
        import_id = known.id
        await _change(session, import_id, filename=file.file, status=ACCEPTED, row_count=count, rejected_reason=None)
    reason = f"{file.file} replaces an earlier file of that name" if replaces else f"import of {file.file}"
    await states.update_state(flow.id, AcceptImport(import_id, count, replaces), reason=reason[:500])
    return import_id


async def _reject(states: FlowStateManager, flow: Flow, file: FileRead) -> int:
    """Keep a file that can't be read, and tell why."""
    import_id = await _add(states, flow, file, REJECTED)
    refused = {"import_id": import_id, "reason": file.reason}
    await states.update_state(flow.id, Tell(EventType.IMPORT_REJECTED, refused))
    return import_id


async def _add(states: FlowStateManager, flow: Flow, file: FileRead, status: str) -> int:
    added = insert(data_imports).values(
        **rows.tenant_columns(flow),
        flow_id=flow.id,
        filename=file.file,
        sha256=identity(file),
        byte_size=file.byte_size,
        media_type=file.media_type,
        row_count=_row_count(file),
        status=status,
        rejected_reason=file.reason,
        created_by=states.tenant.by,
    )
    return (await states.session.execute(added.returning(data_imports.c.id))).scalar_one()


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


async def _replaced(session: AsyncConnection, flow: Flow, file: FileRead) -> int | None:
    earlier = (
        update(data_imports)
        .where(
            data_imports.c.flow_id == flow.id,
            data_imports.c.filename == file.file,
            data_imports.c.status == ACCEPTED,
        )
        .values(status=REPLACED)
        .returning(data_imports.c.id)
    )
    return (await session.execute(earlier)).scalar()
