"""Quiet: CrewAI without telemetry, `.env` files, folders in the user's home, or a database beside ours.

What it does on import and how to stop it was looked up in 1.15.30; the pin in pyproject.toml and the tests hold it.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SILENT = {
    "CREWAI_DISABLE_TELEMETRY": "true",  # 10 s at exit without a network, and signal handlers of its own
    "CREWAI_DISABLE_TRACKING": "true",
    "CREWAI_TRACING_ENABLED": "false",
    "CREWAI_DISABLE_VERSION_CHECK": "true",
}
_loading = threading.Lock()


def loaded() -> bool:
    """Whether CrewAI is in memory, so that a crew costs no import."""
    return "crewai" in sys.modules


def installed() -> bool:
    """Whether the extra `agents` is there; looked up without importing it."""
    from importlib.util import find_spec

    return find_spec("crewai") is not None


def load() -> None:
    """Import CrewAI, quietly. About 3 s of CPU and 150 MB the first time, nothing afterwards."""
    with _loading:
        if loaded():
            return
        # CrewAI reads its switches from the environment only, some of them each time they are needed.
        os.environ.update(_SILENT)
        _keep_off_the_disk()
        with _unread_dotenv(), _kept_warnings():
            import crewai  # noqa: F401
        for name in ("crewai", "crewai_core"):
            logging.getLogger(name).setLevel(logging.CRITICAL)  # its warnings quote prompts


def _keep_off_the_disk() -> None:
    """Let its settings and its key for credentials, neither of which we use, live in memory.

    On import it makes a folder for databases and one for credentials, and looks there for what a user of its own
    commands chose: it is shown its own package, which is there, and holds nothing of that.
    """
    import crewai_core
    from crewai_core import paths, settings
    from crewai_core.token_manager import TokenManager
    from cryptography.fernet import Fernet

    folder = Path(crewai_core.__file__).parent
    paths.db_storage_path = lambda: str(folder)
    settings.get_writable_config_path = lambda: None
    TokenManager._get_secure_storage_path = staticmethod(lambda: folder)  # pyright: ignore[reportAttributeAccessIssue]
    TokenManager._get_or_create_key = lambda _: Fernet.generate_key()  # pyright: ignore[reportAttributeAccessIssue]


@contextmanager
def _unread_dotenv() -> Iterator[None]:
    """Keep a `.env` in the working folder from being read: by crewai.llm, and by the settings of chromadb."""
    from pydantic_settings.sources.providers.dotenv import DotEnvSettingsSource

    unset, read = "PYTHON_DOTENV_DISABLED" not in os.environ, DotEnvSettingsSource._read_env_files
    os.environ.setdefault("PYTHON_DOTENV_DISABLED", "1")
    DotEnvSettingsSource._read_env_files = lambda *_: {}  # pyright: ignore[reportAttributeAccessIssue]
    try:
        yield
    finally:
        DotEnvSettingsSource._read_env_files = read
        if unset:
            del os.environ["PYTHON_DOTENV_DISABLED"]


@contextmanager
def _kept_warnings() -> Iterator[None]:
    """Keep warnings as they are: crewai replaces `warnings.warn` for every library of the process."""
    warn = warnings.warn
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        warnings.warn = warn
