"""Protocols: one conversation as OpenAI's chat completions or Anthropic's messages have it, and what came back."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from discovery_pipeline.agents.models.choice import Choice, Protocol
from discovery_pipeline.agents.models.gate import Message
from discovery_pipeline.errors import AgentAnswerInvalid

LONGEST = 4_000
"""Tokens that an answer may have."""
_NO_ARGUMENTS = {"type": "object", "properties": {}}


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent where. The headers hold the key."""

    url: str
    headers: Mapping[str, str]
    body: bytes  # empty: nothing is sent, something is asked for


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model said: a text, or the names of tools by the ids of its calls."""

    text: str
    calls: Mapping[str, str]
    prompt_tokens: int
    completion_tokens: int


def request(
    choice: Choice, messages: Sequence[Message], functions: Sequence[Mapping[str, Any]], *, last: bool = False
) -> Request:
    """The request for the next turn of a conversation; in its `last` turn no function may be called."""
    path, body = _WRITERS[choice.protocol](choice, messages, functions)
    if last:
        # The functions stay: Anthropic refuses a conversation that speaks of functions it is not told of.
        body["tool_choice"] = {"type": "none"} if choice.protocol == "anthropic" else "none"
    encoded = json.dumps(body, separators=(",", ":")).encode()
    return Request(f"{choice.address}/{path}", {"content-type": "application/json", **headers(choice)}, encoded)


def headers(choice: Choice) -> dict[str, str]:
    """The headers that hold the key."""
    if choice.protocol == "anthropic":
        return {"x-api-key": choice.key, "anthropic-version": "2023-06-01"}
    return {"authorization": f"Bearer {choice.key}"} if choice.key else {}


def reply(protocol: Protocol, body: bytes) -> Reply:
    """What the body of an answer says.

    Raises
    ------
    AgentAnswerInvalid
        It isn't what the protocol promises: a page, cut-off JSON, a message without a choice.
    """
    try:
        return _READERS[protocol](json.loads(body))
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
        pass
    raise AgentAnswerInvalid("The model's server answered with something that is not its protocol.")


def _openai(
    choice: Choice, messages: Sequence[Message], functions: Sequence[Mapping[str, Any]]
) -> tuple[str, dict[str, Any]]:
    body: dict[str, Any] = {"model": choice.name, "messages": [_openai_message(m) for m in messages]}
    # OpenAI's own reasoning models refuse a temperature and the older name of the limit; others know only that.
    body |= (
        {"max_completion_tokens": LONGEST} if choice.vendor == "openai" else {"max_tokens": LONGEST, "temperature": 0}
    )
    if functions:
        body["tools"] = [{"type": "function", "function": {**f, "parameters": _NO_ARGUMENTS}} for f in functions]
    return "chat/completions", body


def _openai_message(message: Message) -> Message:
    if "tool_calls" not in message:
        return message
    calls = [
        {"id": id, "type": "function", "function": {"name": name, "arguments": "{}"}}
        for id, name in message["tool_calls"].items()
    ]
    return {"role": "assistant", "content": None, "tool_calls": calls}


def _openai_reply(body: Any) -> Reply:
    message, usage = body["choices"][0]["message"], body.get("usage") or {}
    calls = {str(c["id"]): str(c["function"]["name"]) for c in message.get("tool_calls") or []}
    return Reply(str(message.get("content") or ""), calls, _tokens(usage, "prompt"), _tokens(usage, "completion"))


def _anthropic(
    choice: Choice, messages: Sequence[Message], functions: Sequence[Mapping[str, Any]]
) -> tuple[str, dict[str, Any]]:
    body: dict[str, Any] = {
        "model": choice.name,
        "max_tokens": LONGEST,
        "system": "\n\n".join(m["content"] for m in messages if m["role"] == "system"),
        "messages": _anthropic_turns(messages),
    }
    if functions:
        body["tools"] = [{**f, "input_schema": _NO_ARGUMENTS} for f in functions]
    return "messages", body


def _anthropic_turns(messages: Sequence[Message]) -> list[Message]:
    """Turns that alternate: what tools said belongs to the user's turn."""
    turns: list[Message] = []
    for message in messages:
        if message["role"] == "system":
            continue
        role, blocks = _anthropic_blocks(message)
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] += blocks
        else:
            turns.append({"role": role, "content": blocks})
    return turns


def _anthropic_blocks(message: Message) -> tuple[str, list[dict[str, Any]]]:
    match message["role"]:
        case "assistant":
            calls = message["tool_calls"].items()
            return "assistant", [{"type": "tool_use", "id": id, "name": name, "input": {}} for id, name in calls]
        case "tool":
            said = {"type": "tool_result", "tool_use_id": message["tool_call_id"], "content": message["content"]}
            return "user", [said]
        case _:
            return "user", [{"type": "text", "text": message["content"]}]


def _anthropic_reply(body: Any) -> Reply:
    blocks, usage = body["content"], body.get("usage") or {}
    text = "".join(str(b["text"]) for b in blocks if b["type"] == "text")
    calls = {str(b["id"]): str(b["name"]) for b in blocks if b["type"] == "tool_use"}
    return Reply(text, calls, _tokens(usage, "input"), _tokens(usage, "output"))


def _tokens(usage: Mapping[str, Any], kind: str) -> int:
    number = usage.get(f"{kind}_tokens")
    return number if isinstance(number, int) and 0 <= number < 1 << 40 else 0


Writer = Callable[[Choice, Sequence[Message], Sequence[Mapping[str, Any]]], tuple[str, dict[str, Any]]]
_WRITERS: Mapping[Protocol, Writer] = {"openai": _openai, "anthropic": _anthropic}
_READERS: Mapping[Protocol, Callable[[Any], Reply]] = {"openai": _openai_reply, "anthropic": _anthropic_reply}
