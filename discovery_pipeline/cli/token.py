"""`discovery token`: keys for the API and the pages."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated

import typer

token = typer.Typer(no_args_is_help=True, help="Make and revoke API tokens.")


class Role(StrEnum):
    """What a token's user may do."""

    VIEWER = "viewer"
    REVIEWER = "reviewer"
    ADMIN = "admin"


@token.command()
def create(
    account: Annotated[int | None, typer.Option(help="Client account; default: the first start's.")] = None,
    engagement: Annotated[int | None, typer.Option(help="Engagement; default: the account's first.")] = None,
    role: Annotated[Role, typer.Option(help="A viewer reads, a reviewer maps, an admin manages.")] = Role.REVIEWER,
    days: Annotated[int | None, typer.Option(help="Days until it expires; default: never.", min=1)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Make a token. It is shown once; only its hash is kept."""
    from discovery_pipeline import settings
    from discovery_pipeline.cli.links import login_link
    from discovery_pipeline.store.blocking import open_store

    if engagement is not None and account is None:
        raise typer.BadParameter("--engagement needs --account")
    with open_store(settings.read()) as store:
        tenant = store.default_tenant() if account is None else store.tenant(account, engagement)
        made = store.create_token(tenant, role.value, days)
        link = login_link(store, made.tenant.by)
    told = {
        "token": made.token,
        "client_account_id": made.tenant.client_account_id,
        "engagement_id": made.tenant.engagement_id,
        "login_url": link,
    }
    if as_json:
        print(json.dumps(told, indent=2))
        return
    print(made.token)
    print(f"For account {told['client_account_id']}, engagement {told['engagement_id']}, as {role.value}; shown once.")
    if link:
        print(f"To log in to the pages, once and soon: {link}")


@token.command("list")
def list_tokens(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List every token of every tenant, newest first: whose, for what, whether it is valid; never the token itself."""
    from datetime import UTC, datetime

    from discovery_pipeline import settings
    from discovery_pipeline.store.blocking import open_store
    from discovery_pipeline.store.people import accounts

    with open_store(settings.read()) as store:
        found, now = store.operate(accounts.keys), datetime.now(UTC)
    told = [
        {
            "login": key.login,
            "role": key.role,
            "client_account_id": key.client_account_id,
            "engagement_id": key.engagement_id,
            "state": key.state(now),
            "created_at": key.created_at.isoformat(),
            "expires_at": key.expires_at.isoformat() if key.expires_at else None,
        }
        for key in found
    ]
    if as_json:
        print(json.dumps(told, indent=2))
        return
    from rich.console import Console
    from rich.table import Column, Table

    login = Column("login", no_wrap=True, min_width=max((len(key.login) for key in found), default=0))  # to be copied
    dates = (Column(name, no_wrap=True) for name in ("created", "expires"))
    shown = Table(login, "role", "account", "engagement", "state", *dates)
    for key in found:
        expires = f"{key.expires_at:%Y-%m-%d}" if key.expires_at else "never"
        tenant = (str(key.client_account_id), str(key.engagement_id))
        shown.add_row(key.login, key.role, *tenant, key.state(now), f"{key.created_at:%Y-%m-%d}", expires)
    Console().print(shown if told else "There are no tokens yet. `discovery token create` makes one.")


@token.command()
def revoke(
    value: Annotated[str, typer.Argument(help="The token, or its login.", metavar="TOKEN")],
) -> None:
    """Revoke a token, by itself or by its login, which `discovery token list` shows."""
    from discovery_pipeline import settings
    from discovery_pipeline.store.blocking import open_store

    with open_store(settings.read()) as store:
        revoked = store.revoke_token(value)
    print("Revoked." if revoked else "No such token is in force.")
    raise typer.Exit(0 if revoked else 1)
