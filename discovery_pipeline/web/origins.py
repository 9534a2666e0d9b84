"""Origins: browser programs of other sites, and which of them may call the API. None may, unless a setting says so.

They show a token, as every program does; cookies of our pages are never taken from them.
"""

from __future__ import annotations

import re
from typing import Any

from discovery_pipeline.errors import SettingsError
from discovery_pipeline.web.security import ACCOUNT, ENGAGEMENT

ORIGIN = re.compile(r"https?://[^/?#@\s,]+")
ANY = "*"
SENT = ("Authorization", ACCOUNT, ENGAGEMENT, "Idempotency-Key", "If-Match", "If-None-Match", "If-Range",
        "Last-Event-ID", "Range")  # fmt: skip
"""Headers that they may send beside those that every form may."""
SHOWN = ("ETag", "Retry-After", "Content-Disposition", "Content-Range", "Accept-Ranges", "Allow")
"""Headers of answers that they may read beside those that every page may."""


def sharing(said: str) -> dict[str, Any] | None:
    """How Starlette is to share with these origins, separated by commas; None where there are none.

    Raises
    ------
    SettingsError
        One is no origin: it has a path, say, or no scheme.
    """
    origins = [origin.rstrip("/") for part in said.split(",") if (origin := part.strip())]
    if wrong := [origin for origin in origins if origin != ANY and not ORIGIN.fullmatch(origin)]:
        raise SettingsError(
            f"DISCOVERY_CORS_ORIGINS: {wrong[0]!r} is no origin. Write scheme, host and port, as in "
            "https://portal.example.org:8443; or * for every site."
        )
    if not origins:
        return None
    return {
        "allow_origins": origins,
        "allow_methods": ("GET", "HEAD", "POST"),
        "allow_headers": SENT,
        "expose_headers": SHOWN,
    }
