"""Names of uploads: what a user calls a file, made harmless. A name is shown and kept, and never leads anywhere."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath

LONGEST = 200
"""Bytes; what file systems take, with room for what is put after it."""


def plain(name: str) -> str:
    """The name without folders, control characters and marks that turn the writing around; empty where none is left."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    shown = "".join(c for c in last if unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
    shown = shown.strip().lstrip(". ")
    suffix = PurePosixPath(shown).suffix
    if len(suffix.encode()) > LONGEST // 4:
        suffix = ""
    stem = shown.removesuffix(suffix) if suffix else shown
    while len((stem + suffix).encode()) > LONGEST:
        stem = stem[:-1]
    return stem + suffix
