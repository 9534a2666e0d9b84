"""`discovery dagster env`: Dagster's own commands on this home."""

from __future__ import annotations

import shlex

import typer

app = typer.Typer(no_args_is_help=True, help="Use Dagster's own commands on this home.")


@app.callback()
def root() -> None:
    """Use Dagster's own commands on this home."""


@app.command()
def env() -> None:
    """Start the embedded server if need be, and print the exports for `dg dev`, `dagster dev` and `dg launch`.

    Use it as `eval "$(discovery dagster env)"`. The server runs on until `discovery down`.
    """
    from discovery_pipeline.assets import instance
    from discovery_pipeline.settings import read
    from discovery_pipeline.store.blocking import open_store
    from discovery_pipeline.store.postgres.server import EmbeddedServer

    settings = read()
    with open_store(settings) as store:
        if settings.database_url is None:
            EmbeddedServer(settings.root).keep()
        home = instance.prepare(store.dagster_url, settings.root)
    print(f"export DAGSTER_HOME={shlex.quote(str(home))}")
    print(f"export DISCOVERY_HOME={shlex.quote(str(settings.root))}")
