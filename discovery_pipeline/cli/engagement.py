"""`discovery engagement`: client accounts, and the pieces of work for them."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

engagement = typer.Typer(no_args_is_help=True, help="Make and list engagements of client accounts.")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@engagement.command()
def add(
    account: Annotated[str, typer.Argument(help="Name of the client account; it is made if it is new.")],
    name: Annotated[str, typer.Argument(help="Name of the engagement.")],
    as_json: AsJson = False,
) -> None:
    """Make an engagement; an existing one of these names stays as it is. `discovery member add` lets people in."""
    from discovery_pipeline import settings
    from discovery_pipeline.store.blocking import open_store
    from discovery_pipeline.store.people import accounts

    for said in (account, name):
        if not said.isprintable() or not 0 < len(said.strip()) <= 200:
            raise typer.BadParameter("a name is a line of at most 200 characters")

    with open_store(settings.read()) as store:
        tenant = store.operate(lambda session: accounts.create_engagement(session, account.strip(), name.strip()))
    told = {"client_account_id": tenant.client_account_id, "engagement_id": tenant.engagement_id}
    if as_json:
        print(json.dumps(told, indent=2))
        return
    print(f"Account {told['client_account_id']}, engagement {told['engagement_id']}.")


@engagement.command("list")
def list_engagements(as_json: AsJson = False) -> None:
    """List every engagement of every client account, with the numbers that headers and commands take."""
    from discovery_pipeline import settings
    from discovery_pipeline.store.blocking import open_store
    from discovery_pipeline.store.people import members

    with open_store(settings.read()) as store:
        found = store.operate(members.places)
    if as_json:
        print(json.dumps([asdict(one) for one in found], indent=2, ensure_ascii=False))
        return
    from rich.console import Console
    from rich.table import Table

    shown = Table("account", "name", "engagement", "name")
    for one in found:
        shown.add_row(str(one.client_account_id), one.client_account, str(one.engagement_id), one.engagement)
    Console().print(shown)
