"""An audit of agents' requests, in memory."""

from typing import Any


class Rows(list[dict[str, Any]]):
    """Its rows."""

    def record(self, entry: dict[str, Any]) -> None:
        """Keep one more."""
        self.append(entry)
