"""/discovery/clusters: spellings of one value, made one: members left out by a click, the winner chosen by another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from discovery_pipeline.engine.cleansing.clusters import Cluster
from discovery_pipeline.engine.phrases import counted
from discovery_pipeline.flow.state import Flow
from discovery_pipeline.store.reviews.decisions import VALUE
from discovery_pipeline.web.faults import InvalidRequest
from discovery_pipeline.web.pages.answering import Called, Note, Sent, Visitor, flow_page, text, to
from discovery_pipeline.web.pages.views.standing import may_change
from discovery_pipeline.web.services import Caller, Services
from discovery_pipeline.web.services.clusters import Merge, Merged

router = APIRouter(prefix="/discovery/clusters/{flow_id}")

Method = Literal["fingerprint", "nearest"]
Place = tuple[str, str, Method]
METHODS: tuple[tuple[Method, str], ...] = (("fingerprint", "the same word"), ("nearest", "nearly the same letters"))
Named = Annotated[str, Query(max_length=500)]


@dataclass(frozen=True, slots=True)
class _Ticked:
    """What is ticked and typed in the form of one cluster."""

    members: tuple[str, ...]
    winner: str
    own: str

    @classmethod
    def of(cls, form: FormData) -> _Ticked:
        """As it was sent."""
        members = tuple(value for value in form.getlist("member") if isinstance(value, str))
        return cls(members, _verbatim(form, "winner"), text(form, "own"))

    def about(self, cluster: Cluster) -> bool:
        """Whether that cluster's form was sent."""
        return not {self.winner, *self.members}.isdisjoint(member.value for member in cluster.members)


@router.get("")
async def clusters(  # noqa: PLR0913, PLR0917 - a query's parts
    request: Request, called: Called, caller: Visitor, flow_id: str,
    table: Named = "", column: Named = "", method: Method = "fingerprint",
) -> Response:  # fmt: skip
    """The columns with several spellings, and the clusters of one of them."""
    flow = await called.flow.get(caller, flow_id)
    return await _page(request, called, caller, flow, (table, column, method))


@router.post("/merge")
async def merge(request: Request, called: Called, caller: Visitor, flow_id: str, form: Sent) -> Response:
    """Say what changes; then, when that is known, decide it."""
    flow = await called.flow.get(caller, flow_id)
    wanted, place, ticked = _wanted(form), _place(form), _Ticked.of(form)
    known = text(form, "do") == "merge"
    try:
        done = await called.clusters.merge(caller, flow, wanted, dry_run=not known)
    except InvalidRequest as fault:
        note = Note(fault.detail, "bad")
        return await _page(request, called, caller, flow, place, note, ticked=ticked, status=422)
    if not known:
        return await _page(request, called, caller, flow, place, ticked=ticked, merging=(wanted, done))
    become = "becomes" if len(done.changed) == 1 else "become"
    said = f"{counted(len(done.changed), 'spelling')} {become} {wanted.winner} in {counted(done.rows, 'row')}"
    return to(_address(flow, place), Note(f"{said}, from the next run on. Undo takes it back in one step."))


@router.post("/undo")
async def undo(called: Called, caller: Visitor, flow_id: str, form: Sent) -> Response:
    """Take back the newest step of anybody."""
    flow = await called.flow.get(caller, flow_id)
    done = await called.review.undo(caller, flow)
    return to(_address(flow, _place(form)), Note("Undone." if done else "There is nothing to undo."))


async def _page(  # noqa: PLR0913 - who looks at what, and what is said of it
    request: Request, called: Services, caller: Caller, flow: Flow, place: Place, *notes: Note,
    merging: tuple[Merge, Merged] | None = None, ticked: _Ticked | None = None, status: int = 200,
) -> Response:  # fmt: skip
    columns = await called.clusters.columns(caller, flow)
    table, column, method = place
    if not column and columns:
        table, column = columns[0].table, columns[0].column
    found = await called.clusters.of(caller, flow, table, column, method) if column else ()
    log = {one.what: one for one in await called.mending.log(caller, flow)}
    decided = {
        subject[2]: one.after.get("after")
        for (kind, subject), one in log.items()
        if kind == VALUE and subject[:2] == (table, column) and one.after
    }
    return await flow_page(
        request, "clusters.html.j2", caller, flow, title="Spellings", notes=notes, status_code=status,
        action=f"/discovery/clusters/{flow.id}", here=_address(flow, (table, column, method)),
        columns=[(one, _address(flow, (one.table, one.column, method))) for one in columns],
        clusters=found, table=table, column=column, method=method, decided=decided, merging=merging,
        ticked=ticked,
        may_decide=may_change(caller, flow),
        methods=[(_address(flow, (table, column, name)), said, name == method) for name, said in METHODS],
    )  # fmt: skip


def _wanted(form: FormData) -> Merge:
    ticked = _Ticked.of(form)
    table, column, _ = _place(form)
    return Merge(table, column, ticked.members, ticked.own or ticked.winner)


def _place(form: FormData) -> Place:
    method: Method = "nearest" if text(form, "method") == "nearest" else "fingerprint"
    return _verbatim(form, "table"), _verbatim(form, "column"), method


def _verbatim(form: FormData, name: str) -> str:
    """A field with the white space around it: names and values may have some."""
    said = form.get(name)
    return said if isinstance(said, str) else ""


def _address(flow: Flow, place: Place) -> str:
    table, column, method = place
    return f"/discovery/clusters/{flow.id}?{urlencode({'table': table, 'column': column, 'method': method})}"
