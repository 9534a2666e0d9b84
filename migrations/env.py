"""How migrations run: as the owner, one transaction each, on an asynchronous engine.

`discovery db upgrade` hands its connection over; `alembic` on the command line opens one from the settings.
"""

import asyncio

from alembic import context
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from discovery_pipeline.store.schema import metadata


def migrate(connection: Connection) -> None:
    """Run what is due on this connection."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        transaction_per_migration=True,
        compare_server_default=True,
        include_name=lambda name, kind, _: kind != "table" or name in metadata.tables,  # others' are theirs
    )
    with context.begin_transaction():
        context.run_migrations()


async def migrate_from_settings() -> None:
    """Open a connection to the database of the settings, and run what is due there."""
    from discovery_pipeline.settings import read
    from discovery_pipeline.store.postgres.connection import connected
    from discovery_pipeline.store.postgres.databases import Role

    with connected(read()) as databases:
        databases.create()
        engine = create_async_engine(databases.url(Role.OWNER))
        async with engine.connect() as connection:
            await connection.run_sync(migrate)
        await engine.dispose()


given = context.config.attributes.get("connection")
if given is not None:
    migrate(given)
else:
    asyncio.run(migrate_from_settings())
