"""Multipart: files of a request go to the disk as they come, hashed on the way; none is ever whole in memory."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from discovery_pipeline.web.faults import InvalidRequest, UploadTooLarge
from discovery_pipeline.web.names import plain

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks


BATCH = 1 << 20
"""Bytes that are written in one go, off the event loop."""
FILES, FIELDS = 100, 50
FIELD_BYTES = 64 << 10


@dataclass(frozen=True, slots=True)
class Arrived:
    """One file as it came. `name` is harmless and as the user named it; `path` ends in it."""

    name: str
    path: Path
    sha256: str
    byte_size: int


@dataclass(slots=True)
class Form:
    """What a request brought."""

    files: list[Arrived] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=dict)


async def received(
    stream: AsyncIterator[bytes],
    content_type: str,
    folder: Path,
    limit: int,
    check: Callable[[Form], None] | None = None,
) -> Form:
    """The files and fields of a multipart body.

    Parameters
    ----------
    folder
        Where the files go, each in a folder of its own.
    limit
        Bytes of all files together.
    check
        Looks at the fields that came before the first file, and may refuse the rest (a CSRF token, say).

    Raises
    ------
    InvalidRequest
        The body isn't multipart, or is cut off.
    UploadTooLarge
        There are more bytes, files or fields than are taken.
    """
    kind, options = parse_options_header(content_type)
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        raise InvalidRequest("Send the file as multipart/form-data, in a part named `file`.")
    parts = _Parts(folder, limit, check)
    try:
        parser = MultipartParser(boundary, parts.callbacks())
        async for batch in _batches(stream):
            await asyncio.to_thread(parser.write, batch)
        parser.finalize()
    except MultipartParseError as error:
        raise InvalidRequest(f"The multipart body can't be read: {error}.") from None
    finally:
        parts.close()
    if not parts.ended:
        raise InvalidRequest("The multipart body ends before its last boundary. Send it again.")
    return parts.form


async def _batches(stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The body in larger pieces."""
    held, size = [], 0
    async for chunk in stream:
        held.append(chunk)
        size += len(chunk)
        if size >= BATCH:
            yield b"".join(held)
            held, size = [], 0
    if held:
        yield b"".join(held)


class _Parts:
    """Takes what the parser finds, part by part."""

    def __init__(self, folder: Path, limit: int, check: Callable[[Form], None] | None) -> None:
        self.form = Form()
        self.ended = False
        self._folder, self._limit, self._check = folder, limit, check
        self._taken = 0
        self._header_name, self._header_value = bytearray(), bytearray()
        self._headers: dict[bytes, bytes] = {}
        self._field: tuple[str, bytearray] | None = None
        self._file: _Writing | None = None

    def callbacks(self) -> MultipartCallbacks:
        """What the parser calls."""
        return {
            "on_part_begin": self._headers.clear,
            "on_header_field": lambda data, start, end: self._header_name.extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._header_value.extend(data[start:end]),
            "on_header_end": self._header_ends,
            "on_headers_finished": self._part_begins,
            "on_part_data": self._data,
            "on_part_end": self._part_ends,
            "on_end": self._ends,
        }

    def close(self) -> None:
        """Let go of a file that was cut off."""
        if self._file:
            self._file.stream.close()

    def _header_ends(self) -> None:
        self._headers[bytes(self._header_name).lower()] = bytes(self._header_value)
        self._header_name.clear()
        self._header_value.clear()

    def _part_begins(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        if b"filename" not in options:
            if len(self.form.fields) >= FIELDS:
                raise UploadTooLarge(f"At most {FIELDS} fields are taken.")
            self._field = (options.get(b"name", b"").decode("utf-8", "replace"), bytearray())
            return
        if not self.form.files and self._check:
            self._check(self.form)
        if len(self.form.files) >= FILES:
            raise UploadTooLarge(f"At most {FILES} files are taken at once. Send the others in another request.")
        place = self._folder / str(len(self.form.files))
        place.mkdir(parents=True)
        self._file = _Writing.begun(place, plain(options[b"filename"].decode("utf-8", "replace")))

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._file is None:
            self._field_data(data[start:end])
            return
        self._taken += end - start
        if self._taken > self._limit:
            raise UploadTooLarge(
                f"{self._file.name} is larger than an upload may be ({self._limit:,} bytes). Split it."
            )
        self._file.write(data[start:end])

    def _field_data(self, data: bytes) -> None:
        if self._field:
            self._field[1].extend(data)
            if len(self._field[1]) > FIELD_BYTES:
                raise UploadTooLarge(f"The field {self._field[0]!r} is larger than {FIELD_BYTES:,} bytes.")

    def _part_ends(self) -> None:
        if self._file:
            if self._file.named:
                self.form.files.append(self._file.ended())
            else:
                self._file.stream.close()  # a form whose file nobody chose sends a part without name and bytes
        elif self._field:
            self.form.fields[self._field[0]] = self._field[1].decode("utf-8", "replace")
        self._file = self._field = None

    def _ends(self) -> None:
        self.ended = True


@dataclass(slots=True)
class _Writing:
    """A file on its way to the disk."""

    name: str
    path: Path
    stream: BinaryIO
    digest: hashlib._Hash
    size: int = 0

    @classmethod
    def begun(cls, folder: Path, name: str) -> _Writing:
        path = folder / (name or "nameless")
        return cls(name, path, path.open("xb"), hashlib.sha256())

    @property
    def named(self) -> bool:
        return bool(self.name or self.size)

    def write(self, data: bytes) -> None:
        self.stream.write(data)
        self.digest.update(data)
        self.size += len(data)

    def ended(self) -> Arrived:
        self.stream.close()
        return Arrived(self.name or self.path.name, self.path, self.digest.hexdigest(), self.size)
