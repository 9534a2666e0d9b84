"""`discovery purge`: what archived flows left in the home."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from discovery_pipeline.store.upkeep.purge import Due


def _days(text: str) -> timedelta:
    found = re.fullmatch(r"(\d{1,5})d?", text)
    if found is None:
        raise typer.BadParameter(f"{text!r} is no number of days; write 90d")
    return timedelta(days=int(found[1]))


def purge(
    older_than: Annotated[
        timedelta, typer.Option(parser=_days, metavar="DAYS", help="Days since a flow was archived, e.g. 90d.")
    ],
    dry_run: Annotated[bool, typer.Option(help="Say what would be moved, and move nothing.")] = False,
) -> None:
    """Move uploads and artifacts of flows archived long ago to a dated folder, with a log of every file.

    Each copy is read back and compared before its original is deleted. A purge that was interrupted can be run again.
    """
    from discovery_pipeline import settings
    from discovery_pipeline.store.files.artifacts import Artifacts
    from discovery_pipeline.store.postgres.connection import connected, prepare
    from discovery_pipeline.store.upkeep import purge as purging

    current, now = settings.read(), datetime.now(UTC)
    artifacts = Artifacts.of(current)
    with connected(current) as databases:
        prepare(databases)
        if dry_run:
            _tell(purging.due(databases, artifacts, older_than, now))
            return
        folder = purging.purge(databases, artifacts, current.root / "purged", older_than, now)
    removed = [json.loads(line) for line in (folder / purging.LOG).read_text().splitlines()]
    kept = sum(each["outcome"] != "moved" for each in removed)
    size = sum(each["size"] for each in removed if each["outcome"] == "moved")
    print(f"{len(removed) - kept} files moved to {folder} ({size:,} bytes); {purging.LOG} there names each.")
    if kept:
        print(f"{kept} files were kept: their copies differ. Is the disk full, or failing?")
        raise typer.Exit(1)


def _tell(due: list[Due]) -> None:
    for flow in due:
        print(f"{flow.place.name}: {len(flow.files)} files, {flow.size:,} bytes")
    files, size = sum(len(flow.files) for flow in due), sum(flow.size for flow in due)
    print(f"{files} files of {len(due)} flows would be moved ({size:,} bytes).")
