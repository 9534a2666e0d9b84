"""Values: what a single cell looks like, as needed to recognise dialects and headers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum
from functools import lru_cache

from discovery_pipeline.engine.intake.records import Dialect


class Look(StrEnum):
    """What a cell looks like."""

    EMPTY = "empty"
    NUMBER = "number"
    DATE = "date"
    CODE = "code"  # an address, an identifier, a URL: shaped, not prose
    WORD = "word"
    TEXT = "text"
    OTHER = "other"


_NUMBER = re.compile(
    r"(?=\D*\d)[-+(]?\s?(?:[$€£¥₹]\s?)?(?:\d{1,3}(?:[,.  ' ]\d{3})+|\d+)?(?:[.,]\d+)?(?:[eE][-+]?\d{1,3})?"
    r"\s?(?:%|‰|[$€£¥₹]|[KMGT]i?B|[kKMG]?Hz)?\)?"
)
_DATE = re.compile(
    r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/. ](?:\d{1,2}|[A-Za-z]{3,9})[-/., ]+\d{2,4}"
    r"|[A-Za-z]{3,9}\.? \d{1,2},? \d{4})"
    r"(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:\s?[AaPp][Mm])?\s?(?:Z|UTC|[-+]\d{2}:?\d{2})?)?"
    r"|\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:\s?[AaPp][Mm])?"
)
_CODE = re.compile(
    r"(?:[a-z][a-z0-9+.-]*://\S+)|(?:[\w.+-]+@[\w-]+(?:\.[\w-]+)+)|(?:\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2})?)"
    r"|(?:[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5})|(?:(?=\S*\d)[\w.-]+(?:[-_./#:][\w.-]+)*)|(?:\+?[\d() .-]{7,})",
    re.IGNORECASE,
)
_ADDRESS = re.compile(
    r"[a-z][a-z0-9+.-]*://\S+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+|\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2})?"
    r"|[0-9A-F]{2}(?:[:-][0-9A-F]{2}){5}|(?:[\w-]+\.)+[a-z][a-z0-9-]+\.?",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d]+(?:[-_.'’/ ][^\W\d]+){0,3}\.?")
_LOOKS = ((Look.DATE, _DATE), (Look.NUMBER, _NUMBER), (Look.WORD, _WORD), (Look.CODE, _CODE))
_ABSENT = {"n/a", "na", "null", "none", "nan", "-", "--", "?", "\\n", "nil", "#n/a", ".", "…"}
_MARKS = re.compile(r"[,;\t|]")
_PLAIN = re.compile(r"[^\W_]|\s")
_EDGE = re.compile(r"^[\"'].+[^\"']$|^[^\"']+[\"']$")


@lru_cache(maxsize=65_536)
def look(cell: str) -> Look:
    """What a cell looks like; white space around it doesn't count."""
    value = cell.strip()
    if not value or value.lower() in _ABSENT:
        return Look.EMPTY
    if len(value) <= 120:
        for kind, pattern in _LOOKS:
            if pattern.fullmatch(value):
                return kind
    return Look.TEXT if len(_PLAIN.findall(value)) > len(value) * 0.6 else Look.OTHER


_WORTH = {Look.EMPTY: 0.9, Look.NUMBER: 1, Look.DATE: 1, Look.CODE: 1, Look.WORD: 1, Look.TEXT: 0.8, Look.OTHER: 0.3}


def typed(cell: str, dialect: Dialect) -> float:
    """How much a cell looks like one whole value, 0..1: not like a piece of one, nor like several."""
    worth = _WORTH[look(cell)]
    if worth < 1 and _EDGE.search(cell):
        return worth * 0.3
    if worth < 1 and len(_MARKS.findall(cell)) >= 1 and not cell.rstrip().endswith((",", ";")):
        # A delimiter inside prose is followed by a space; inside a row it mostly isn't.
        tight = len(re.findall(r"[,;\t|](?! )", cell))
        return worth * (0.5 if tight else 0.9)
    return worth


def is_whole(cell: str) -> bool:
    """Whether a cell is an address or a time: one value, whatever marks are in it."""
    value = cell.strip()
    return look(value) is Look.DATE or (len(value) <= 250 and _ADDRESS.fullmatch(value) is not None)


def mask(cell: str) -> str:
    """The shape of a cell: letters a, digits 9, runs shortened; 'AB-1204' gives 'a-9'."""
    return re.sub(r"9+", "9", re.sub(r"a+", "a", re.sub(r"[^\W\d_]", "a", re.sub(r"\d", "9", cell.strip()))))


def filled(row: Sequence[str]) -> int:
    """How many cells hold something."""
    return sum(1 for cell in row if cell and not cell.isspace())


def is_year(cell: str) -> bool:
    """Whether a cell is a year of the last or this century: a number that may well name a column."""
    value = cell.strip()
    return len(value) == 4 and value.isdigit() and "1900" <= value <= "2100"
