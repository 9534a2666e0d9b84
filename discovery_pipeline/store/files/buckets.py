"""Buckets: results below an fsspec URL, where folders can't change names.

Each delivery goes to a folder of its own, named by its content; `manifest.json`, which is put last and in one step,
names the files of the one that counts. So a reader meets the old delivery or the new one, and the same delivery again
is there already. The one before stays, for whoever reads it still.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn
from urllib.parse import urlsplit

from pydantic import ValidationError

from discovery_pipeline.engine.delivery.bundle import MANIFEST
from discovery_pipeline.engine.delivery.model import Manifest
from discovery_pipeline.errors import ServerError, SettingsError
from discovery_pipeline.store.files.destinations import Results

PREFIX = "delivery-"


class Bucket:
    """A place below an fsspec URL."""

    def __init__(self, url: str) -> None:
        self._url = url

    def __str__(self) -> str:
        """Without who logs in, and how."""
        parts = urlsplit(self._url)
        return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()

    def check(self) -> None:
        """It can be reached, and is free or holds a delivery."""
        with self._opened() as (files, base):
            self._current(files, base)

    def publish(self, results: Results) -> None:
        """Put the results beside earlier ones, then name them."""
        told = Manifest.model_validate_json((results.folder / MANIFEST).read_text(encoding="utf-8"))
        name = PREFIX + hashlib.sha256(told.model_dump_json().encode()).hexdigest()[:16]
        with self._opened() as (files, base):
            before = self._current(files, base)
            if before and name in before:
                return
            there = f"{base}/{name}"
            files.makedirs(there, exist_ok=True)
            for file in told.files:
                files.makedirs(f"{there}/{file.path}".rpartition("/")[0], exist_ok=True)
                files.put_file(os.fspath(results.folder / file.path), f"{there}/{file.path}")
            placed = tuple(f.model_copy(update={"path": f"{name}/{f.path}"}) for f in told.files)
            manifest = told.model_copy(update={"files": placed}).model_dump_json(indent=1) + "\n"
            files.pipe_file(f"{base}/{MANIFEST}", manifest.encode())
            self._forget(files, base, {name, *before})

    def _current(self, files: Any, base: str) -> set[str]:
        """The folder of the delivery that counts; none where nothing was delivered yet."""
        try:
            told = Manifest.model_validate_json(files.cat_file(f"{base}/{MANIFEST}"))
        except FileNotFoundError:
            if any(not name.startswith(PREFIX) for name in self._names(files, base)):
                self._refuse()
            return set()
        except ValidationError:
            self._refuse()
        return {file.path.partition("/")[0] for file in told.files}

    def _refuse(self) -> NoReturn:
        raise SettingsError(f"{self} holds files that no delivery wrote, and is left as it is. Name a new folder.")

    def _forget(self, files: Any, base: str, kept: set[str]) -> None:
        """Remove deliveries that count no more, but for the last of them."""
        for name in self._names(files, base):
            if name.startswith(PREFIX) and name not in kept:
                files.rm(f"{base}/{name}", recursive=True)

    def _names(self, files: Any, base: str) -> list[str]:
        if not files.exists(base):
            return []
        return [there.rstrip("/").rpartition("/")[2] for there in files.ls(base, detail=False)]

    @contextmanager
    def _opened(self) -> Iterator[tuple[Any, str]]:
        """The file system, and where in it.

        Raises
        ------
        SettingsError
            There is no such kind of URL here.
        ServerError
            The bucket can't be reached or doesn't let us write.
        """
        from fsspec.core import url_to_fs

        try:
            files, base = url_to_fs(self._url)
            yield files, base.rstrip("/")
        except (ImportError, ValueError) as error:
            raise SettingsError(f"{self}: {error}") from None
        except OSError as error:
            what = error.strerror or type(error).__name__
            raise ServerError(f"{self} can't be written: {what}. Check the address and what it lets you do.") from None
