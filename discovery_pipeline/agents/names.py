"""Names: tables and columns under ids (`t1`, `t1.c3`), so that agents speak of places without quoting the data.

A header is text from outside. One that reads like a name goes with its id; one that reads like a value, a sentence or a
word to the reader stays here, and only its id leaves.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

LONGEST = 48
"""Characters of a name that is sent, and of one that is shown in a sentence."""

_ID = re.compile(r"\bt\d{1,6}(?:\.c\d{1,6})?\b")
_PLAIN = re.compile(r"[^\W\d_][\w .\-/()%#:&+]*", re.UNICODE)
_WORDS = re.compile(r"[^\W\d_]+")
_DIGITS = re.compile(r"\d{5,}")
_MOST_WORDS = 6
_ADDRESSES_A_READER = re.compile(
    r"ignor|disregard|instruct|prompt|system ?:|assistant|override|jailbreak|pretend|reveal|obey|forget|canary"
    r"|you (?:are|must|should|will)|as an ai|do not|approve (?:all|every)|https?|www\.",
    re.IGNORECASE,
)


def speakable(name: str) -> str:
    """The name if it may leave the machine, else nothing.

    Letters first, few words, no long numbers, no address, and nothing that speaks to its reader.
    """
    plain = unicodedata.normalize("NFKC", name).strip()
    spaced = plain.replace("_", " ").replace("-", " ")
    if not 0 < len(plain) <= LONGEST or not _PLAIN.fullmatch(plain):
        return ""
    if len(_WORDS.findall(spaced)) > _MOST_WORDS or _DIGITS.search(plain) or _ADDRESSES_A_READER.search(spaced):
        return ""
    return plain


@dataclass(frozen=True, slots=True)
class Names:
    """Which table or column an id stands for; kept beside the facts, and never sent."""

    tables: dict[str, str]  # id → table
    columns: dict[str, tuple[str, str]]  # id → table, column

    @classmethod
    def of(cls, tables: Iterable[tuple[str, Iterable[str]]]) -> Names:
        """Ids for tables with their columns, in their order."""
        named, placed = {}, {}
        for i, (table, columns) in enumerate(tables, start=1):
            named[f"t{i}"] = table
            placed |= {f"t{i}.c{j}": (table, column) for j, column in enumerate(columns, start=1)}
        return cls(named, placed)

    def table(self, name: str) -> str | None:
        """The id of that table; None where there is none."""
        return next((id for id, table in self.tables.items() if table == name), None)

    def put_into(self, value: Any) -> Any:
        """A value out of an agent's answer with names for ids: whole where an id stands alone, short in a sentence."""
        if isinstance(value, str):
            return self._plain(value) if _ID.fullmatch(value) else _ID.sub(lambda id: self._label(id[0]), value)
        if isinstance(value, dict):
            return {key: self.put_into(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.put_into(item) for item in value]
        return value

    def _plain(self, id: str) -> str:
        return ".".join(self.columns[id]) if id in self.columns else self.tables.get(id, id)

    def _label(self, id: str) -> str:
        if id in self.columns:
            table, column = self.columns[id]
            return _shown(column) if len(self.tables) == 1 else f"{_shown(table)}.{_shown(column)}"
        return _shown(self.tables[id]) if id in self.tables else id


def _shown(name: str) -> str:
    line = "".join(c if c.isprintable() else "·" for c in name)
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"
