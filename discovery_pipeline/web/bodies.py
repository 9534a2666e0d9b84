"""Bodies: what is sent to a call. A key that a call doesn't know is refused: a slip would else pass for a default."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Body(BaseModel):
    """A request's body, or a part of it, which holds nothing but what it names."""

    model_config = ConfigDict(extra="forbid")
