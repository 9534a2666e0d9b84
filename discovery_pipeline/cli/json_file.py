"""What `--json FILE` writes: whole or not at all; `-` is standard output."""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack, redirect_stdout
from pathlib import Path
from typing import Any

STDOUT = Path("-")

_ASIDE = ExitStack()  # holds standard output while a program reads it, until the process ends


def write(file: Path | None, told: dict[str, Any] | str) -> None:
    """Write JSON, or what is JSON already, where it was asked for; nothing where it wasn't.

    On standard output it stands alone, so that a program can read it: what people read goes to standard error.
    """
    if file is None:
        return
    text = told if isinstance(told, str) else json.dumps(told, ensure_ascii=False, indent=2)
    if file == STDOUT:
        print(text, flush=True)
        _ASIDE.enter_context(redirect_stdout(sys.stderr))
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.part")
    try:
        draft.write_text(text + "\n", encoding="utf-8")
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
