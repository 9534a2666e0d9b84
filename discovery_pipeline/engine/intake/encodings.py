"""Encodings: which bytes a text is written in, and how it becomes UTF-8.

A file that is UTF-8 already is read where it lies; any other is written out anew, once, in pieces.
"""

from __future__ import annotations

import codecs
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from discovery_pipeline.errors import InputRefused

CHUNK = 4 << 20
_BOMS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_EAST_ASIAN = ("shift_jis", "cp932", "euc_jp", "gb18030", "gbk", "gb2312", "big5", "euc_kr", "cp949", "iso2022_jp")
_CYRILLIC = ("cp1251", "koi8_r", "koi8_u", "iso8859_5", "mac_cyrillic", "cp866")


@dataclass(frozen=True, slots=True)
class Survey:
    """What one pass over all bytes of a file found."""

    sha256: str
    size: int  # bytes
    line_feeds: int
    returns: int  # carriage returns, those before a line feed included
    returns_before_feeds: int
    nulls: int
    utf8: bool  # all of it decodes as UTF-8
    endless: bool  # some stretch of CHUNK bytes holds no end of a line

    @property
    def lone_returns(self) -> int:
        return self.returns - self.returns_before_feeds


@dataclass(frozen=True, slots=True)
class Encoding:
    """A codec, and why it was taken."""

    codec: str
    reason: str

    @property
    def name(self) -> str:
        """The name people write, e.g. 'utf-8' for UTF-8 with or without a BOM."""
        return "utf-8" if self.codec == "utf-8-sig" else self.codec.replace("_", "-")


def survey(path: Path) -> Survey:
    """Hash, size, line ends, NULs and UTF-8 validity of a file, in one pass and constant memory."""
    digest = hashlib.sha256()
    decoder = codecs.getincrementaldecoder("utf-8")()
    size = feeds = returns = pairs = nulls = 0
    utf8, endless, last = True, False, b""
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
            size += len(chunk)
            here, back = chunk.count(b"\n"), chunk.count(b"\r")
            feeds, returns, nulls = feeds + here, returns + back, nulls + chunk.count(b"\0")
            if back or last == b"\r":
                pairs += chunk.count(b"\r\n") + (last == b"\r" and chunk.startswith(b"\n"))
            endless = endless or (not here and not back and len(chunk) == CHUNK)
            last = chunk[-1:]
            if utf8 and not (chunk.isascii() and not decoder.getstate()[0]):
                utf8 = _decodes(decoder, chunk)
        utf8 = utf8 and _decodes(decoder, b"", final=True)
    return Survey(digest.hexdigest(), size, feeds, returns, pairs, nulls, utf8, endless)


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return False
    return True


def detect(head: bytes, *, utf8: bool) -> Encoding:
    """The encoding of a text that starts with `head`; `utf8` says whether all of it is valid UTF-8."""
    for bom, codec in _BOMS:
        if head.startswith(bom):
            return Encoding(codec, f"It starts with the byte order mark of {codec.removesuffix('-sig').upper()}.")
    pairs = max(len(head) // 2, 1)
    if head[1::2].count(0) > pairs * 0.6:
        return Encoding("utf-16-le", "Every second byte is zero, as in UTF-16 (little endian).")
    if head[0::2].count(0) > pairs * 0.6:
        return Encoding("utf-16-be", "Every second byte is zero, as in UTF-16 (big endian).")
    if utf8:
        return Encoding("utf-8", "Every byte is valid UTF-8.")
    if b"\x1b$" in head or b"\x1b(" in head:
        return Encoding("iso2022_jp", "It holds the escape sequences of ISO-2022-JP.")
    return _legacy(head)


def _legacy(head: bytes) -> Encoding:
    """An encoding of one or two bytes a character: measured by charset-normalizer, else Western European."""
    lines = [line for line in head.splitlines() if not line.isascii()]
    if sum(_is_utf8(line) for line in lines) > len(lines) / 2:
        return Encoding("utf-8", "Most lines are valid UTF-8; the others are read as Windows-1252.")
    import charset_normalizer

    best = charset_normalizer.from_bytes(b"\n".join(lines)[: CHUNK // 16]).best()
    guess = best.encoding if best else ""
    if best and guess in (*_EAST_ASIAN, *_CYRILLIC) and best.chaos < 0.2:
        codec = "cp932" if guess in ("shift_jis", "cp932") else guess
        return Encoding(codec, f"Its bytes read as text of {', '.join(best.languages) or 'that script'} in {guess}.")
    if codec := _double_byte(lines):
        return Encoding(codec, f"Its bytes above 127 come in pairs that are valid {codec}.")
    return Encoding("cp1252", "It is not UTF-8, and its bytes above 127 fit Windows-1252 (Western European).")


def _double_byte(lines: list[bytes]) -> str:
    """Shift-JIS or another East Asian codec, where nearly all of the text's odd bytes make letters of it."""
    sample = b"\n".join(lines)
    for codec in ("cp932", "gb18030", "big5", "euc_kr"):
        try:
            text = sample.decode(codec)
        except UnicodeDecodeError:
            continue
        odd = [c for c in text if ord(c) > 127]
        kana = sum("\u3040" <= c <= "\u30ff" for c in odd)
        if codec == "cp932" and odd and kana > len(odd) * 0.25:
            return codec
    return ""


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def check(codec: str, file: str) -> str:
    """The codec's name as Python knows it. Raises InputRefused where there is no such codec for text."""
    try:
        "".encode(codec)
        return codecs.lookup(codec).name
    except (LookupError, TypeError):
        raise InputRefused(file, f"There is no encoding named {codec!r}.", "Try utf-8, utf-16 or cp1252.") from None


def decoded(path: Path, encoding: Encoding) -> Iterator[tuple[str, int]]:
    """The text of a file in pieces, without BOM or NULs, each with how many lines fell back to Windows-1252."""
    if encoding.codec.startswith("utf-8"):
        yield from _mixed(path)
        return
    decoder = codecs.getincrementaldecoder(encoding.codec)("replace")
    with path.open("rb") as stream:
        first = True
        while chunk := stream.read(CHUNK):
            text = decoder.decode(chunk)
            yield (text.removeprefix("\ufeff") if first else text).replace("\x00", ""), 0
            first = False
        yield decoder.decode(b"", True), 0


def _mixed(path: Path) -> Iterator[tuple[str, int]]:
    """UTF-8 piece by piece; lines that are not are read as Windows-1252."""
    with path.open("rb") as stream:
        rest, first = b"", True
        while chunk := stream.read(CHUNK):
            piece = rest + chunk
            cut = piece.rfind(b"\n") + 1 or (len(piece) if len(piece) > 4 * CHUNK else 0)
            piece, rest = piece[:cut], piece[cut:]
            text, strays = _lines_decoded(piece.removeprefix(codecs.BOM_UTF8) if first else piece)
            first = first and not cut
            yield text, strays
        yield _lines_decoded(rest.removeprefix(codecs.BOM_UTF8) if first else rest)


def _lines_decoded(piece: bytes) -> tuple[str, int]:
    piece = piece.replace(b"\x00", b"")
    try:
        return piece.decode("utf-8"), 0
    except UnicodeDecodeError:
        lines = [(line, _is_utf8(line)) for line in piece.splitlines(keepends=True)]
    text = "".join(line.decode("utf-8") if fine else line.decode("cp1252", "replace") for line, fine in lines)
    return text, sum(not fine for _, fine in lines)


def rewritten(path: Path, encoding: Encoding, into: Path) -> int:
    """Write the file's text to `into` as UTF-8 without BOM and NULs; the lines that fell back to Windows-1252."""
    strays = 0
    with into.open("w", encoding="utf-8", newline="") as out:
        for text, odd in decoded(path, encoding):
            out.write(text)
            strays += odd
    return strays
