"""The exchange: one request, one answer, or an error of ours by a deadline. No retries, no redirects.

The standard library's client is enough, and knows proxies. It works on a thread of its own, because no client's
time-out ends a server that sends a byte now and then.
"""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException

from discovery_pipeline.agents.models import protocols
from discovery_pipeline.agents.models.choice import Choice
from discovery_pipeline.agents.models.protocols import Request
from discovery_pipeline.errors import AgentAnswerInvalid, AgentError, AgentUnavailable

_WORTH_A_TRY = frozenset({408, 409, 425, 429, *range(500, 600)})
_REFUSED = frozenset({401, 403})
_LIST_BYTES = 1_000_000


class _Unfollowed(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the key and the facts to an address that nobody chose."""

    def redirect_request(self, *_: object, **__: object) -> None:
        """Don't."""


@dataclass(slots=True)
class _Outcome:
    """What the thread found: a body, a status that is no answer, or the kind of a failure."""

    body: bytes | None = None
    status: int | None = None
    failure: str = ""


def exchanged(request: Request, seconds: float, largest: int) -> bytes:
    """The body of the answer.

    Raises
    ------
    AgentUnavailable
        No answer by then, or one that says to come again.
    AgentAnswerInvalid
        More than `largest` bytes.
    AgentError
        The server refuses: another try would end the same.
    """
    outcome = _Outcome()
    work = threading.Thread(target=_exchange, args=(request, seconds, largest, outcome), daemon=True)
    work.start()
    work.join(seconds)
    # Raised here and not where it happened: an HTTP error in the chain makes CrewAI try again by itself.
    if work.is_alive() or outcome.failure == TimeoutError.__name__:
        raise AgentUnavailable(f"The model's server gave no whole answer within {seconds:g} s.")
    if outcome.body is not None and len(outcome.body) > largest:
        raise AgentAnswerInvalid(f"The model's answer has more than {largest:,} bytes.")
    if outcome.body is not None:
        return outcome.body
    raise _refusal(outcome)


def _refusal(outcome: _Outcome) -> AgentError:
    status = outcome.status
    if status is None:
        return AgentUnavailable(f"The model's server can't be reached ({outcome.failure}).")
    if status in _WORTH_A_TRY:
        return AgentUnavailable(f"The model's server is busy or broken (HTTP {status}).")
    if status in _REFUSED:
        return AgentError(f"The model's server refuses the key (HTTP {status}). Check DISCOVERY_AGENTS_API_KEY.")
    return AgentError(f"The model's server refuses the request (HTTP {status}). Check the model's name and address.")


def _exchange(request: Request, seconds: float, largest: int, outcome: _Outcome) -> None:
    sent = urllib.request.Request(request.url, request.body or None, dict(request.headers))  # noqa: S310 - http or https, by the settings
    opener = urllib.request.build_opener(_Unfollowed)
    try:
        with opener.open(sent, timeout=seconds) as answer:
            outcome.body = answer.read(largest + 1)
    except urllib.error.HTTPError as error:
        outcome.status = error.code
        error.close()
    except (OSError, HTTPException, ValueError) as error:
        outcome.failure = type(getattr(error, "reason", error)).__name__


def reachable(choice: Choice, seconds: float) -> str | None:
    """Ask the model's server for its list of models, which sends nothing but the key; why it failed, or None."""
    request = Request(f"{choice.address}/models", protocols.headers(choice), b"")
    try:
        exchanged(request, seconds, _LIST_BYTES)
    except AgentAnswerInvalid:
        return None  # it answered, at more length than we care for
    except AgentError as error:
        return str(error)
    return None
