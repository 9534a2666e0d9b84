"""Actions: what a worker does to flows, and what each makes happen, for whoever judges it afterwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from discovery_pipeline.engine.intake.model import FileRead
from discovery_pipeline.engine.mapping.model import MappedField, Suggestions
from discovery_pipeline.engine.mapping.model import Mapping as FieldMapping
from discovery_pipeline.flow.commands import (
    AcceptImport,
    CancelFlow,
    Command,
    CompletePhase,
    FailPhase,
    Keep,
    OfferMappings,
    StartPhase,
    SubmitMappings,
    Tell,
)
from discovery_pipeline.flow.events import EventType
from discovery_pipeline.flow.state import Phase
from discovery_pipeline.store import requests, rows
from discovery_pipeline.store.blocking import Store
from discovery_pipeline.store.postgres.operation import flow_operation
from discovery_pipeline.store.reviews.mappings import fingerprint

Given = Mapping[str, Any]

TARGET = "aws"


def agreed(fields: list[str]) -> FieldMapping:
    """A mapping of these source columns."""
    return FieldMapping(target=TARGET, fields=tuple(_field(name) for name in fields))


def _field(name: str) -> MappedField:
    return MappedField(source_table="ci", source_field=name, target_table="server", target_field=name, confidence=1.0)


COMMANDS: Mapping[str, Callable[[Given], Command]] = {
    "start": lambda given: StartPhase(Phase(given["phase"])),
    "complete": lambda given: CompletePhase(Phase(given["phase"]), given["result"]),
    "fail": lambda given: FailPhase(Phase(given["phase"]), given["result"]),
    "import": lambda _: AcceptImport(0, 0),
    "suggest": lambda given: OfferMappings(TARGET, len(given["fields"]), 0),
    "submit": lambda given: SubmitMappings({TARGET: len(given["fields"])}, fingerprint([agreed(given["fields"])])),
    "keep": lambda given: Keep(given["patch"]),
    "cancel": lambda _: CancelFlow("of no use"),
    "tell": lambda given: Tell(EventType(given["type"])),
    "request": lambda _: Tell(EventType.RUN_REQUESTED),
    "claim": lambda _: Tell(EventType.RUN_CLAIMED),
}
"""The command that each action gives, by which the machine says what events it makes."""


def create(store: Store, by: str) -> dict[str, Any]:
    """Make a flow."""
    flow = store.create_flow(store.default_tenant().acting(by), "soak", "servicenow", TARGET)
    return {"flow": str(flow.id), "version": flow.version}


def perform(store: Store, action: str, flow: str, given: Given, by: str) -> Any:
    """Do it, and answer with what is to be found afterwards."""
    return DOORS[action](store, flow, given, by)


def _import(store: Store, flow: str, given: Given, by: str) -> Any:
    (imported,) = store.record_imports(flow, FileRead(file=given["file"], status="read", sha256=by), by=by)
    return imported


def _suggest(store: Store, flow: str, given: Given, by: str) -> Any:
    offered = Suggestions(target=TARGET, matches=(), assignment=agreed(given["fields"]).fields)
    store.record_suggestions(flow, offered, by=by)


def _keep(store: Store, flow: str, given: Given, by: str) -> Any:
    there = store.flow(None, flow)
    return store.wait_for(store.flows.update(there.tenant.acting(by), flow, given["patch"])).version


def _publish(store: Store, flow: str, given: Given, by: str) -> Any:
    there = store.flow(None, flow)
    with store.artifacts.writing(there, given["stage"]) as folder:
        (folder / "parts").mkdir()
        for number in range(given["parts"]):
            (folder / "parts" / f"{number}.txt").write_text(by * 40)
        (folder / "whole.txt").write_text(f"{given['parts']} {by}")
    return store.artifacts.digest(there, given["stage"])


def _archive(store: Store, flow: str, _: Given, by: str) -> Any:
    return store.query(f"select archive_flows(array['{flow}']::uuid[], '{by}', 'soak')::text")


def _request(store: Store, flow: str, given: Given, by: str) -> Any:
    there = store.flow(None, flow)

    async def asked() -> str:
        async with store.flows.changing(there.tenant.acting(by)) as states:
            locked = await rows.find(states.session, there, lock=True)
            return str((await requests.request(states, locked, given["job"], "soak")).id)

    with flow_operation("request a run", flow):
        return store.wait_for(asked())


def _claim(store: Store, flow: str, given: Given, by: str) -> Any:
    async def launched() -> str:
        waiting = await requests.open_requests(store.flows)
        wanted = [each for each in waiting if str(each.flow_id) == flow and each.job == given["job"]]
        if not wanted:
            return ""
        async with requests.claiming(store.flows, wanted[0], by) as mine:
            return mine.run_id if mine else ""

    with flow_operation("claim a run", flow):
        return store.wait_for(launched())


DOORS: Mapping[str, Callable[[Store, str, Given, str], Any]] = {
    "start": lambda store, flow, given, by: store.start_phase(flow, given["phase"], by=by).version,
    "complete": lambda store, flow, given, by: (
        store.complete_phase(flow, given["phase"], given["result"], by=by).version
    ),
    "fail": lambda store, flow, given, by: store.fail_phase(flow, given["phase"], given["result"], by=by).version,
    "import": _import,
    "suggest": _suggest,
    "submit": lambda store, flow, given, by: store.submit_mapping(flow, agreed(given["fields"]), by=by).version,
    "keep": _keep,
    "cancel": lambda store, flow, _, by: store.cancel(flow, "of no use", by=by).version,
    "tell": lambda store, flow, given, by: store.append_event(flow, given["type"], by=by),
    "request": _request,
    "claim": _claim,
    "publish": _publish,
    "archive": _archive,
}
