"""Suggesting: every source table against every table of one target, with reasons and transformations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import duckdb
import numpy as np

from discovery_pipeline.engine.mapping import enumerations, profiles, transformations
from discovery_pipeline.engine.mapping.known import NOTHING_KNOWN, Known
from discovery_pipeline.engine.mapping.matcher import fields, samples
from discovery_pipeline.engine.mapping.matcher.evidence import Reasons
from discovery_pipeline.engine.mapping.matcher.matching import DOUBTFUL, OTHER_SUBJECT, Matched, match
from discovery_pipeline.engine.mapping.memory import Decided
from discovery_pipeline.engine.mapping.model import HIGH, FieldRef, MappedField, Match, Suggestions
from discovery_pipeline.engine.mapping.reassigning import reassigned
from discovery_pipeline.engine.mapping.suggestions import by_values, conflicts, filling, identifiers, ties
from discovery_pipeline.engine.mapping.suggestions.assigning import assigned
from discovery_pipeline.engine.mapping.suggestions.completing import completed, completions, without_strangers
from discovery_pipeline.engine.mapping.suggestions.composing import CONFIDENCE as COMPOSED
from discovery_pipeline.engine.mapping.suggestions.composing import Composed, composed
from discovery_pipeline.engine.mapping.suggestions.constants import constants
from discovery_pipeline.engine.mapping.suggestions.tagging import tagged
from discovery_pipeline.engine.mapping.transformations import datatypes
from discovery_pipeline.engine.mapping.transformations.proposing import Proposal, as_before, propose
from discovery_pipeline.engine.profiling.model import ColumnProfile
from discovery_pipeline.engine.tables import Tables
from discovery_pipeline.engine.targets import Target, TargetTable
from discovery_pipeline.errors import TransformationError

BEST = 20
"""Target fields kept for each source column."""

_EXPLAINED = 6  # ranks that get reasons and the transformation they need: the one that is taken, and five others
_KEY_ODDS = 3.0  # how much likelier a pair is right if it takes a table's key to a field that tells rows apart
_KEY_FROM = 0.2  # confidence that names and values must have given the pair already


@dataclass(frozen=True, slots=True)
class _Pairing:
    """One source table against one table of the target."""

    matched: Matched
    table: TargetTable
    reasons: Reasons
    decided: dict[tuple[int, int], Decided]
    keyed: frozenset[tuple[int, int]]
    known: Known


def suggest(
    con: duckdb.DuckDBPyConnection, tables: Tables, target: Target, known: Known = NOTHING_KNOWN
) -> Suggestions:
    """Offer target fields for source columns.

    Returns
    -------
    Suggestions
        The best 20 target fields of every source column, and an assignment that fills each target field at most
        once from each source table. Under a key of the user's (tags), columns are offered that nothing else takes.
        A required field without a column has a constant where the contract or the file says which. What the mapping
        says that was kept under a name and fits best wins over all of it.
    """
    seen = samples.of_all(con, tables)
    sides = [fields.of_table(table, sample, known.described) for table, sample in zip(tables, seen, strict=True)]
    offered = [_offered(table) for table in target.tables]
    wanted = [(table, fields.of_target(table)) for table in offered]
    found = between(target.name, sides, wanted, known)
    sure = ties.settled(con, tables, found, target)
    sure = identifiers.named(sure, known.profile, target)
    sure = by_values.answered(sure, known.profile, target)
    found = tagged(reassigned(found, sure), sides, target)
    found = completed(found, tables, target, completions(con, tables, found.assignment, target))
    found = without_strangers(found, tables)
    found = reassigned(found, (enumerations.completed(con, f, tables, target, known) for f in found.assignment))
    saved = profiles.fitting(known.memory.saved, tables, target, known.profile)
    found = profiles.applied(con, saved, found, tables, target, known).suggestions if saved else found
    return found.model_copy(update={"conflicts": conflicts.found(con, tables, found, known.personal)})


def between(
    target: str,
    sides: Sequence[fields.Side],
    wanted: Sequence[tuple[TargetTable, fields.Side]],
    known: Known = NOTHING_KNOWN,
) -> Suggestions:
    """Offer fields of these target tables, each with its side of the match, for the fields of these sources."""
    pairings = [
        _paired(side, table, other, known) for side in sides for table, other in wanted if side.fields and other.fields
    ]
    offered = Suggestions(
        target=target,
        matches=tuple(m for side in sides for m in _matches(side, [p for p in pairings if p.matched.source is side])),
        assignment=(),
        unmapped_source=tuple(FieldRef(table=side.table, field=name) for side in sides for name in side.names),
        unmapped_target=tuple(FieldRef(table=table.name, field=f.name) for table, _ in wanted for f in table.fields),
    )
    return reassigned(offered, (field for pairing in pairings for field in _completed(pairing, _assignment(pairing))))


def _offered(table: TargetTable) -> TargetTable:
    return table.model_copy(update={"fields": tuple(f for f in table.fields if not f.template)})


def _paired(side: fields.Side, table: TargetTable, other: fields.Side, known: Known) -> _Pairing:
    matched = match(side, other)
    decided = known.memory.between(side.table, side.names, table.name, [f.name for f in table.fields])
    reasons = Reasons(matched)
    confidence = matched.confidence.copy()
    keyed = _keyed(confidence, None if matched.context else _key(side, known), table)
    for i, j in keyed:
        odds = confidence[i, j] / (1 - confidence[i, j]) * _KEY_ODDS
        confidence[i, j] = odds / (1 + odds)
    for (i, j), decision in decided.items():
        confidence[i, j] = decision.weighed(float(confidence[i, j]), reasons.of(i, j))
    return _Pairing(replace(matched, confidence=confidence), table, reasons, decided, keyed, known)


def _key(side: fields.Side, known: Known) -> int | None:
    """Where the column is that is the key of the source table by itself."""
    key = known.key(side.table)
    return side.names.index(key) if key in side.names else None


def _keyed(confidence: np.ndarray, key: int | None, table: TargetTable) -> frozenset[tuple[int, int]]:
    """Likely pairs of the source's key with a field that tells rows apart."""
    if key is None:
        return frozenset()
    return frozenset(
        (key, j)
        for j, field in enumerate(table.fields)
        if (field.unique or field.identity) and _KEY_FROM <= confidence[key, j] < 1
    )


def _matches(side: fields.Side, pairings: Sequence[_Pairing]) -> list[Match]:
    """The best of all the target's tables for each column of one source table."""
    found = []
    places = [(k, j) for k, p in enumerate(pairings) for j in range(len(p.table.fields))]
    for i, name in enumerate(side.names):
        scored = [(float(pairings[k].matched.confidence[i, j]), k, j) for k, j in places]
        offered = sorted(scored, key=lambda offer: (-offer[0], *offer[1:]))
        for rank, (confidence, k, j) in enumerate(offered[:BEST], start=1):
            pairing = pairings[k]
            field, shown = pairing.table.fields[j], rank <= _EXPLAINED
            proposal = _proposal(pairing, i, j) if shown else Proposal(None, datatypes.of_field(field.type))
            found.append(
                Match(
                    source_table=side.table,
                    source_field=name,
                    target_table=pairing.table.name,
                    target_field=field.name,
                    confidence=round(confidence, 4),
                    rank=rank,
                    transformation=proposal.transformation,
                    data_type=proposal.data_type,
                    evidence=_why(pairing, i, j) + proposal.reasons if shown else (),
                )
            )
    return found


def _why(pairing: _Pairing, i: int, j: int) -> tuple[str, ...]:
    reasons, decision = pairing.reasons.of(i, j), pairing.decided.get((i, j))
    before = (decision.in_words(reasons),) if decision else ()
    key = ("it is the key of its table",) if (i, j) in pairing.keyed else ()
    return before + reasons + key


def _assignment(pairing: _Pairing) -> list[MappedField]:
    pairs = assigned(pairing.matched.confidence)
    found = {j: _mapped(pairing, i, j) for i, j in pairs}
    filled = {j: i if found[j].confidence < HIGH else None for i, j in pairs if found[j].confidence >= COMPOSED}
    found |= {part.target: _composed(pairing, part) for part in composed(pairing.matched, filled)}
    return [found[j] for j in sorted(found)]


def _completed(pairing: _Pairing, assignment: Sequence[MappedField]) -> Iterator[MappedField]:
    """An assignment, with constants for required fields where rows of the source are surely rows of the table."""
    yield from assignment
    if any(field.confidence >= HIGH for field in assignment):
        filled = {field.target_field for field in assignment}
        source = pairing.matched.source
        yield from constants(pairing.table, source, filled, pairing.known.stated.get(source.table, ()))


def _composed(pairing: _Pairing, part: Composed) -> MappedField:
    field = pairing.table.fields[part.target]
    source = pairing.matched.source
    return filling.mapped(
        (source.table, source.fields[part.source].name),
        (pairing.table.name, field),
        confidence=COMPOSED,
        evidence=(part.reason,),
        transformation=part.transformation,
    )


def _mapped(pairing: _Pairing, i: int, j: int) -> MappedField:
    """One assigned field with the transformation it needs."""
    source, field = pairing.matched.source, pairing.table.fields[j]
    proposal, decision = _proposal(pairing, i, j), pairing.decided.get((i, j))
    remembered = decision is not None and decision.approved
    confidence = float(pairing.matched.confidence[i, j])
    if proposal.doubtful and not remembered:
        # What is held against the tables may turn out to be none; the doubt stays.
        confidence = min(confidence, DOUBTFUL * (OTHER_SUBJECT if pairing.matched.context else 1))
    return MappedField(
        source_table=source.table,
        source_field=source.fields[i].name,
        target_table=pairing.table.name,
        target_field=field.name,
        transformation=proposal.transformation,
        data_type=proposal.data_type,
        is_required=field.required,
        confidence=round(confidence, 4),
        evidence=_why(pairing, i, j) + proposal.reasons,
        origin="memory" if remembered else "suggested",
    )


def _proposal(pairing: _Pairing, i: int, j: int) -> Proposal:
    """The transformation that a pair needs: the one approved before, where it still applies."""
    source = pairing.matched.source
    values = source.sample.examples[i] if source.sample else ()
    column = pairing.known.column(source.table, source.fields[i].name)
    field, decision = pairing.table.fields[j], pairing.decided.get((i, j))
    words = pairing.known.memory.words(pairing.table.name, field.name)
    if decision and decision.approved and _applies(decision.field, source.names, column):
        return as_before(decision.field, values, column, field, words)
    return propose(source.fields[i], values, column, field, words)


def _applies(field: MappedField, columns: Sequence[str], profile: ColumnProfile | None) -> bool:
    """Whether these columns and their types still allow the transformation that was approved before."""
    kind = profile.inferred_type if profile else datatypes.ANY
    try:
        read = transformations.parse(field.transformation).references if field.transformation else ()
    except TransformationError:  # an operation that there no longer is
        return False
    return set(read) <= set(columns) and not datatypes.mismatch(kind, field.data_type, field.transformation)
