"""Slugs: what people call a flow by. Readable, unique, and a Dagster partition key."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from uuid import UUID

LONGEST_NAME = 40


def slug(name: str, day: date, flow_id: UUID) -> str:
    """The flow's name in plain letters, the day, and the start of its id: `q3-estate-2026-11-22-9f3c01ab`.

    Takes no client's name; a name without any plain letter gives `flow`.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST_NAME].strip("-")
    return f"{words or 'flow'}-{day.isoformat()}-{flow_id.hex[:8]}"
