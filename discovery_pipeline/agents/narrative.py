"""The narrative: agents' answers as a report for readers: what this data is, what will go wrong, what to do first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from discovery_pipeline.agents.names import Names
from discovery_pipeline.agents.running import summed
from discovery_pipeline.engine.delivery.report import Narrative, Section
from discovery_pipeline.flow.advice import Advice

LINES = 6
"""Sentences of a section; more stand in the answers."""


def narrative(advice: Sequence[Advice], names: Names) -> Narrative | None:
    """What these agents say, and who they are; nothing where none of them has answered."""
    answers = summed(advice, names)
    found = sections(answers)
    models = sorted({each.model for each in advice if each.source == "model"})
    by = f"{' and '.join(models)} and the playbook" if models else "the playbook"
    failed = [each.agent for each in advice if each.source == "fallback"]
    instead = f" (in place of {', '.join(failed)}, which failed)" if failed else ""
    return Narrative(found, by + instead) if found else None


def sections(answers: Mapping[str, Any]) -> tuple[Section, ...]:
    """The sections that these answers (by task, with names for ids) have something to say in."""
    found = (
        Section("What kind of data this is", tuple(_kind(answers))[:LINES]),
        Section("What will hurt", tuple(_hurt(answers))[:LINES]),
        Section("What to do first", tuple(_first(answers))[:LINES]),
    )
    return tuple(section for section in found if section.lines)


def _kind(answers: Mapping[str, Any]) -> Iterator[str]:
    schema, relations = answers.get("schema_analysis"), answers.get("relationship_map")
    if schema:
        yield schema["summary"]
        if len(schema["tables"]) > 1:
            yield from (f"{kind['table']}: {kind['text']}" for kind in schema["tables"][: LINES - 2])
    if relations:
        yield relations["summary"]


def _hurt(answers: Mapping[str, Any]) -> Iterator[str]:
    quality, risk = answers.get("quality_assessment"), answers.get("risk_assessment")
    if quality:
        yield from (issue["text"] for issue in quality["issues"][: LINES // 2 if risk else LINES])
    if risk:
        yield from (one["text"] for one in risk["risks"])


def _first(answers: Mapping[str, Any]) -> Iterator[str]:
    risk, cleansing = answers.get("risk_assessment"), answers.get("cleansing_strategy")
    if risk:
        yield from (step["text"] for step in risk["first"][: LINES // 2])
    if cleansing:
        yield from (f"{step['text']} {step['why']}" for step in cleansing["steps"])
