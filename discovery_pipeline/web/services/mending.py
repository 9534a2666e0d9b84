"""Mending: what people decide on cleansing and on rejected rows, and the run that follows it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.cleansing.decisions import CellDecision
from discovery_pipeline.engine.intake.model import Intake
from discovery_pipeline.engine.intake.writing import Form, form_of
from discovery_pipeline.engine.tables import LINE, Table
from discovery_pipeline.engine.validation import corrections
from discovery_pipeline.engine.validation.model import Verdict
from discovery_pipeline.flow.state import Flow, Phase, PhaseStatus
from discovery_pipeline.store import requests, rows
from discovery_pipeline.store.flows import Flows
from discovery_pipeline.store.reviews.decisions import CELL, RULE, VALUE, Decided, Decision
from discovery_pipeline.web.faults import NotWaiting, NotYet, UploadUnreadable
from discovery_pipeline.web.services.caller import Caller
from discovery_pipeline.web.services.fitting import FittingService
from discovery_pipeline.web.services.masking import MaskingService
from discovery_pipeline.web.services.reading import Reader
from discovery_pipeline.web.services.values import Values

KINDS = frozenset({RULE, VALUE, CELL})


@dataclass(frozen=True, slots=True)
class RejectedFile:
    """The rejected rows of a table, to be corrected."""

    path: Path
    media_type: str
    name: str  # that it is saved under


@dataclass(frozen=True, slots=True)
class Correction:
    """What became of a corrected file."""

    cells: int  # that were taken over
    refused: tuple[str, ...] = ()  # by line, why a target doesn't take what was put there


class MendingService:
    """Decisions on rules, values, cells and rejected rows."""

    def __init__(
        self, flows: Flows, values: Values, reader: Reader, masking: MaskingService, fitting: FittingService
    ) -> None:
        self._flows, self._values, self._reader = flows, values, reader
        self._masking, self._fitting = masking, fitting

    async def log(self, who: Caller, flow: Flow) -> tuple[Decided, ...]:
        """Every decision on the flow's cleansing, oldest first."""
        return tuple(one for one in await self._flows.decision_history(who.tenant, flow) if one.kind in KINDS)

    async def decide(self, who: Caller, flow: Flow, wanted: Iterable[Decision], reason: str = "") -> UUID | None:
        """Keep decisions as one step; they count from the next run on. None where all of them held already.

        Raises
        ------
        InvalidRequest
            They put into cells what a target doesn't take.
        """
        who.must_be("reviewer")
        asked = list(wanted)
        await self._fitting.refuse(who, flow, asked)
        return await self._flows.decide(who.tenant, flow, asked, reason)

    async def rerun(self, who: Caller, flow: Flow) -> None:
        """Cleanse, validate and deliver again, with all that was decided.

        Raises
        ------
        NotWaiting
            There is no approved mapping, or a run is at work.
        """
        who.must_be("reviewer")
        async with self._flows.changing(who.tenant) as states:
            now = await rows.find(states.session, flow.id, lock=True)
            if now.phases[Phase.FIELD_MAPPING].status is not PhaseStatus.COMPLETED:
                raise NotWaiting(
                    "There is no approved mapping yet. Save the mapping; decisions on cleansing count then."
                )
            if any(state.status is PhaseStatus.RUNNING for state in now.phases.values()):
                raise NotWaiting("A run is at work. Wait until it ends; then run again with the new decisions.")
            await requests.request(states, now, "deliver", "decisions on cleansing")

    async def rejected_file(self, who: Caller, flow: Flow, table: str, folder: Path) -> RejectedFile:
        """The rejected rows of one table as they came, in the form of its file, below `folder`.

        Raises
        ------
        NotYet
            Nothing was validated so far, or there is no such table.
        NotAuthorized
            The flow has personal data, and the caller only reads.
        """
        intake = await self._values.of(flow, "source_tables", Intake)
        verdicts = await self._values.all_of(flow, "validated_tables", Verdict)
        wanted = next((each for each in intake.tables if each.name == table), None) if intake else None
        if intake is None or wanted is None or not verdicts:
            raise NotYet(f"There are no rejected rows of {table[:100]!r}.")
        await self._masking.allow(who, flow, "The file of rejected rows")
        form = form_of(intake, table, rows=sum(verdict.rows_rejected for verdict in verdicts))
        done = RejectedFile(folder / f"rejected{form.suffix}", form.media_type, _named(wanted, form))

        def write() -> None:
            with duck.connect() as con:
                corrections.rejected(con, wanted, verdicts, done.path, form)

        await asyncio.to_thread(write)
        return done

    async def correct(self, who: Caller, flow: Flow, table: str, file: Path) -> Correction:
        """Take over what was changed in a file of rejected rows, as far as the targets take it.

        Raises
        ------
        UploadUnreadable
            The file doesn't say which rows it is about, or can't be read.
        """
        who.must_be("reviewer")
        intake = await self._values.of(flow, "source_tables", Intake)
        if intake is None:
            raise NotYet("Nothing was read so far.")
        source = next((each for each in intake.tables if each.name == table), None)
        if source is None:
            raise UploadUnreadable(f"{file.name}: there is no table {table[:100]!r}.")
        found = await self._reader.corrected(file, file.parent / ".reading", source)
        if found is None:
            raise UploadUnreadable(f"{file.name}: reading it took more than a file may take. Send fewer rows at once.")
        if found.refused:
            raise UploadUnreadable(found.refused)
        wanted = [cell(one) for one in found.cells]
        refused = await self._fitting.refused(who, flow, wanted)
        taken = [one for one in wanted if (one.kind, one.subject) not in refused]
        await self._flows.decide(who.tenant, flow, taken, "corrected in the file of rejected rows")
        at = await asyncio.to_thread(_lines, source) if refused else {}
        told = tuple(
            f"line {at[one.subject[2]]}: {refused[one.kind, one.subject]}"
            for one in wanted
            if (one.kind, one.subject) in refused
        )
        return Correction(len(taken), told)


def _lines(source: Table) -> dict[str | int | None, int]:
    """The line of each row of the source."""
    with duck.connect() as con:
        query = f"SELECT file_row_number, {duck.name(LINE)} FROM {duck.scan(source)}"
        return dict(con.execute(query).fetchall())


def _named(table: Table, form: Form) -> str:
    """What the file is saved as."""
    stem = "".join("_" if mark in '/\\"' or not mark.isprintable() else mark for mark in table.name).lstrip(".")
    return f"{stem[:150] or 'table'}-rejected{form.suffix}"


def cell(one: CellDecision) -> Decision:
    """A decision on a cell, as the log takes it."""
    return Decision(CELL, (one.table, one.column, one.row), {"seen": one.seen, "after": one.after})
