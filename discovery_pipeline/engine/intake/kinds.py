"""Kinds: what a file is, by its first bytes; its name only decides where the bytes leave it open."""

from __future__ import annotations

import re
import zipfile
from enum import StrEnum
from pathlib import Path

from discovery_pipeline.engine.intake import encodings
from discovery_pipeline.errors import InputRefused

HEAD = 65_536
"""Bytes looked at to tell what a file is."""


class ForeignFile(InputRefused):
    """The file is of a kind that holds no table, such as a document, an image or a program."""


class Kind(StrEnum):
    """Kinds of file that intake reads, as media types."""

    DELIMITED = "text/csv"
    JSON = "application/json"
    JSON_LINES = "application/x-ndjson"
    PARQUET = "application/vnd.apache.parquet"
    WORKBOOK = "application/vnd.ms-excel"
    ARCHIVE = "application/zip"
    PACKED = "application/gzip"


_FOREIGN = (
    (b"%PDF", "a PDF document", "Export the data behind it as CSV or XLSX."),
    (b"\x89PNG", "a PNG image", "Export the data behind it as CSV or XLSX."),
    (b"\xff\xd8\xff", "a JPEG image", "Export the data behind it as CSV or XLSX."),
    (b"GIF8", "a GIF image", "Export the data behind it as CSV or XLSX."),
    (b"BZh", "a bzip2 archive", "Unpack it, or pack it as ZIP."),
    (b"\xfd7zXZ", "an xz archive", "Unpack it, or pack it as ZIP."),
    (b"7z\xbc\xaf'\x1c", "a 7-Zip archive", "Unpack it, or pack it as ZIP."),
    (b"Rar!", "a RAR archive", "Unpack it, or pack it as ZIP."),
    (b"\x28\xb5\x2f\xfd", "a zstd archive", "Unpack it, or pack it as ZIP."),
    (b"SQLite format 3", "a SQLite database", "Export its tables as CSV."),
    (b"\x7fELF", "a program", "Choose the file that holds the data."),
    (b"MZ\x90", "a program", "Choose the file that holds the data."),
    (b"PARE", "an encrypted Parquet file", "Write it without encryption."),
    (b"-----BEGIN PGP SIGNED", "a text signed with PGP", "Take the signature off first, as gpg --decrypt does."),
    (b"-----BEGIN PGP", "a file encrypted with PGP, or a key or signature of it", "Decrypt it first."),
    (b"ORC", "an ORC file", "Convert it to Parquet."),
    (b"Obj\x01", "an Avro file", "Convert it to Parquet."),
    (b"ARROW1", "an Arrow file", "Convert it to Parquet."),
    (b"{\\rtf", "an RTF document", "Export the data behind it as CSV or XLSX."),
)
_UNPRINTED = frozenset(range(9))
"""Bytes that text doesn't have, and binary files do."""
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MARKUP = re.compile(r"\s*<(?:!doctype|html|head|body|table|\?xml|!--)", re.IGNORECASE)
_XML = re.compile(r"<([A-Za-z_][\w.:-]*)(?:\s[^<>]*)?>\s*(?:<!--.*?-->\s*)*<[A-Za-z_]", re.DOTALL)
_REMARKS = r"(?>(?:\s|--[^\n]*\n|/\*(?:[^*]|\*(?!/))*+\*/;?)*)"  # atomic: else each of many doubles the time
_SCRIPT = re.compile(
    rf"{_REMARKS}(?:set|use|begin|start|drop|create|insert|copy|alter|lock|pragma)\b[^\n]*"
    r"[;(][ \t\r]*$.*?(?:\binsert\s+into|\bcreate\s+table|^[ \t]*copy\s[^\n]*\bfrom\s+stdin)\b|"
    rf"{_REMARKS}(?:insert\s+into|create\s+table)\s",
    re.IGNORECASE | re.DOTALL | re.MULTILINE,
)
"""SQL that makes or fills tables, after comments and settings."""
_JSON_NAMES = {".json", ".geojson"}
_LINES_NAMES = {".jsonl", ".ndjson"}
_EBCDIC = b"@k^K`maz}\x7f\x05\r\x15%" + bytes(
    byte
    for first, last in (
        (0x81, 0x89),
        (0x91, 0x99),
        (0xA2, 0xA9),
        (0xC1, 0xC9),
        (0xD1, 0xD9),
        (0xE2, 0xE9),
        (0xF0, 0xF9),
    )
    for byte in range(first, last + 1)
)
"""Letters, digits, white space and the usual marks of a mainframe's text."""
_EBCDIC_GAPS = frozenset(b"@k^\x05\x15%")
"""What stands between its words: blank, comma, semicolon, tab, ends of lines."""
_BOMS = (b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")
_CONTROL = bytes(set(range(32)) - {0, 1, 2, 9, 10, 12, 13, 26, 27, 28, 29, 30, 31})


def kind_of(path: Path) -> Kind:
    """What the file is.

    Raises
    ------
    ForeignFile
        It is nothing that holds a table: a document, an image, another archive, binary data.
    InputRefused
        It has 0 bytes, or is a damaged archive.
    """
    with path.open("rb") as stream:
        head = stream.read(HEAD)
    if not head:
        raise InputRefused(path.name, "The file is empty (0 bytes).", "Check the export and upload it again.")
    if head.startswith(b"PAR1"):
        return Kind.PARQUET
    if head.startswith(_OLE):
        return Kind.WORKBOOK
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")):
        return _zipped(path)
    if head.startswith(b"\x1f\x8b"):
        return Kind.PACKED
    for magic, what, action in _FOREIGN:
        word = magic.isalnum()  # a header may begin with it, as ORCID does
        if head.startswith(magic) and not (word and _UNPRINTED.isdisjoint(head)):
            raise ForeignFile(path.name, f"This is {what}, not a table.", action)
    return _text(path, head)


def _zipped(path: Path) -> Kind:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError, OSError) as error:
        what = f"The ZIP archive (or workbook) is damaged: {error}."
        raise InputRefused(path.name, what, "Save or export it again.") from None
    if "[Content_Types].xml" in names or "xl/workbook.xml" in names or "xl/workbook.bin" in names:
        if any(name.startswith(("word/", "ppt/")) for name in names):
            raise ForeignFile(
                path.name, "This is an Office document, not a workbook.", "Export the data as CSV or XLSX."
            )
        return Kind.WORKBOOK
    if "content.xml" in names and "mimetype" in names:
        return Kind.WORKBOOK
    return Kind.ARCHIVE


def _text(path: Path, head: bytes) -> Kind:
    suffix = path.suffix.lower()
    mainframe = not head.isascii() and len(head.translate(None, _EBCDIC)) < len(head) * 0.1
    if mainframe and not set(head) & set(b"\n ,;") and set(head) & _EBCDIC_GAPS:
        what = "This is text in EBCDIC, the encoding of mainframes."
        raise ForeignFile(path.name, what, "Have it converted as it is transferred, or save it as UTF-8.")
    wide = "utf-16" if head.startswith(_BOMS[:2]) else encodings.unmarked_utf16(head)
    if not wide:
        noise = len(head) - len(head.translate(None, _CONTROL))
        if noise > max(8, len(head) * 0.02) or head.count(0) > len(head) * 0.3:
            what = "The file holds binary data that is neither text nor a known table format."
            raise ForeignFile(path.name, what, "Export the data as CSV, XLSX, JSON or Parquet.")
    text = head.decode(wide or "latin-1", "replace").removeprefix("\ufeff").removeprefix("ï»¿").lstrip("\x00 \t\r\n")
    if _MARKUP.match(text) or _XML.match(text):
        what = "This is an HTML or XML page, not a table"
        hint = " (some systems name such an export .xls)" if suffix.startswith(".xls") else ""
        raise ForeignFile(path.name, f"{what}{hint}.", "Open it in a spreadsheet and save it as XLSX or CSV.")
    if _SCRIPT.match(text):
        what = "This is an SQL script, such as a database's dump, not a table."
        action = "Export the tables as CSV, or give the database itself: postgresql://…?table=NAME."
        raise ForeignFile(path.name, what, action)
    if suffix in _LINES_NAMES:
        return Kind.JSON_LINES
    if suffix in _JSON_NAMES:
        return Kind.JSON
    if re.match(r'\{\s*("[^"\n]*"\s*:|\})|\[\s*(\{|\]|\[\s*["\[{\d])', text):
        return Kind.JSON
    return Kind.DELIMITED
