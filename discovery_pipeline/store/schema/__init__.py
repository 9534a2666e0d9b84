"""The tables, as SQLAlchemy knows them. `alembic check` holds them to what the migrations make.

Row security, triggers, grants and functions are the migrations'; SQLAlchemy has no words for them.
"""

from discovery_pipeline.store.schema import flows, people, work
from discovery_pipeline.store.schema.base import metadata

__all__ = ["flows", "metadata", "people", "work"]
