"""Warming: libraries that stages will need, loaded while the database starts and DuckDB works.

They cost seconds of one core in a run of a few; DuckDB and the server leave Python's lock free meanwhile.
"""

from __future__ import annotations

from importlib import import_module
from threading import Thread

_NEEDED = ("pandera.pandas", "scipy.optimize", "scipy.sparse", "tokenizers", "jinja2")


def begin() -> None:
    """Start loading in the background; an import that a stage is waiting for is waited for."""
    Thread(target=_load, name="warming", daemon=True).start()


def _load() -> None:
    for module in _NEEDED:
        import_module(module)
    from discovery_pipeline.assets import charts

    charts.bars({"": 1.0}, "")
