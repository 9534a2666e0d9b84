"""`discovery sources`: databases that are profiled again by schedule, to see what drifts."""

from __future__ import annotations

import json
from typing import Annotated

import typer

sources = typer.Typer(no_args_is_help=True, help="Register databases that are watched for drift.")

Account = Annotated[int | None, typer.Option(help="Client account; default: the default one.")]
Engagement = Annotated[int | None, typer.Option(help="Engagement of it; default: its first.")]


@sources.command()
def add(
    name: Annotated[str, typer.Argument(help="A name for the database.", metavar="NAME")],
    url: Annotated[str, typer.Option(help="Where its address stands: env:NAME, or file:/path.")],
    source: Annotated[str, typer.Option(help="The system that it belongs to.")] = "database",
    target: Annotated[str, typer.Option(help="The target that its data go to.")] = "aws",
    table: Annotated[list[str] | None, typer.Option(help="Only this table, as schema.name; may be repeated.")] = None,
    account: Account = None,
    engagement: Engagement = None,
) -> None:
    """Register a database, or change its registration. Its address itself is never stored."""
    from discovery_pipeline import settings
    from discovery_pipeline.engine import targets
    from discovery_pipeline.store import sources as registered
    from discovery_pipeline.store.blocking import open_store

    said = registered.Registration(
        name=name,
        source_system=source,
        target_system=targets.load(target).name,
        url_reference=url,
        tables=tuple(table or ()),
    )
    with open_store(settings.read()) as store:
        tenant = store.default_tenant() if account is None else store.tenant(account, engagement)
        made = store.wait_for(registered.add(store.flows, tenant, said))
    print(f"{made.slug} is profiled again by schedule; in Dagster it is a partition of source_profile.")


@sources.command("list")
def list_sources(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List the registered databases of every tenant."""
    from discovery_pipeline import settings
    from discovery_pipeline.store import sources as registered
    from discovery_pipeline.store.blocking import open_store

    with open_store(settings.read()) as store:
        known = store.wait_for(registered.known(store.flows))
    if as_json:
        told = [{"slug": s.slug, "name": s.name, "url": s.url_reference, "tables": s.tables} for s in known]
        print(json.dumps(told, ensure_ascii=False, indent=2))
        return
    for one in known:
        print(f"{one.slug}  {one.name}  {one.url_reference}  {', '.join(one.tables) or 'all tables'}")
    if not known:
        print("No database is registered. `discovery sources add` does it.")


@sources.command()
def remove(
    name: Annotated[str, typer.Argument(help="As it was registered.", metavar="NAME")],
    account: Account = None,
    engagement: Engagement = None,
) -> None:
    """Stop watching a database; what was made of it stays."""
    from discovery_pipeline import settings
    from discovery_pipeline.store import sources as registered
    from discovery_pipeline.store.blocking import open_store

    with open_store(settings.read()) as store:
        tenant = store.default_tenant() if account is None else store.tenant(account, engagement)
        gone = store.wait_for(registered.remove(store.flows, tenant, name))
    print(f"{name} is forgotten." if gone else f"There is no database {name}.")
    raise typer.Exit(0 if gone else 1)
