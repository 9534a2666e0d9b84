"""Asking: which mappings the evidence leaves open, as questions with a closed list of answers.

The candidates are the matcher's own. Whoever answers, picks one of them, or says that none is right.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from string import ascii_lowercase

from discovery_pipeline.agents.facts import Candidate, Question, Reason, word
from discovery_pipeline.engine.mapping.model import MappedField, Match, Suggestions
from discovery_pipeline.engine.profiling.model import ColumnProfile, Profile
from discovery_pipeline.engine.targets import Target, TargetField

SURE = 0.9
"""Confidence from which a mapping that has no rival is no question."""
_RIVAL = 0.5
"""Share of the assigned column's confidence from which another column is a rival."""
_WORTH = 0.2
"""Confidence that a rival must have by itself."""
_MOST = 6  # candidates a question

_SENTENCES: tuple[tuple[str, Reason], ...] = (
    (r".+, by the description of '", "alike_descriptions"),
    (r"both names stand for '", "same_concept"),
    (r"the names say the same$", "same_name"),
    (r"names share '", "shared_words"),
    (r"names are alike in words", "alike_words"),
    (r"names mean alike$", "alike_meaning"),
    (r"\d+ of \d+ distinct values are ", "value_kind"),
    (r"about \d+% of the distinct values stand on both sides$", "shared_values"),
    (r"numbers are spread alike$", "alike_numbers"),
    (r"values share words$", "value_words"),
    (r"\d+% of the values are ones that the target lists$", "listed_values"),
    (r"but the values are not of the target's type$|but no such field holds such values$", "wrong_type"),
    (r"descriptions say alike$|the description speaks of it$", "alike_descriptions"),
    (r"both measure the same$", "same_measure"),
    (r"but they measure different things$", "other_measure"),
    (r"the table is about .+, the target about ", "other_subject"),
    (r"you approved this pair before$", "approved_before"),
    (r"it is the key of its table$", "is_key"),
)
"""The matcher's sentences by what they say. They may quote the data, so only what they say is passed on."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One question, and what stays behind its ids."""

    fact: Question
    target: str
    offer: MappedField
    columns: dict[str, str]  # candidate → source column


def asked(
    offered: Iterable[Suggestions],
    targets: Iterable[Target],
    profile: Profile,
    ids: Mapping[tuple[str, str], str],
) -> tuple[Asked, ...]:
    """A question for each offered field that has a rival, or little certainty; in the order of the offers."""
    contracts = {target.name: target for target in targets}
    found: list[Asked] = []
    for suggestions in offered:
        target, matches = contracts.get(suggestions.target), _by_place(suggestions, ids)
        claimed = {(f.source_table, f.source_field): f.confidence for f in suggestions.assignment}
        for offer in suggestions.assignment if target else ():
            place = _place(target, offer)
            if place is None or offer.origin != "suggested" or (offer.source_table, offer.source_field) not in ids:
                continue
            rivals = _rivals(matches[offer.place], offer, claimed)
            if rivals or offer.confidence < SURE:
                found.append(_question(len(found) + 1, suggestions.target, offer, rivals, place, profile, ids))
    return tuple(found)


def _by_place(suggestions: Suggestions, ids: Container[tuple[str, str]]) -> Mapping[tuple[str, str, str], list[Match]]:
    """Matches by source table, target table and target field."""
    places: defaultdict[tuple[str, str, str], list[Match]] = defaultdict(list)
    for match in suggestions.matches:
        if (match.source_table, match.source_field) in ids:
            places[match.place].append(match)
    return places


def _place(target: Target | None, offer: MappedField) -> TargetField | None:
    try:
        return target.table(offer.target_table).field(offer.target_field) if target else None
    except KeyError:
        return None


def _rivals(found: Iterable[Match], offer: MappedField, claimed: Mapping[tuple[str, str], float]) -> tuple[Match, ...]:
    """Of the matches of one field, columns of the same table that could fill it and that nothing better claims."""
    near = [
        match
        for match in found
        if match.source_field != offer.source_field
        and match.confidence >= max(_WORTH, _RIVAL * offer.confidence)
        and claimed.get((match.source_table, match.source_field), 0.0) < match.confidence
    ]
    return tuple(sorted(near, key=lambda match: (-match.confidence, match.source_field))[: _MOST - 1])


def _question(  # noqa: PLR0913, PLR0917 - what a question is put together from
    number: int,
    target: str,
    offer: MappedField,
    rivals: Sequence[Match],
    wanted: TargetField,
    profile: Profile,
    ids: Mapping[tuple[str, str], str],
) -> Asked:
    own = [(offer.source_field, offer.confidence, 1, offer.evidence, True)]
    others = [(m.source_field, m.confidence, m.rank, m.evidence, False) for m in rivals]
    candidates, columns = [], {}
    for letter, (column, confidence, rank, evidence, assigned) in zip(ascii_lowercase, own + others, strict=False):
        looks, rows = _column(profile, offer.source_table, column)
        filled = rows - looks.null_count
        candidates.append(
            Candidate(
                id=f"q{number}.{letter}",
                column=ids[offer.source_table, column],
                confidence=round(confidence, 4),
                rank=rank,
                assigned=assigned,
                fill=round(1 - looks.null_ratio, 4),
                type_fit=round(looks.type_fit, 4),
                distinct_ratio=round(looks.distinct_count / filled, 4) if filled else 0.0,
                reasons=reasons(evidence),
            )
        )
        columns[candidates[-1].id] = column
    question = Question(
        id=f"q{number}",
        target=word(target, "target"),
        table=word(offer.target_table, "table"),
        field=word(offer.target_field, f"field of q{number}"),
        type=word(wanted.type, "text"),
        required=wanted.required,
        unique=wanted.unique,
        candidates=tuple(candidates),
    )
    return Asked(question, target, offer, columns)


def _column(profile: Profile, table: str, column: str) -> tuple[ColumnProfile, int]:
    found = profile.table(table)
    return found.column(column), found.row_count


def reasons(evidence: Iterable[str]) -> tuple[Reason, ...]:
    """What the matcher's sentences say; a sentence that is none of its known ones says nothing here."""
    found: dict[Reason, None] = {}
    for sentence in evidence:
        found |= {reason: None for pattern, reason in _SENTENCES if re.match(pattern, sentence)}
    return tuple(found)
