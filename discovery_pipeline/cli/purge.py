"""`discovery purge`: what archived flows left in the home."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer


def _days(text: str) -> timedelta:
    found = re.fullmatch(r"(\d{1,5})d?", text)
    if found is None:
        raise typer.BadParameter(f"{text!r} is no number of days; write 90d")
    return timedelta(days=int(found[1]))


def purge(
    older_than: Annotated[
        timedelta, typer.Option(parser=_days, metavar="DAYS", help="Days since a flow was archived, e.g. 90d.")
    ],
) -> None:
    """Move uploads and artifacts of flows archived long ago to a dated folder, with a log of every file.

    Each copy is read back and compared before its original is deleted.
    """
    from discovery_pipeline import settings
    from discovery_pipeline.store import purge as purging
    from discovery_pipeline.store.artifacts import Artifacts
    from discovery_pipeline.store.connection import connected, prepare

    current = settings.read()
    with connected(current) as databases:
        prepare(databases)
        artifacts = Artifacts.of(current)
        folder = purging.purge(databases, artifacts, current.root / "purged", older_than, datetime.now(UTC))
    removed = [json.loads(line) for line in (folder / purging.LOG).read_text().splitlines()]
    kept = sum(each["outcome"] != "moved" for each in removed)
    size = sum(each["size"] for each in removed)
    print(f"{len(removed) - kept} files moved to {folder} ({size:,} bytes); {purging.LOG} there names each.")
    if kept:
        print(f"{kept} files were kept: their copies differ. Is the disk full, or failing?")
        raise typer.Exit(1)
