"""Held files: uploads in which no table was found, kept until somebody says where it lies."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from discovery_pipeline.flow.state import Flow
from discovery_pipeline.store.files.artifacts import HELD, UPLOADS, Artifacts
from discovery_pipeline.web.multipart import Arrived

LARGEST = 128 << 20
"""Bytes of a file up to which it is held, and read while somebody waits for it."""


class HeldFiles:
    """The held files of flows. All of it works on the disk, and waits for it."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    def paths(self, flow: Flow) -> list[Path]:
        """Where they are, by name."""
        return _files(self._artifacts, flow, HELD)

    def keep(self, flow: Flow, files: Sequence[Arrived]) -> None:
        """Hold files as they came; one of an earlier one's name takes its place."""
        with self._artifacts.adding(flow, HELD) as folder:
            for file in files:
                os.replace(file.path, folder / file.name)

    def admit(self, flow: Flow, names: Sequence[str]) -> None:
        """Put held files among those that runs read. They stay held until they are forgotten."""
        admitted = [path for path in self.paths(flow) if path.name in names]
        if admitted:
            with self._artifacts.adding(flow, UPLOADS) as folder:
                for path in admitted:
                    (folder / path.name).unlink(missing_ok=True)
                    os.link(path, folder / path.name)

    def forget(self, flow: Flow, names: Sequence[str]) -> None:
        """Let go of held files."""
        if any(path.name in names for path in self.paths(flow)):
            with self._artifacts.adding(flow, HELD) as folder:
                for name in names:
                    (folder / name).unlink(missing_ok=True)


def carrier(file: str) -> str:
    """The upload that holds a file: itself, or the archive that it is packed in."""
    return file.partition("/")[0]


def uploaded(artifacts: Artifacts, flow: Flow) -> list[Path]:
    """The flow's files that runs read, by name."""
    return _files(artifacts, flow, UPLOADS)


def _files(artifacts: Artifacts, flow: Flow, stage: str) -> list[Path]:
    try:
        return sorted(artifacts.reading(flow, stage).iterdir())
    except FileNotFoundError:
        return []
