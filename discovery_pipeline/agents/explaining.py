"""Explaining: why a field of the target is filled as it is, from the matcher's evidence and the agent's word."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic import BaseModel, ConfigDict

from discovery_pipeline.agents.asking import Asked, asked
from discovery_pipeline.agents.gathering import Results, named
from discovery_pipeline.agents.names import Names
from discovery_pipeline.agents.outputs import MappingRecommendations, Pick
from discovery_pipeline.agents.running import answers
from discovery_pipeline.engine.mapping.model import MappedField, Suggestions
from discovery_pipeline.errors import AgentError
from discovery_pipeline.flow.advice import Advice

CANDIDATES = 5


class Offer(BaseModel):
    """A column that could fill the field."""

    model_config = ConfigDict(frozen=True)

    source: str
    confidence: float
    evidence: tuple[str, ...]


class Explanation(BaseModel):
    """One field of one target, filled from one source table."""

    model_config = ConfigDict(frozen=True)

    target: str
    table: str
    field: str
    source: str | None
    confidence: float
    transformation: str | None
    evidence: tuple[str, ...]
    candidates: tuple[Offer, ...]
    said: str = ""
    said_by: str = ""


def explained(field: str, results: Results, advice: Sequence[Advice]) -> list[Explanation]:
    """Every mapping of that field, whatever its case.

    Raises
    ------
    AgentError
        No target of the flow is offered such a field.
    """
    names = named(results.profile)
    ids = {place: id for id, place in names.columns.items()}
    questions = {q.offer: q for q in asked(results.offered, results.targets, results.profile, ids)}
    picks, said_by = _picks(advice)
    found = [
        _explanation(suggestions, offer, questions.get(offer), picks, said_by, names)
        for suggestions in results.offered
        for offer in suggestions.assignment
        if offer.target_field.casefold() == field.casefold()
    ]
    if not found:
        known = sorted({o.target_field for s in results.offered for o in s.assignment})
        raise AgentError(f"Nothing is offered for {field}. Fields with an offer: {', '.join(known) or 'none'}.")
    return found


def _picks(advice: Sequence[Advice]) -> tuple[dict[str, Pick], str]:
    said = answers(advice).get("mapping_recommendations")
    by = next((a.model if a.source == "model" else "playbook" for a in advice if a.agent == "field_mapping_agent"), "")
    return ({p.question: p for p in said.picks} if isinstance(said, MappingRecommendations) else {}), by


def _explanation(  # noqa: PLR0913, PLR0917 - what an explanation is put together from
    suggestions: Suggestions,
    offer: MappedField,
    question: Asked | None,
    picks: dict[str, Pick],
    said_by: str,
    names: Names,
) -> Explanation:
    pick = picks.get(question.fact.id) if question else None
    return Explanation(
        target=suggestions.target,
        table=offer.target_table,
        field=offer.target_field,
        source=f"{offer.source_table}.{offer.source_field}" if offer.source_field else None,
        confidence=offer.confidence,
        transformation=offer.transformation,
        evidence=offer.evidence,
        candidates=tuple(_others(suggestions, offer))[:CANDIDATES],
        said=names.put_into(pick.text) if pick else "",
        said_by=said_by if pick else "",
    )


def _others(suggestions: Suggestions, offer: MappedField) -> Iterator[Offer]:
    matches = (m for m in suggestions.matches if m.place == offer.place)
    for match in sorted(matches, key=lambda m: -m.confidence):
        if match.source_field != offer.source_field:
            source = f"{match.source_table}.{match.source_field}"
            yield Offer(source=source, confidence=match.confidence, evidence=match.evidence)
