"""Artifacts: what the stages write, by tenant, flow and stage, on a folder or any fsspec URL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from discovery_pipeline.flow.state import Flow


class Artifacts:
    """Complete versions of each stage's files. What is being written is never read."""

    @contextmanager
    def writing(self, flow: Flow, stage: str) -> Iterator[Path]:
        """An empty local folder for a stage's files; they replace the stage's former ones, all at once, at the end.

        Nothing is kept when the block raises. Files can be read at their final place by `reading` afterwards.
        """
        raise NotImplementedError
        yield

    def reading(self, flow: Flow, stage: str) -> Path:
        """The local folder with the stage's newest complete files (fetched first, where they are remote).

        Raises
        ------
        FileNotFoundError
            The stage has written nothing yet.
        """
        raise NotImplementedError

    def digest(self, flow: Flow, stage: str) -> str | None:
        """The content hash of the stage's newest complete files; None where there are none."""
        raise NotImplementedError
