"""Code of upkeep: where the SQL of maintenance stands, and all files that decide what upkeep does."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).resolve().parent


def maintenance() -> Path:
    """The folder of the SQL: inside the installed package, or beside it in a checkout."""
    package = _HERE.parents[1]
    inside = package / "sql" / "maintenance"
    return inside if inside.exists() else package.parent / "sql" / "maintenance"


def files() -> list[Path]:
    """What upkeep is made of, in an order that stays."""
    return [*sorted(_HERE.glob("*.py")), *sorted(maintenance().glob("*.sql"))]
