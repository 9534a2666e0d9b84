"""Checking: an answer is parsed into its type at the door, and held to the facts.

A place that isn't there, a candidate that wasn't offered, a number that no tool told: any of them refuses the answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ValidationError

from discovery_pipeline.agents import outputs
from discovery_pipeline.agents.facts import Facts
from discovery_pipeline.agents.tasks import TaskSpec
from discovery_pipeline.errors import AgentAnswerInvalid

LARGEST = 200_000
"""Characters of an answer that are looked at."""

_ID = re.compile(r"\b(?:t\d{1,6}(?:\.c\d{1,6})?|[qr]\d{1,6}(?:\.[a-z])?)\b")
_NUMBER = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?%?")
NONE = "none"


def checked(task: TaskSpec, text: str, facts: Facts, *, counted: bool = True) -> outputs.Answer:
    """The answer that a text holds. With `counted`, each number in it must be one of the facts.

    Raises
    ------
    AgentAnswerInvalid
        It says what is wrong without quoting the answer.
    """
    try:
        answer = task.output.model_validate_json(_json(text))
    except ValidationError as error:
        places = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'it'}: {e['type']}" for e in error.errors()[:3])
        raise AgentAnswerInvalid(f"The answer to {task.name} has another shape than asked for ({places}).") from None
    _hold(answer, facts, task.name)
    if counted:
        _hold_numbers(answer, facts, task.name)
    return answer


def _json(text: str) -> str:
    """The JSON object in a text; models like to wrap one in words or a fence."""
    if len(text) > LARGEST:
        raise AgentAnswerInvalid(f"The answer is longer than {LARGEST:,} characters.")
    start, end = text.find("{"), text.rfind("}")
    return text[start : end + 1] if 0 <= start < end else text


def _hold(answer: outputs.Answer, facts: Facts, task: str) -> None:
    known = _ids(facts)
    strange = [said for said in _mentioned(answer.model_dump(mode="json")) if said not in known]
    if strange:
        raise AgentAnswerInvalid(f"The answer to {task} names {len(strange)} places that no tool named.")
    if isinstance(answer, outputs.MappingRecommendations):
        _hold_picks(answer, facts)


def _hold_numbers(answer: outputs.Answer, facts: Facts, task: str) -> None:
    numbers = _known_numbers(facts)
    for text in _texts(answer):
        for number in _NUMBER.findall(_ID.sub("", text)):
            if not _known(number, numbers):
                raise AgentAnswerInvalid(f"The answer to {task} holds a number that no tool told.")


def _hold_picks(answer: outputs.MappingRecommendations, facts: Facts) -> None:
    offered = {q.id: {c.id for c in q.candidates} for q in facts.questions}
    for pick in answer.picks:
        if pick.question not in offered or pick.choice not in offered[pick.question] | {NONE}:
            raise AgentAnswerInvalid("A mapping was picked that the matcher had not offered.")
    if len({pick.question for pick in answer.picks}) < len(answer.picks):
        raise AgentAnswerInvalid("A question was answered twice.")


def _ids(facts: Facts) -> set[str]:
    tables = {t.id for t in facts.tables} | {c.id for c in facts.columns}
    asked = {q.id for q in facts.questions} | {c.id for q in facts.questions for c in q.candidates}
    return tables | asked | {r.id for r in facts.risks}


def _mentioned(value: Any) -> Iterator[str]:
    """Every id that stands anywhere in an answer."""
    for text in _strings(value):
        yield from _ID.findall(text)


def _texts(answer: BaseModel) -> Iterator[str]:
    """The sentences of an answer."""
    for text in _strings(answer.model_dump(mode="json")):
        if " " in text:
            yield text


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _strings(item)


def _known_numbers(facts: Facts) -> set[float]:
    """Every number that the facts hold, what the entries of a list add up to, and how many they are at most."""
    numbers = set(_numbers(json.loads(facts.model_dump_json())))
    return numbers | set(map(float, range(len(facts.columns) + len(facts.fields) + 1)))


def _numbers(value: Any) -> Iterator[float]:
    if isinstance(value, bool):
        return
    if isinstance(value, int | float):
        yield float(value)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _numbers(item)
    elif isinstance(value, list):
        yield from _totals(value)
        for item in value:
            yield from _numbers(item)


def _totals(entries: list[Any]) -> Iterator[float]:
    """What each number of the entries adds up to over all of them."""
    rows = [entry for entry in entries if isinstance(entry, dict)]
    for key in {key for row in rows for key, value in row.items() if isinstance(value, int)}:
        yield float(sum(row.get(key) or 0 for row in rows))


def _known(said: str, known: set[float]) -> bool:
    """Whether a number in a sentence is one of those known, as it was or rounded, or as a share in per cent."""
    plain = said.rstrip("%").replace(",", "")
    number, places = float(plain), len(plain.partition(".")[2])
    as_it_is = any(round(value, places) == number for value in known)
    return as_it_is or any(round(value * 100, places) == number for value in known if abs(value) <= 1)
