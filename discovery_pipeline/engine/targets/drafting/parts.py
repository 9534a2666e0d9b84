"""What drafts of every origin share: plain names, and units that names state."""

from __future__ import annotations

import re
from collections.abc import Collection

from discovery_pipeline.engine import units
from discovery_pipeline.engine.targets.contract import FieldType


def plain(name: str) -> str:
    """A name for a target or a table: small letters and digits, parted by dashes."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "target"


def free(name: str, taken: Collection[str]) -> str:
    """The name; with a number where it is taken."""
    return next(n for n in (name, *(f"{name}-{i}" for i in range(2, len(taken) + 3))) if n not in taken)


def unit_of(name: str, kind: FieldType) -> str | None:
    """The unit that a number's name states: "ram_gb" is in GB."""
    stated = units.in_header(name) if kind in ("integer", "number") else None
    return stated.name if stated else None
