"""Values: what a flow's stages published, decoded once for each version of it."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from pathlib import Path
from threading import Lock
from typing import TypeVar, cast

from discovery_pipeline.flow.state import Flow
from discovery_pipeline.store.files.artifacts import Artifacts
from discovery_pipeline.store.files.values import Value, read

KEPT = 24
"""Decoded values kept: the stages of about three flows that people look at."""

T = TypeVar("T")


class Values:
    """Reads values of artifacts. Safe to share between tasks and threads."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts
        self._kept: OrderedDict[Path, Value] = OrderedDict()
        self._lock = Lock()

    async def of(self, flow: Flow, asset: str, kind: type[T]) -> T | None:
        """The newest value of an asset; None before there is one."""
        return cast("T | None", await asyncio.to_thread(self._read, flow, asset))

    async def all_of(self, flow: Flow, asset: str, kind: type[T]) -> tuple[T, ...]:
        """The newest value of an asset that publishes several; empty before there is one."""
        found = await asyncio.to_thread(self._read, flow, asset)
        return cast("tuple[T, ...]", tuple(found)) if isinstance(found, list | tuple) else ()

    def _read(self, flow: Flow, asset: str) -> Value | None:
        try:
            folder = self._artifacts.reading(flow, asset)
        except FileNotFoundError:
            return None
        # By its folder, not by its content: a stage that writes the same again leaves the former files to no one.
        with self._lock:
            if folder in self._kept:
                self._kept.move_to_end(folder)
                return self._kept[folder]
        try:
            found = read(folder)
        except FileNotFoundError:  # a newer version took its place meanwhile
            return self._read(flow, asset)
        with self._lock:
            self._kept[folder] = found
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return found
