"""Logs: events with keys, on standard error. Standard output belongs to what a command answers."""

from __future__ import annotations

import logging
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import TextIO, cast

import structlog


def configure(level: str) -> None:
    """Show events from this level on, as lines for a person at a terminal and as JSON lines for a collector.

    Whoever configured structlog before keeps what they chose.
    """
    if structlog.is_configured():
        return
    shown = logging.getLevelNamesMapping().get(level.upper(), logging.WARNING)
    terminal = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer() if terminal else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(shown),
        logger_factory=structlog.PrintLoggerFactory(file=cast(TextIO, _Lenient(sys.stderr))),
        cache_logger_on_first_use=False,
    )


@dataclass(frozen=True)  # structlog refers to it weakly
class _Lenient:
    """A stream for which there may be no room: what can't be written is lost, and whoever told of it goes on."""

    stream: TextIO

    def write(self, text: str) -> None:
        with suppress(OSError):
            self.stream.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            self.stream.flush()
