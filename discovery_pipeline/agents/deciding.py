"""Deciding: what agents picked among the matcher's candidates, as choices that the engine applies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from discovery_pipeline.agents.asking import asked
from discovery_pipeline.agents.checking import NONE
from discovery_pipeline.agents.gathering import named
from discovery_pipeline.agents.outputs import MappingRecommendations
from discovery_pipeline.engine.mapping.arbitrating import Choice
from discovery_pipeline.engine.mapping.model import Suggestions
from discovery_pipeline.engine.profiling.model import Profile
from discovery_pipeline.engine.targets import Target


def choices(
    recommended: MappingRecommendations,
    offered: Sequence[Suggestions],
    targets: Sequence[Target],
    profile: Profile,
) -> Mapping[str, list[Choice]]:
    """By target, the picks that differ from the offer; the reasons with names for ids."""
    names = named(profile)
    ids = {place: id for id, place in names.columns.items()}
    picks = {pick.question: pick for pick in recommended.picks}
    found: dict[str, list[Choice]] = {each.target: [] for each in offered}
    for question in asked(offered, targets, profile, ids):
        pick = picks.get(question.fact.id)
        if pick is None:
            continue
        column = None if pick.choice == NONE else question.columns[pick.choice]
        if column != question.offer.source_field:
            found[question.target].append(Choice(question.offer, column, names.put_into(pick.text)))
    return found
