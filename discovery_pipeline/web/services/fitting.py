"""Fitting: what a flow's targets take in a source column, asked before anybody decides what stands there."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.cleansing.model import Cleansed
from discovery_pipeline.engine.intake.model import Intake
from discovery_pipeline.engine.mapping import transformations
from discovery_pipeline.engine.mapping.model import MappedField
from discovery_pipeline.engine.mapping.model import Mapping as FieldMapping
from discovery_pipeline.engine.mapping.transformations.nearness import Nearness
from discovery_pipeline.engine.tables import Table
from discovery_pipeline.engine.targets import Target
from discovery_pipeline.engine.validation.trying import Trial, refused
from discovery_pipeline.flow.contracts import contract
from discovery_pipeline.flow.state import Flow
from discovery_pipeline.store.flows import Flows
from discovery_pipeline.store.reviews.decisions import CELL, VALUE, Decision, What
from discovery_pipeline.web.faults import InvalidRequest
from discovery_pipeline.web.services.caller import Caller
from discovery_pipeline.web.services.values import Values


@dataclass(frozen=True, slots=True)
class Words:
    """What a column may hold, where a field that it fills takes a fixed list."""

    listed: tuple[str, ...]

    def near(self, *values: str | None) -> tuple[str, ...]:
        """The words that come nearest to these values, those of the first value first."""
        nearness = Nearness(self.listed)
        return tuple(dict.fromkeys(word for value in values if value for word in nearness.nearest(value)))


@dataclass(frozen=True, slots=True)
class _Taken:
    """What is delivered of a table, and to whom."""

    table: Table
    mappings: tuple[tuple[FieldMapping, Target], ...]

    def refused(self, trials: Sequence[Trial]) -> list[dict[str, str]]:
        """Why some target doesn't take the values of each trial, by column."""
        answers: list[dict[str, str]] = [{} for _ in trials]
        with duck.connect() as con:
            for mapping, target in self.mappings:
                for number, found in enumerate(refused(con, self.table, trials, mapping, target)):
                    answers[number] |= found
        return answers

    def words(self, row: int = 0) -> dict[str, Words]:
        """The words of each column that fills a field with a fixed list, as they fit that row."""
        said: dict[str, dict[str, None]] = {}
        unsure: set[str] = set()  # columns whose words become others, or have to fit several fields
        for field, allowed in self._listing():
            if field.source_field in said or field.transformation:
                unsure.add(field.source_field)
            words = said.setdefault(field.source_field, {})
            words |= dict.fromkeys((*allowed, *transformations.replaced(field.transformation)))
        tried = [(column, word) for column in unsure for word in said[column]]
        answers = self.refused([Trial(row, {column: word}) for column, word in tried]) if tried else []
        for (column, word), answer in zip(tried, answers, strict=True):
            if answer:
                del said[column][word]
        return {column: Words(tuple(words)) for column, words in said.items() if words}

    def _listing(self) -> Iterator[tuple[MappedField, tuple[str, ...]]]:
        """The fields with a fixed list that columns of the table fill, and their lists."""
        for mapping, target in self.mappings:
            for field in mapping.fields:
                wanted = target.table(field.target_table).field(field.target_field)
                if field.source_table == self.table.name and field.source_field and wanted.allowed:
                    yield field, wanted.allowed


class FittingService:
    """Says which values a flow's targets take, by the mapping that was approved."""

    def __init__(self, flows: Flows, values: Values) -> None:
        self._flows, self._values = flows, values

    async def words(self, who: Caller, flow: Flow, table: str, row: int = 0) -> Mapping[str, Words]:
        """The words that each column of a table may hold; without the columns that may hold any."""
        taken = (await self._taken(who, flow)).get(table)
        return await asyncio.to_thread(taken.words, row) if taken and taken.table.row_count else {}

    async def refuse(self, who: Caller, flow: Flow, wanted: Iterable[Decision]) -> None:
        """Refuse decisions that put into cells what a target doesn't take.

        Raises
        ------
        InvalidRequest
            Says of each why, and which words of the target come nearest.
        """
        if faults := list(dict.fromkeys((await self.refused(who, flow, wanted)).values())):
            raise InvalidRequest(" ".join(faults), errors=faults)

    async def refused(self, who: Caller, flow: Flow, wanted: Iterable[Decision]) -> dict[What, str]:
        """Of decisions on cells and values, those that put into cells what a target doesn't take, and why."""
        said = [one for one in wanted if one.kind in (CELL, VALUE) and _put(one) is not None]
        taken = await self._taken(who, flow) if said else {}
        intake = await self._values.of(flow, "source_tables", Intake) if taken else None
        sources = {each.name: each for each in intake.tables} if intake else {}
        found: dict[What, str] = {}
        for name in taken.keys() & sources.keys():
            about = [one for one in said if one.subject[0] == name]
            found |= await asyncio.to_thread(_refused, taken[name], sources[name], about)
        return found

    async def _taken(self, who: Caller, flow: Flow) -> dict[str, _Taken]:
        """The cleansed tables that fill something; none before a mapping was approved and followed."""
        approved = await self._flows.approved_mappings(who.tenant, flow)
        cleansed = await self._values.of(flow, "cleansed_tables", Cleansed) if approved else None
        mappings = tuple((mapping, contract(flow, mapping.target)) for mapping in approved.values())
        filling = {field.source_table for mapping, _ in mappings for field in mapping.fields}
        return {one.name: _Taken(one, mappings) for one in cleansed.tables if one.name in filling} if cleansed else {}


def _put(decision: Decision) -> str | None:
    """The text that it puts into cells; None where it puts none, or leaves what the source has."""
    after = decision.after or {}
    source = after.get("seen") if decision.kind == CELL else decision.subject[2]
    return after.get("after") if after.get("after") != source else None


def _refused(taken: _Taken, source: Table, wanted: Sequence[Decision]) -> dict[What, str]:
    """Of decisions on one table, those that a target doesn't take, and why; cells of one row are tried together."""
    columns = {column.name for column in source.columns}
    trials: dict[object, Trial] = {}
    placed: list[tuple[What, str, object]] = []
    for one in wanted:
        _, column, at = one.subject
        row = at if one.kind == CELL else _first(source, str(column), at) if column in columns else None
        if column in columns and isinstance(row, int) and 0 <= row < taken.table.row_count:
            together = row if one.kind == CELL else one.subject
            known = trials.get(together, Trial(row, {}))
            trials[together] = Trial(row, {**known.values, str(column): _put(one)})
            placed.append(((one.kind, one.subject), str(column), together))
    found = dict(zip(trials, taken.refused(list(trials.values())), strict=True))
    words = taken.words() if any(found.values()) else {}
    return {
        what: _said(reason, trials[together].values[column], words.get(column))
        for what, column, together in placed
        if (reason := found[together].get(column))
    }


def _first(source: Table, column: str, value: object) -> int | None:
    """The first row in which the source holds that value."""
    key = duck.col(source.column(column))
    query = f"SELECT min(file_row_number) FROM {duck.scan(source)} WHERE {key} IS NOT DISTINCT FROM ?"
    with duck.connect() as con:
        found = con.execute(query, [value]).fetchone()
    return found[0] if found else None


def _said(reason: str, value: str | None, words: Words | None) -> str:
    """Why a value isn't taken, and which words come nearest to it."""
    near = words.near(value) if words else ()
    return f"{reason}.{' Nearest: ' + ', '.join(near) + '.' if near else ''}"


__all__ = ["FittingService", "Words"]
