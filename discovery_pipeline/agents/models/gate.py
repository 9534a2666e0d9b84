"""The gate: what may leave the machine, decided on the very bytes that would be sent. In doubt nothing is sent.

A conversation may hold prompts of ours, what the flow's own tools said, and which of them the model called: no more.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from discovery_pipeline.errors import EgressRefused

Message = dict[str, Any]

FIELDS = {
    "system": frozenset({"role", "content"}),
    "user": frozenset({"role", "content"}),
    "assistant": frozenset({"role", "content", "tool_calls"}),
    "tool": frozenset({"role", "content", "tool_call_id"}),
}
"""Roles, and the fields that a message of each may have."""

_MASK = re.compile(r"(?<!\w)[9Aa]+(?:[-_.:/ ][9Aa]+)*(?!\w)")
"""The shape of a value, which looks like one and is none."""
_PERSONAL = tuple(
    (kind, re.compile(pattern, re.IGNORECASE))
    for kind, pattern in (
        ("an e-mail address", r"[\w.+-]+@[\w-]+\.[a-z]{2,}"),
        ("an IP address", r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])"),
        ("an IPv6 address", r"(?<![\w:])(?:[0-9a-f]{1,4}:){5,7}[0-9a-f]{1,4}(?![\w:])"),
        ("a MAC address", r"(?<![\w:-])(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}(?![\w:-])"),
        ("a bank account", r"\b[A-Z]{2}\d{2}(?: ?[0-9A-Z]{4}){3,}"),
        ("a number of a card, a phone or a person", r"(?<![\d.,:{\[])\+?\d(?:[ ()/-]?\d){8,}(?![\d.,:}\]])"),
        ("an address on the web", r"https?://|www\."),
        ("a key or a password", r"-----BEGIN|\b(?:sk|pk|ghp|xox[bp])[-_][\w-]{16,}|\bAKIA[0-9A-Z]{16}"),
    )
)


@dataclass(frozen=True, slots=True)
class Gate:
    """Looks at what is about to be sent."""

    prompted: Callable[[str], bool]  # whether this text is one of our prompts
    answered: Callable[[str], bool]  # whether one of the flow's tools said exactly this
    largest: int  # bytes

    def check(self, messages: Sequence[Message], body: bytes) -> None:
        """Let the request pass.

        Raises
        ------
        EgressRefused
            It holds something that is not allowed, or is too large. The sentence doesn't quote it.
        """
        if len(body) > self.largest:
            raise EgressRefused(f"The request has {len(body):,} bytes; {self.largest:,} may be sent.")
        for message in messages:
            self._check(message)
        text = _MASK.sub("", body.decode())
        for kind, pattern in _PERSONAL:
            if pattern.search(text):
                raise EgressRefused(f"The request holds what looks like {kind}.")

    def _check(self, message: Message) -> None:
        role, content = message.get("role"), message.get("content")
        if role not in FIELDS or not message.keys() <= FIELDS[role]:
            raise EgressRefused("The request holds a message with fields that are not known.")
        if role == "tool" and not self.answered(str(content)):
            raise EgressRefused("The request holds something under a tool's name that no tool said.")
        if role in ("system", "user") and not self.prompted(str(content)):
            raise EgressRefused("The request holds a text that is none of the prompts.")
        if role == "assistant" and content:
            raise EgressRefused("The request repeats what the model said.")
