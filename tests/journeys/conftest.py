"""Journeys: the product as a person at a shell uses it, on a home of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(sys.executable).with_name("discovery")


@dataclass(frozen=True, slots=True)
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Shell:
    """A folder and a home in which commands run."""

    folder: Path

    def __call__(self, *arguments: str | Path) -> Said:
        """Run `discovery` with these arguments."""
        done = subprocess.run(
            [PROGRAM, *map(str, arguments)],
            cwd=self.folder,
            env=os.environ | {"DISCOVERY_HOME": str(self.folder / "home"), "COLUMNS": "160", "NO_COLOR": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        return Said(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A shell in an empty folder; whatever server it leaves is stopped and forgotten."""
    from discovery_pipeline.store.postgres.server import EmbeddedServer

    opened = Shell(tmp_path_factory.mktemp("journey"))
    yield opened
    server = EmbeddedServer(opened.folder / "home")
    server.stop()
    server.forget()


@pytest.fixture(scope="session")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    """Makes a sample estate of so many servers; the folder of its files."""
    made: dict[int, Path] = {}

    def of(servers: int) -> Path:
        if servers not in made:
            made[servers] = tmp_path_factory.mktemp(f"estate{servers}")
            script = ROOT / "examples" / "estate.py"
            subprocess.run(
                [sys.executable, script, "--out", made[servers], "--servers", str(servers), "--seed", "7"],
                check=True,
                capture_output=True,
            )
        return made[servers]

    return of
