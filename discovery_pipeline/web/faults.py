"""Faults: what can be wrong with a request, beside what can be wrong with a flow (`errors`).

RequestFault                 a status and a title each; the sentence says what to do
├── NotAuthenticated         401  no token, or one that is worth nothing
├── NotAuthorized            403  known, but not allowed
├── SecondPersonNeeded       403  what they proposed themselves takes somebody else's approval
├── HeadersMissing           400  nobody said for which engagement
├── TooManyRequests          429  faster than one token may ask
├── HeadTooLarge             431  address and headers are longer than anybody needs
├── TooSlow                  408  the head of the request doesn't end, or the body doesn't come
├── UnknownFileType          400  an upload of a type that isn't read
├── UploadTooLarge           413
├── UploadUnreadable         422  an upload in which no table is found
├── InvalidRequest           422  what was sent contradicts itself; lists every error
├── Missing                  404  nothing of that name
├── NotYet                   404  a result that isn't there yet
├── NotWaiting               409  the flow is elsewhere, or nothing is being made
├── PreconditionFailed       412  If-Match names another version
├── RangeMissing             416  a file has no such range
└── Unavailable              503  a part that is needed doesn't answer
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from discovery_pipeline.errors import DiscoveryError


class RequestFault(DiscoveryError):
    """The request can't be answered as it stands."""

    status: ClassVar[int] = 400
    kind: ClassVar[str] = "bad-request"
    title: ClassVar[str] = "The request can't be answered"

    def __init__(
        self,
        detail: str,
        *,
        errors: Sequence[Mapping[str, Any] | str] = (),
        retry_after: float | None = None,
        members: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = list(errors)
        self.members = dict(members or {})  # of the problem, besides those that every problem has
        self.retry_after = retry_after  # seconds


class NotAuthenticated(RequestFault):
    """The token is missing, unknown, expired or revoked."""

    status, kind, title = 401, "not-authenticated", "Who are you?"


class NotAuthorized(RequestFault):
    """The caller is known, and may not do that."""

    status, kind, title = 403, "not-authorized", "That isn't yours to do"


class HeadersMissing(RequestFault):
    """X-Client-Account-ID or X-Engagement-ID is missing, or no number."""

    status, kind, title = 400, "headers-missing", "For which engagement?"


class TooManyRequests(RequestFault):
    """The token asks faster than it may."""

    status, kind, title = 429, "too-many-requests", "Too many requests"


class HeadTooLarge(RequestFault):
    """The address and the headers of the request are too large."""

    status, kind, title = 431, "head-too-large", "That is too large"


class TooSlow(RequestFault):
    """The head of the request didn't end in time, or the body was announced and didn't come."""

    status, kind, title = 408, "too-slow", "That took too long"


class UnknownFileType(RequestFault):
    """The file is of a type that isn't read."""

    status, kind, title = 400, "unknown-file-type", "Invalid file type"


class UploadTooLarge(RequestFault):
    """The file, or a body without files, is larger than it may be."""

    status, kind, title = 413, "too-large", "That is too large"


class UploadUnreadable(RequestFault):
    """The file is empty, or can't be read."""

    status, kind, title = 422, "upload-unreadable", "The file can't be read"


class InvalidRequest(RequestFault):
    """What was sent can't be taken; every error is listed."""

    status, kind, title = 422, "invalid", "What was sent can't be taken"


class Missing(RequestFault):
    """There is nothing of that name in this engagement."""

    status, kind, title = 404, "missing", "There is no such thing"


class NotYet(RequestFault):
    """The result isn't there yet."""

    status, kind, title = 404, "not-yet", "Not there yet"


class SecondPersonNeeded(RequestFault):
    """Whoever proposed a mapping can't approve it, too: a mapping takes two people here."""

    status, kind, title = 403, "second-person", "It takes a second person"


class NotWaiting(RequestFault):
    """The flow doesn't stand where this can be done."""

    status, kind, title = 409, "not-waiting", "Not now"


class PreconditionFailed(RequestFault):
    """The flow isn't at the version that If-Match names."""

    status, kind, title = 412, "precondition-failed", "The flow moved on"


class RangeMissing(RequestFault):
    """The file ends before the range that was asked for; `Content-Range` says how long it is."""

    status, kind, title = 416, "range-missing", "There is no such range"


class Unavailable(RequestFault):
    """A part that is needed doesn't answer; try again."""

    status, kind, title = 503, "unavailable", "Not available just now"
