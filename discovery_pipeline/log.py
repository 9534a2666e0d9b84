"""Logs: events with keys, on standard error. Standard output belongs to what a command answers."""

from __future__ import annotations

import logging
import sys

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
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
