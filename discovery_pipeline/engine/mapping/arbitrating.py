"""Arbitrating: another of the matcher's candidates takes a field, because whoever was asked gave a reason for it.

Only what the matcher offered can be chosen, with the confidence that the matcher gave it; nobody can make a pair up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from discovery_pipeline.engine.mapping.model import MappedField, Match, Suggestions
from discovery_pipeline.engine.mapping.reassigning import reassigned
from discovery_pipeline.engine.profiling.model import Profile
from discovery_pipeline.engine.tables import Tables
from discovery_pipeline.engine.targets import Target
from discovery_pipeline.errors import MappingError

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True, slots=True)
class Choice:
    """For one offered field: the column that shall fill it instead, or None if none shall; and why."""

    offer: MappedField
    column: str | None
    why: str


def arbitrated(  # noqa: PLR0913, PLR0917 - each is what one stage before this one found
    con: duckdb.DuckDBPyConnection,
    tables: Tables,
    profile: Profile,
    target: Target,
    suggestions: Suggestions,
    choices: Sequence[Choice],
) -> Suggestions:
    """The suggestions as these choices change them; a choice of what is offered already changes nothing.

    Raises
    ------
    MappingError
        The column is none that the matcher offered for the field.
    """
    assignment = list(suggestions.assignment)
    for choice in choices:
        if choice.column == choice.offer.source_field or choice.offer not in assignment:
            continue
        place = assignment.index(choice.offer)
        if choice.column is None:
            del assignment[place]
            continue
        chosen = _mapped(con, tables, profile, target, _offered(suggestions, choice), choice)
        assignment[place] = chosen
        assignment = [f for f in assignment if f is chosen or not _same_column(f, chosen)]
    if assignment == list(suggestions.assignment):
        return suggestions
    return reassigned(suggestions, assignment)


def _offered(suggestions: Suggestions, choice: Choice) -> Match:
    wanted = choice.offer
    for match in suggestions.matches:
        if (match.source_table, match.source_field, match.target_table, match.target_field) == (
            wanted.source_table, choice.column, wanted.target_table, wanted.target_field,
        ):  # fmt: skip
            return match
    raise MappingError(f"{choice.column} was never offered for {wanted.target_field}; choose one of its candidates.")


def _same_column(one: MappedField, other: MappedField) -> bool:
    """Whether both take their value from one column for one table: a column fills a field at most."""
    return (one.source_table, one.source_field, one.target_table) == (
        other.source_table, other.source_field, other.target_table,
    )  # fmt: skip


def _mapped(  # noqa: PLR0913, PLR0917 - as above
    con: duckdb.DuckDBPyConnection, tables: Tables, profile: Profile, target: Target, match: Match, choice: Choice
) -> MappedField:
    """The chosen column with the transformation that it needs."""
    from discovery_pipeline.engine.mapping.matcher import fields, samples
    from discovery_pipeline.engine.mapping.transformations.proposing import propose

    table = next(table for table in tables if table.name == match.source_table)
    side = fields.of_table(table, samples.take(con, table))
    i = side.names.index(match.source_field)
    values = side.sample.examples[i] if side.sample else ()
    place = target.table(match.target_table).field(match.target_field)
    looks = profile.table(match.source_table).column(match.source_field)
    proposal = propose(side.fields[i], values, looks, place)
    return MappedField(
        source_table=match.source_table,
        source_field=match.source_field,
        target_table=match.target_table,
        target_field=match.target_field,
        transformation=proposal.transformation,
        data_type=proposal.data_type,
        is_required=place.required,
        confidence=match.confidence,
        evidence=(f"chosen over {choice.offer.source_field}: {choice.why}", *match.evidence, *proposal.reasons),
        origin="agent",
    )
