"""Purge: files of flows that were archived long ago move out of the home's artifacts into a dated folder.

Each file is copied, the copy is read back and compared, and only when every file of a flow is proven is the original
deleted. A log beside the copies says for each path what became of it.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from discovery_pipeline.store.artifacts import Artifacts
from discovery_pipeline.store.databases import Databases
from discovery_pipeline.store.query import ask

LOG = "removed.jsonl"

Outcome = Literal["moved", "kept: copy differs"]

ARCHIVED = """
select client_account_id, engagement_id, slug from discovery_flows_history
where archived_at < timestamptz '{before}' order by archived_at
"""


@dataclass(frozen=True, slots=True)
class Removed:
    """One file, and what became of it."""

    path: str  # below the artifacts
    size: int
    sha256: str
    outcome: Outcome


def purge(databases: Databases, artifacts: Artifacts, backups: Path, older_than: timedelta, now: datetime) -> Path:
    """Move the files of flows archived before that; the dated folder with the copies and the log.

    Nothing to move gives a folder with an empty log.
    """
    folder = backups / f"{now:%Y%m%dT%H%M%S}"
    folder.mkdir(parents=True)
    flows = ask(databases, ARCHIVED.format(before=(now - older_than).isoformat())).rows
    with (folder / LOG).open("w") as log:
        for account, engagement, slug in flows:
            place = Path(str(account), str(engagement), str(slug))
            for removed in _move(artifacts.root, place, folder):
                log.write(json.dumps(asdict(removed)) + "\n")
            log.flush()
    return folder


def _move(root: Path, place: Path, folder: Path) -> Iterable[Removed]:
    original = root / place
    files = sorted(path for path in original.rglob("*") if path.is_file())
    done = [_copied(file, root, folder) for file in files]
    if all(removed.outcome == "moved" for removed in done):
        shutil.rmtree(original, ignore_errors=not original.exists())
        return done
    return [Removed(each.path, each.size, each.sha256, "kept: copy differs") for each in done]


def _copied(file: Path, root: Path, folder: Path) -> Removed:
    relative = file.relative_to(root)
    copy = folder / relative
    copy.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(file, copy)
    sha256 = _sha256(file)
    same = _sha256(copy) == sha256
    return Removed(relative.as_posix(), file.stat().st_size, sha256, "moved" if same else "kept: copy differs")


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
