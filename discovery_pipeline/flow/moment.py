"""A moment: who does something, and when. It comes with a command, so that the machine needs no clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Moment:
    """Who acts, and when (UTC)."""

    by: str
    at: datetime
