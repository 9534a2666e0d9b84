"""Ports for servers that a test starts as processes of their own."""

import random
import socket

OURS = range(20_000, 32_000)
"""Neither where the product looks for one, nor where the system takes those of callers: both are used side by side."""


def free_port() -> int:
    """A port on which nobody listens."""
    while True:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port := random.SystemRandom().choice(OURS)))
            except OSError:
                continue
            return port
