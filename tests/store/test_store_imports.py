"""Imports: many files at once are kept as if each came by itself, in a few statements."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

from discovery_pipeline.engine.intake.model import FileRead, TableRead
from discovery_pipeline.engine.tables import Table
from discovery_pipeline.flow import machine
from discovery_pipeline.flow.state import Flow, Phase
from discovery_pipeline.store import rows
from discovery_pipeline.store.blocking import Store

IDS = "import_id", "replaces", "last_replaced"


def importing(store: Store) -> Flow:
    flow = store.create_flow(store.default_tenant().acting("ana"), "Q3 estate", "servicenow", "aws")
    return store.start_phase(flow, Phase.DATA_IMPORT)


def read(name: str, sha256: str, row_count: int) -> FileRead:
    table = TableRead.model_construct(table=Table.model_construct(row_count=row_count))
    return FileRead(file=name, status="read", sha256=sha256, tables=(table,))


def refused(name: str, sha256: str) -> FileRead:
    return FileRead(file=name, status="refused", reason=f"{name} is no table", sha256=sha256)


def imported(store: Store, flow: Flow) -> list[tuple[Any, ...]]:
    """The flow's files in their order, with their ids first."""
    told = "id, filename, sha256, row_count, status, rejected_reason, created_by"
    return store.query(f"select {told} from data_imports where flow_id = '{flow.id}' order by id")


def placed(value: Any, places: dict[int, int]) -> Any:
    """The same with each import's place among the flow's for its id."""
    match value:
        case dict():
            return {
                key: [places.get(each) for each in (held if isinstance(held, list) else [held])]
                if key in IDS
                else placed(held, places)
                for key, held in value.items()
            }
        case _:
            return value


def kept(store: Store, flow: Flow, ids: list[int]) -> dict[str, Any]:
    """All that the flow holds after its imports, in words that are the same for another flow."""
    files = imported(store, flow)
    places = {file[0]: at for at, file in enumerate(files)}
    where = f"flow_id = '{flow.id}' order by id"
    events = store.query(f"select event_type, created_by, event_data from flow_events where {where}")
    audit = store.query(f"select changed_by, reason, previous_state, new_state from flow_state_audits where {where}")
    after = store.flow(None, flow.id)
    return {
        "answer": [places[each] for each in ids],
        "files": [file[1:] for file in files],
        "events": [(kind, by, placed(told, places)) for kind, by, told in events if kind != "flow.created"],
        "audit": [(by, why, placed(before, places), placed(now, places)) for by, why, before, now in audit],
        "state": (after.version, placed(after.state_data, places)),
    }


def folded(store: Store, flow: Flow) -> Flow:
    async def told() -> Flow:
        async with store.flows.sessions.transaction(flow.tenant) as session:
            return machine.fold(await rows.story(session, flow.id))

    return store.wait_for(told())


@contextmanager
def statements() -> Iterator[list[str]]:
    """What is asked of the database meanwhile."""
    done: list[str] = []

    def before(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        done.append(statement)

    event.listen(Engine, "before_cursor_execute", before)
    try:
        yield done
    finally:
        event.remove(Engine, "before_cursor_execute", before)


def test_files_of_one_call_are_kept_as_one_after_the_other(store: Store):
    """New, again, under another name, back, replaced, refused, and read at last."""
    held = [read("a.csv", "aa", 1), read("b.csv", "bb", 2)]
    come = [
        read("a.csv", "cc", 3), read("z.csv", "aa", 1), read("b.csv", "bb", 5), refused("c.bin", "dd"),
        read("b.csv", "ee", 6), read("e.csv", "bb", 2), read("d.csv", "ff", 7), refused("c.bin", "dd"),
        read("d.csv", "gg", 8), read("c.bin", "dd", 9), read("y.csv", "hh", 10), refused("x.csv", ""),
    ]  # fmt: skip
    together, apart = importing(store), importing(store)
    for flow in (together, apart):
        store.record_imports(flow, *held)
        store.complete_phase(flow, Phase.DATA_IMPORT)
    at_once = store.record_imports(together, *come)
    singly = [*chain.from_iterable(store.record_imports(apart, file) for file in come)]
    assert kept(store, together, at_once) == kept(store, apart, singly)
    assert folded(store, together).state_data == store.flow(None, together.id).state_data


def test_many_files_take_few_statements(store: Store):
    counts = []
    for many in (6, 600):
        flow = importing(store)
        with statements() as done:
            ids = store.record_imports(flow, *(read(f"{i}.csv", f"{i:064}", i) for i in range(many)))
        assert [file[0] for file in imported(store, flow)] == ids
        counts.append(len(done))
    assert counts[0] <= 10
    assert counts[1] <= 2 * counts[0]
