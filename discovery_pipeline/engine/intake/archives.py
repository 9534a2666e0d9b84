"""Archives: the files packed in a ZIP, unpacked within limits and under harmless names."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from discovery_pipeline.engine.intake.model import FileRead
from discovery_pipeline.engine.intake.work import Upload
from discovery_pipeline.errors import InputRefused

MEMBERS = 1_000
BYTES = 8 << 30
"""Bytes that all members of an archive may unpack to."""
RATIO, EXEMPT = 200, 64 << 20
"""How many times its packed size a member may take, once it is larger than EXEMPT bytes."""
CHUNK = 1 << 20


def unpacked(upload: Upload, folder: Path) -> Iterator[Upload | FileRead]:
    """The files of an archive one by one, each deleted when the next is asked for; or why one is refused."""
    folder.mkdir()
    with zipfile.ZipFile(upload.path) as archive:
        members = [m for m in archive.infolist() if not m.is_dir() and _shown(m.filename)]
        if not members:
            raise InputRefused(upload.file, "The archive is empty.", "Pack the files again.")
        if len(members) > MEMBERS:
            what = f"The archive holds {len(members):,} files; at most {MEMBERS:,} are read."
            raise InputRefused(upload.file, what, "Pack fewer files together.")
        total = 0
        for at, member in enumerate(members):
            shown = f"{upload.file}/{_shown(member.filename)}"
            target = folder / f"{at}{PurePosixPath(member.filename).suffix.lower()[:12]}"
            try:
                total += _unpack(archive, member, target, BYTES - total)
                yield Upload(target, shown)
            except InputRefused as refusal:
                yield FileRead(file=shown, status="refused", reason=f"{refusal.reason} {refusal.action}".strip())
            finally:
                target.unlink(missing_ok=True)


def _shown(name: str) -> str:
    """The member's name without folders; empty for what packing programs add."""
    path = PurePosixPath(name.replace("\\", "/"))
    if "__MACOSX" in path.parts or path.name.startswith("."):
        return ""
    return path.name


def _unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, room: int) -> int:
    if member.flag_bits & 1:
        raise InputRefused(member.filename, "It is protected by a password.", "Pack it without one.")
    limit = min(room, max(EXEMPT, member.compress_size * RATIO))
    size = 0
    try:
        with archive.open(member) as packed, target.open("wb") as out:
            while chunk := packed.read(CHUNK):
                size += len(chunk)
                if size > limit:
                    what = "It unpacks to far more than its packed size explains."
                    raise InputRefused(member.filename, what, "Upload the file itself, unpacked.")
                out.write(chunk)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise InputRefused(member.filename, f"It can't be unpacked: {error}.", "Pack it again.") from None
    if zipfile.is_zipfile(target) and target.suffix == ".zip":
        raise InputRefused(member.filename, "It is an archive inside an archive.", "Unpack it first.")
    return size
