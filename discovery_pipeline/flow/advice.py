"""Advice: what agents are told of a flow and what they say, as plain values. It decides nothing."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Engine = Literal["crewai", "expert"]
Source = Literal["expert", "model", "fallback"]


class Brief(BaseModel):
    """What agents are told: facts in which places stand as ids, and beside them, for us, the names of those places."""

    model_config = ConfigDict(frozen=True)

    facts: dict[str, Any]
    tables: dict[str, str] = Field(description="id → table")
    columns: dict[str, tuple[str, str]] = Field(description="id → table, column")


class Advice(BaseModel):
    """The answers of one agent."""

    model_config = ConfigDict(frozen=True)

    agent: str
    engine: Engine = Field(description="crewai ran a crew; expert went through the same playbook without one")
    source: Source = Field(description="fallback: a model was to answer and failed, so the playbook's answer stands")
    model: str = Field(default="expert", description="vendor/name of the model that was asked, or expert")
    reason: str = Field(default="", description="why the model's answer does not stand")
    answers: dict[str, dict[str, Any]] = Field(description="by task; places in them are ids such as t1.c3")
    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0.0
