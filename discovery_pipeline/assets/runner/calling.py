"""Calling the zygote: one question, one answer, over a socket in the home that only its owner can reach.

`{"run": id, "version": digest of the code}` asks for a worker, and is answered by `{"worker": pid}` or by
`{"refused": why}`. `{}` asks how it is.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from discovery_pipeline.assets.runner import place

PATIENCE_SECONDS = 5.0
"""How long the zygote, which does no work itself, may take to answer."""
LONGEST = 65536
STALE = 75
"""Exit code of a zygote that has loaded other code than is on disk, and wants to be started again."""


def ask(home: Path, question: Mapping[str, Any], patience: float = PATIENCE_SECONDS) -> dict[str, Any]:
    """The zygote's answer; one with `refused` where it isn't there."""
    try:
        with place.address(home) as address, socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as line:
            line.settimeout(patience)
            line.connect(address)
            line.send(json.dumps(question).encode())
            return json.loads(line.recv(LONGEST) or b'{"refused": "the warm runner hung up"}')
    except OSError as error:
        return {"refused": f"the warm runner doesn't answer ({error.strerror or error})"}
