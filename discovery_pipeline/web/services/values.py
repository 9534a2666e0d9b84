"""Values: what a flow's stages published, decoded once for each version of it."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
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
        self._kept: OrderedDict[tuple[str, str, str], Value] = OrderedDict()
        self._lock = Lock()

    async def of(self, flow: Flow, asset: str, kind: type[T]) -> T | None:
        """The newest value of an asset; None before there is one."""
        return cast("T | None", await asyncio.to_thread(self._read, flow, asset))

    async def all_of(self, flow: Flow, asset: str, kind: type[T]) -> tuple[T, ...]:
        """The newest value of an asset that publishes several; empty before there is one."""
        found = await asyncio.to_thread(self._read, flow, asset)
        return cast("tuple[T, ...]", tuple(found)) if isinstance(found, list | tuple) else ()

    def _read(self, flow: Flow, asset: str) -> Value | None:
        digest = self._artifacts.digest(flow, asset)
        if digest is None:
            return None
        key = (str(flow.id), asset, digest)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        try:
            folder = self._artifacts.reading(flow, asset)
            found = read(folder)
        except FileNotFoundError:  # a newer version took its place meanwhile
            return self._read(flow, asset)
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return found
