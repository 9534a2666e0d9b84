"""Publishing: a finished folder takes the place of an older one, at once and whole.

The new folder is built beside the old and the two change names. Whatever happens on the way, `--out` is the old
delivery or the new one.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import tempfile
from pathlib import Path

from pydantic import ValidationError

from discovery_pipeline.engine.delivery.bundle import MANIFEST, signed
from discovery_pipeline.engine.delivery.model import Manifest
from discovery_pipeline.errors import SettingsError

_AT_CWD, _EXCHANGE = -100, 2


def publish(folder: Path, out: Path) -> None:
    """Make `out` a copy of a folder of results. Files in it that no delivery wrote stay.

    Raises
    ------
    SettingsError
        `out` is a file, or a folder that holds something and was not made by a delivery.
    """
    out = Path(os.path.abspath(out))
    manifest = replaceable(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as beside:
        draft = Path(beside) / out.name
        shutil.copytree(folder, draft)
        if not (draft / MANIFEST).exists():
            signed(draft)
        draft.chmod(0o755)
        if manifest is None:
            if out.exists():
                out.rmdir()  # it is empty
            draft.rename(out)
            return
        _exchange(draft, out)
        _keep_others(draft, out, manifest)


def replaceable(out: Path) -> Manifest | None:
    """The manifest of the delivery that stands in `out`; None where `out` is free.

    Raises
    ------
    SettingsError
        `out` is a file, or a folder that holds something and was not made by a delivery.
    """
    if not out.exists():
        return None
    if not out.is_dir():
        raise SettingsError(f"--out {out} is a file. Name a folder.")
    try:
        return Manifest.model_validate_json((out / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValidationError, UnicodeDecodeError):
        if any(out.iterdir()):
            raise SettingsError(
                f"--out {out} holds files that no delivery wrote, and is left as it is. Name a new folder, or empty it."
            ) from None
        return None


def _exchange(draft: Path, out: Path) -> None:
    """Let two folders change names, in one step where the system can."""
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None) if os.name == "posix" else None
    if rename and rename(_AT_CWD, os.fsencode(draft), _AT_CWD, os.fsencode(out), _EXCHANGE) == 0:
        return
    # Not on this system or file system: two steps, between which `out` is missing but nothing is lost.
    old = draft.with_name(f"{draft.name}.old")
    out.rename(old)
    try:
        draft.rename(out)
    except OSError:
        old.rename(out)
        raise
    old.rename(draft)


def _keep_others(old: Path, out: Path, manifest: Manifest) -> None:
    """Move files that someone put into the old folder to the new one."""
    ours = {f.path for f in manifest.files} | {MANIFEST}
    for file in sorted(old.rglob("*")):
        place = file.relative_to(old)
        if file.is_dir() or place.as_posix() in ours or (out / place).exists():
            continue
        (out / place).parent.mkdir(parents=True, exist_ok=True)
        file.rename(out / place)
