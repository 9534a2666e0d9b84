"""Purge: files of flows that were archived long ago move out of the home's artifacts into a dated folder.

Each file is copied, and the copy is read back and compared. Only when every file of a flow is proven and stands in the
log are the originals deleted. Whoever is killed in between leaves originals that the next purge moves, to a folder of
its own: nothing is ever in neither place. What isn't in a folder's log is a copy that was cut short.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Literal, TextIO

from discovery_pipeline.store.files.artifacts import Artifacts
from discovery_pipeline.store.postgres.databases import Databases
from discovery_pipeline.store.postgres.query import ask

LOG = "removed.jsonl"

Outcome = Literal["moved", "kept: copy differs"]

ARCHIVED = """
select client_account_id, engagement_id, slug from discovery_flows_history
where archived_at < timestamptz '{before}' order by archived_at
"""


@dataclass(frozen=True, slots=True)
class Due:
    """A flow with files to be moved."""

    place: Path  # below the artifacts
    files: tuple[Path, ...]

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(file.stat().st_size for file in self.files)


@dataclass(frozen=True, slots=True)
class Removed:
    """One file, and what became of it."""

    path: str  # below the artifacts
    size: int
    sha256: str
    outcome: Outcome


def due(databases: Databases, artifacts: Artifacts, older_than: timedelta, now: datetime) -> list[Due]:
    """Flows archived before that, whose files are still where they were."""
    found = []
    for account, engagement, slug in ask(databases, ARCHIVED.format(before=(now - older_than).isoformat())).rows:
        place = Path(str(account), str(engagement), str(slug))
        artifacts.fetch(place)
        files = sorted(path for path in (artifacts.root / place).rglob("*") if path.is_file())
        if files:
            found.append(Due(place, tuple(files)))
    return found


def purge(databases: Databases, artifacts: Artifacts, backups: Path, older_than: timedelta, now: datetime) -> Path:
    """Move the files of flows archived before that; the dated folder with the copies and the log.

    Nothing to move gives a folder with an empty log.
    """
    folder = _new_folder(backups, now)
    with (folder / LOG).open("w") as log:
        for flow in due(databases, artifacts, older_than, now):
            copied = [_copied(file, artifacts.root, folder) for file in flow.files]
            proven = all(each.outcome == "moved" for each in copied)
            _note(log, copied if proven else [_kept(each) for each in copied])
            if proven:
                _delete(artifacts.root / flow.place, flow.files)
                artifacts.forget(flow.place)
    return folder


def _new_folder(backups: Path, now: datetime) -> Path:
    """A dated folder that wasn't there; a second one of the same moment has a number."""
    for number in count():
        folder = backups / (f"{now:%Y%m%dT%H%M%S}" + (f"-{number}" if number else ""))
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        return folder
    raise AssertionError


def _copied(file: Path, root: Path, folder: Path) -> Removed:
    relative = file.relative_to(root)
    copy = folder / relative
    copy.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(file, copy)
    with copy.open("rb") as written:
        os.fsync(written.fileno())
    sha256 = _sha256(file)
    same = _sha256(copy) == sha256
    return Removed(relative.as_posix(), file.stat().st_size, sha256, "moved" if same else "kept: copy differs")


def _kept(copied: Removed) -> Removed:
    return Removed(copied.path, copied.size, copied.sha256, "kept: copy differs")


def _note(log: TextIO, files: Sequence[Removed]) -> None:
    """Write what becomes of the files, and bring it to the disk before it does."""
    log.writelines(json.dumps(asdict(each)) + "\n" for each in files)
    log.flush()
    os.fsync(log.fileno())


def _delete(original: Path, files: Sequence[Path]) -> None:
    """Delete these files, and the folders that are empty then."""
    for file in files:
        file.unlink()
    for folder in sorted((path for path in original.rglob("*") if path.is_dir()), reverse=True):
        folder.rmdir()
    original.rmdir()


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
