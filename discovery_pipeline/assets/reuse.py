"""Reuse: what would be made of the same things by the same code is taken over from the last time.

So a mapping that is changed after a delivery runs again what it touches and nothing else: cleansing stays as it is, and
so does every target whose mapping stayed. Where nothing changed, the delivery is the one that is there. Files are taken
over as links, which cost nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel

from discovery_pipeline.store.files.values import VALUE

if TYPE_CHECKING:
    from discovery_pipeline.assets.desk import Stage

MADE_OF = "made_of.json"
"""The file of a value that says what each of its parts was made of."""

V = TypeVar("V", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a value, as they are made or taken over."""

    stage: Stage
    asset: str
    former: Path | None  # the last version's folder
    made_of: Mapping[str, str]  # of the last version
    now: dict[str, str] = field(default_factory=dict)
    reused: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, stage: Stage, asset: str) -> Parts:
        """The parts of an asset's value, with what the last version of them was made of."""
        try:
            former = stage.store.artifacts.reading(stage.flow, asset)
            return cls(stage, asset, former, json.loads((former / MADE_OF).read_text()))
        except FileNotFoundError:
            return cls(stage, asset, None, {})

    def same(self, part: str, *things: Any) -> bool:
        """Whether a part was made of these very things the last time; from now on it is."""
        told = "\n".join(thing.model_dump_json() if isinstance(thing, BaseModel) else str(thing) for thing in things)
        self.now[part] = hashlib.sha256(told.encode()).hexdigest()
        return self.made_of.get(part) == self.now[part]

    def of_stages(self, *stages: str) -> tuple[str | None, ...]:
        """What these stages hold, by the hash of their content."""
        return tuple(self.stage.store.artifacts.digest(self.stage.flow, stage) for stage in stages)

    def take_over(self, part: str, value: V, folder: str = "") -> V:
        """A part's value as it was, with its files."""
        dumped = value.model_dump(mode="json", context={"root": self.link(part, folder)})
        return type(value).model_validate(dumped, context={"root": self.stage.folder(self.asset)})

    def link(self, part: str, folder: str = "") -> Path:
        """Link a part's files into the new version; where they were."""
        if self.former is None:
            raise FileNotFoundError(f"{self.asset} was never made")
        there, here = self.former, self.stage.folder(self.asset)
        for file in (there / folder).rglob("*"):
            if file.is_file() and file.name not in {VALUE, MADE_OF}:
                link = here / file.relative_to(there)
                link.parent.mkdir(parents=True, exist_ok=True)
                os.link(file, link)
        self.reused.append(part)
        return there

    def write(self) -> None:
        """Say in the new version what its parts are made of."""
        (self.stage.folder(self.asset) / MADE_OF).write_text(json.dumps(self.now))
