"""The journal: what a worker meant to do, and what it was told had happened, line by line as it goes.

A line is in the file before the worker goes on, and a killed process loses none of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Outcome = Literal["done", "refused", "unknown"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that a worker set out to do."""

    by: str  # unique: the name in which it is done
    action: str
    flow: str | None  # id; None where the flow is made by it
    arguments: Mapping[str, Any]
    outcome: Outcome = "unknown"  # also where the worker died before it heard
    answer: Any = None


class Journal:
    """Written by one worker."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def means(self, entry: Entry) -> None:
        """The worker sets out."""
        self._write({"by": entry.by, "action": entry.action, "flow": entry.flow, "arguments": dict(entry.arguments)})

    def heard(self, by: str, outcome: Outcome, answer: Any = None) -> None:
        """The worker was told how it went."""
        self._write({"by": by, "outcome": outcome, "answer": answer})

    def _write(self, line: dict[str, Any]) -> None:
        with self._path.open("a") as file:
            file.write(json.dumps(line) + "\n")


def read(path: Path) -> list[Entry]:
    """Every entry, in the order in which the worker set out."""
    found: dict[str, Entry] = {}
    for line in path.read_text().splitlines() if path.exists() else ():
        said = json.loads(line)
        if "action" in said:
            found[said["by"]] = Entry(said["by"], said["action"], said["flow"], said["arguments"])
        else:
            meant = found[said["by"]]
            found[said["by"]] = Entry(
                meant.by, meant.action, meant.flow, meant.arguments, said["outcome"], said["answer"]
            )
    return list(found.values())
