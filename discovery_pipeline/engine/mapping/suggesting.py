"""Suggesting: every source table against every table of one target, with reasons and transformations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import duckdb

from discovery_pipeline.engine.mapping import fields, samples
from discovery_pipeline.engine.mapping.assigning import assigned
from discovery_pipeline.engine.mapping.evidence import Reasons
from discovery_pipeline.engine.mapping.matching import Matched, match
from discovery_pipeline.engine.mapping.model import FieldRef, MappedField, Match, Suggestions
from discovery_pipeline.engine.mapping.proposing import propose
from discovery_pipeline.engine.profiling.model import ColumnProfile, Profile
from discovery_pipeline.engine.schema.model import SchemaAnalysis
from discovery_pipeline.engine.tables import Tables
from discovery_pipeline.engine.targets import Target, TargetField, TargetTable

BEST = 20
"""Target fields kept for each source column."""

_REMEMBERED = 0.99  # confidence of a pair that this tenant approved before
_EXPLAINED = 5  # ranks that get reasons in words


@dataclass(frozen=True, slots=True)
class _Pairing:
    """One source table against one table of the target."""

    matched: Matched
    table: TargetTable
    reasons: Reasons
    remembered: frozenset[tuple[int, int]]


def suggest(
    con: duckdb.DuckDBPyConnection,
    tables: Tables,
    profile: Profile | None,
    analysis: SchemaAnalysis | None,
    target: Target,
    memory: Sequence[MappedField] = (),
) -> Suggestions:
    """Offer target fields for source columns.

    Parameters
    ----------
    profile, analysis
        What is known of the tables; without them the matcher goes by its own sample.
    memory
        Fields that this tenant approved before for this target; their pairs come first.

    Returns
    -------
    Suggestions
        The best 20 target fields of every source column, and an assignment that fills each target field at most
        once from each source table. Fields that end in a key of the user's (tags) are not offered.
    """
    sides = [fields.of_table(table, samples.take(con, table)) for table in tables]
    pairings = [_paired(side, table, memory) for side in sides for table in map(_offered, target.tables)]
    matches = [m for side in sides for m in _matches(side, [p for p in pairings if p.matched.source is side])]
    assignment = [field for pairing in pairings for field in _assignment(pairing, profile)]
    return suggested(target.name, sides, [(t.name, f.name) for t in target.tables for f in t.fields], matches, assignment)


def suggested(
    target: str,
    sides: Sequence[fields.Side],
    wanted: Sequence[tuple[str, str]],
    matches: Sequence[Match],
    assignment: Sequence[MappedField],
) -> Suggestions:
    """Suggestions with what stays unmapped on both sides."""
    used = {(f.source_table, f.source_field) for f in assignment}
    filled = {(f.target_table, f.target_field) for f in assignment}
    return Suggestions(
        target=target,
        matches=tuple(matches),
        assignment=tuple(assignment),
        unmapped_source=tuple(
            FieldRef(table=side.table, field=name) for side in sides for name in side.names
            if (side.table, name) not in used
        ),
        unmapped_target=tuple(FieldRef(table=t, field=f) for t, f in wanted if (t, f) not in filled),
    )  # fmt: skip


def _offered(table: TargetTable) -> TargetTable:
    return table.model_copy(update={"fields": tuple(f for f in table.fields if not f.template)})


def _paired(side: fields.Side, table: TargetTable, memory: Sequence[MappedField]) -> _Pairing:
    matched = match(side, fields.of_target(table))
    rows = {name.casefold(): i for i, name in enumerate(side.names)}
    columns = {f.name: j for j, f in enumerate(table.fields)}
    remembered = frozenset(
        (rows[m.source_field.casefold()], columns[m.target_field])
        for m in memory
        if m.target_table == table.name and m.source_field.casefold() in rows and m.target_field in columns
    )
    confidence = matched.confidence.copy()
    for i, j in remembered:
        confidence[i, j] = max(confidence[i, j], _REMEMBERED)
    matched = replace(matched, confidence=confidence)
    return _Pairing(matched, table, Reasons(matched), remembered)


def _matches(side: fields.Side, pairings: Sequence[_Pairing]) -> list[Match]:
    """The best of all the target's tables for each column of one source table."""
    found = []
    for i, name in enumerate(side.names):
        offered = sorted(
            ((float(p.matched.confidence[i, j]), k, j) for k, p in enumerate(pairings) for j in range(len(p.table.fields))),
            key=lambda offer: (-offer[0], *offer[1:]),
        )  # fmt: skip
        for rank, (confidence, k, j) in enumerate(offered[:BEST], start=1):
            pairing = pairings[k]
            found.append(
                Match(
                    source_table=side.table,
                    source_field=name,
                    target_table=pairing.table.name,
                    target_field=pairing.table.fields[j].name,
                    confidence=round(confidence, 4),
                    rank=rank,
                    evidence=_why(pairing, i, j) if rank <= _EXPLAINED else (),
                )
            )
    return found


def _why(pairing: _Pairing, i: int, j: int) -> tuple[str, ...]:
    approved = ("you approved this pair before",) if (i, j) in pairing.remembered else ()
    return approved + pairing.reasons.of(i, j)


def _assignment(pairing: _Pairing, profile: Profile | None) -> list[MappedField]:
    matched = pairing.matched
    return [
        mapped(matched, i, pairing.table.name, pairing.table.fields[j], float(matched.confidence[i, j]), profile,
               _why(pairing, i, j), remembered=(i, j) in pairing.remembered)
        for i, j in sorted(assigned(matched.confidence), key=lambda pair: pair[1])
    ]  # fmt: skip


def mapped(  # noqa: PLR0913
    matched: Matched,
    i: int,
    table: str,
    field: TargetField,
    confidence: float,
    profile: Profile | None,
    reasons: tuple[str, ...],
    *,
    remembered: bool = False,
) -> MappedField:
    """One assigned field with the transformation it needs."""
    source = matched.source
    values = source.sample.examples[i] if source.sample else ()
    proposal = propose(source.fields[i], values, _profile(profile, source.table, source.fields[i].name), field)
    return MappedField(
        source_table=source.table,
        source_field=source.fields[i].name,
        target_table=table,
        target_field=field.name,
        transformation=proposal.transformation,
        data_type=proposal.data_type,
        is_required=field.required,
        confidence=round(confidence, 4),
        evidence=reasons + proposal.reasons,
        origin="memory" if remembered else "suggested",
    )


def _profile(profile: Profile | None, table: str, column: str) -> ColumnProfile | None:
    try:
        return profile.table(table).column(column) if profile else None
    except KeyError:
        return None
