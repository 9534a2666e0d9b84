"""Templates: how values are put on a page. Every text is escaped; what the data says is shown in one line."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from discovery_pipeline.engine.delivery.report.page import shown
from discovery_pipeline.engine.phrases import counted, size
from discovery_pipeline.engine.shares import percent

HERE = Path(__file__).parent
STATIC = HERE / "static"


def rendered(template: str, **values: Any) -> str:
    """A template with these values in it."""
    return environment().get_template(template).render(**values)


@cache
def environment() -> Environment:
    """The one environment of all pages."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters |= {
        "shown": shown,
        "percent": percent,
        "number": lambda value: f"{value:,}",
        "size": size,
        "plural": counted,
        "ago": ago,
        "moment": lambda at: at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "words": lambda name: name.replace("_", " "),
    }
    made.globals["static"] = static
    return made


@cache
def static(name: str) -> str:
    """The address of a static file; it changes with the file, so that browsers may keep it."""
    digest = hashlib.blake2s((STATIC / name).read_bytes(), digest_size=6).hexdigest()
    return f"/static/{name}?v={digest}"


def ago(at: datetime, now: datetime | None = None) -> str:
    """How long ago, in the largest unit that says it; the day itself from a week on."""
    past = (now or datetime.now(UTC)) - at
    if past >= timedelta(days=7):
        return f"{at:%Y-%m-%d}"
    seconds = max(int(past.total_seconds()), 0)
    for length, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= length:
            return f"{counted(seconds // length, unit)} ago"
    return "just now"
