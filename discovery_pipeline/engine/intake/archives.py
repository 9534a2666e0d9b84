"""Archives: what is packed in a ZIP or by gzip, unpacked within limits and under harmless names."""

from __future__ import annotations

import gzip
import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Protocol

from discovery_pipeline.engine import disk
from discovery_pipeline.engine.intake.model import FileRead
from discovery_pipeline.engine.intake.work import Upload
from discovery_pipeline.errors import InputRefused

BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError)
"""What unpacking a member raises where it is damaged, locked, or packed in a way that nobody here knows."""

MEMBERS = 1_000
BYTES = 8 << 30
"""Bytes that all members of an archive may unpack to."""
RATIO, EXEMPT = 200, 64 << 20
"""How many times its packed size a member may take, once it is larger than EXEMPT bytes."""
CHUNK = 1 << 20


class Readable(Protocol):
    """A stream of bytes."""

    def read(self, size: int, /) -> bytes:
        """The next bytes, at most so many; none at the end."""
        ...


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


def inflated(upload: Upload, folder: Path) -> Iterator[Upload]:
    """The one file that gzip packed, under the name it came with; deleted when the next is asked for."""
    folder.mkdir()
    target = folder / f"0{PurePosixPath(upload.inner).suffix.lower()[:12]}"
    try:
        with gzip.open(upload.path) as packed:
            _write(packed, target, upload.file, _limit(upload.path.stat().st_size, BYTES))
        yield Upload(target, upload.file)
    except (zlib.error, EOFError, OSError) as error:
        if disk.full(error):
            raise
        raise InputRefused(upload.file, f"It can't be unpacked: {error}.", "Pack it again.") from None
    finally:
        target.unlink(missing_ok=True)


def _shown(name: str) -> str:
    """The member's name without folders; empty for what packing programs add."""
    path = PurePosixPath(name.replace("\\", "/"))
    if "__MACOSX" in path.parts or path.name.startswith("."):
        return ""
    return path.name


def _unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, room: int) -> int:
    if stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG):
        raise InputRefused(member.filename, "It is a link or a device, not a file.", "Pack the file itself.")
    if member.flag_bits & 1:
        raise InputRefused(member.filename, "It is protected by a password.", "Pack it without one.")
    try:
        with archive.open(member) as packed:
            size = _write(packed, target, member.filename, _limit(member.compress_size, room))
    except BROKEN as error:
        if disk.full(error):
            raise
        raise InputRefused(member.filename, f"It can't be unpacked: {error}.", "Pack it again.") from None
    if zipfile.is_zipfile(target) and target.suffix == ".zip":
        raise InputRefused(member.filename, "It is an archive inside an archive.", "Unpack it first.")
    return size


def _limit(packed_bytes: int, room: int) -> int:
    return min(room, max(EXEMPT, packed_bytes * RATIO))


def _write(packed: Readable, target: Path, name: str, limit: int) -> int:
    """Unpack into the target, at most so many bytes; how many there were."""
    size = 0
    with target.open("wb") as out:
        while chunk := packed.read(CHUNK):
            size += len(chunk)
            if size > limit:
                what = "It unpacks to far more than its packed size explains."
                raise InputRefused(name, what, "Upload the file itself, unpacked.")
            out.write(chunk)
    return size
