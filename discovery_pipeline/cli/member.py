"""`discovery member`: who may do what in which engagement."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from discovery_pipeline.cli.token import Role

if TYPE_CHECKING:
    from discovery_pipeline.flow.tenant import Tenant
    from discovery_pipeline.store.blocking import Store

member = typer.Typer(no_args_is_help=True, help="Let people into an engagement, and out of it.")

Login = Annotated[str, typer.Argument(help="The login of the member, such as an e-mail address.", metavar="LOGIN")]
Account = Annotated[int | None, typer.Option(help="Client account; default: the first start's.")]
Engagement = Annotated[int | None, typer.Option(help="Engagement; default: the account's first.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@member.command()
def add(
    login: Login,
    account: Account = None,
    engagement: Engagement = None,
    role: Annotated[Role, typer.Option(help="A viewer reads, a reviewer maps, an admin manages.")] = Role.REVIEWER,
    as_json: AsJson = False,
) -> None:
    """Let somebody in, or give them another role. They come by the issuer's login, or by the link that is printed."""
    from discovery_pipeline import settings
    from discovery_pipeline.cli.links import login_link
    from discovery_pipeline.store.blocking import open_store
    from discovery_pipeline.store.people import accounts

    if not login.isprintable() or not 0 < len(login.strip()) <= 200:
        raise typer.BadParameter("a login is a line of at most 200 characters", param_hint="LOGIN")
    with open_store(settings.read()) as store:
        tenant = _tenant(store, account, engagement)
        store.operate(lambda session: accounts.enrol(session, tenant, login.strip(), role.value))
        link = login_link(store, login.strip())
    told = {
        "login": login.strip(),
        "role": role.value,
        "client_account_id": tenant.client_account_id,
        "engagement_id": tenant.engagement_id,
        "login_url": link,
    }
    if as_json:
        print(json.dumps(told, indent=2))
        return
    place = f"account {tenant.client_account_id}, engagement {tenant.engagement_id}"
    print(f"{told['login']} is a {role.value} in {place}.")
    if link:
        print(f"To log in to the pages, once and soon: {link}")


@member.command()
def remove(login: Login, account: Account = None, engagement: Engagement = None) -> None:
    """Take somebody out. Their tokens and sessions end there at once; what they did stays."""
    from discovery_pipeline import settings
    from discovery_pipeline.store.blocking import open_store
    from discovery_pipeline.store.people import members

    with open_store(settings.read()) as store:
        tenant = _tenant(store, account, engagement)
        dismissed = store.operate(lambda session: members.dismiss(session, tenant, login))
    place = f"account {tenant.client_account_id}, engagement {tenant.engagement_id}"
    print(f"{login} is no member of {place} any more." if dismissed else f"{login} is no member of {place}.")
    raise typer.Exit(0 if dismissed else 1)


@member.command("list")
def list_members(as_json: AsJson = False) -> None:
    """List every member of every engagement, with their roles."""
    from discovery_pipeline import settings
    from discovery_pipeline.store.blocking import open_store
    from discovery_pipeline.store.people import members

    with open_store(settings.read()) as store:
        found = store.operate(members.members)
    if as_json:
        told = [
            {"login": one.login, "role": one.role, **asdict(one.place), "since": one.since.isoformat()} for one in found
        ]
        print(json.dumps(told, indent=2, ensure_ascii=False))
        return
    rows = [
        (one.login, one.role, f"{one.place.client_account} ({one.place.client_account_id})",
         f"{one.place.engagement} ({one.place.engagement_id})", f"{one.since:%Y-%m-%d}")
        for one in found
    ]  # fmt: skip
    _show(("login", "role", "account", "engagement", "since"), rows)


@member.command()
def history(as_json: AsJson = False) -> None:
    """Show who was let in, given another role or taken out, when and by whom; oldest first."""
    from discovery_pipeline import settings
    from discovery_pipeline.store.blocking import open_store
    from discovery_pipeline.store.people import members

    with open_store(settings.read()) as store:
        found = store.operate(members.history)
    if as_json:
        print(json.dumps([{**asdict(one), "changed_at": one.changed_at.isoformat()} for one in found], indent=2))
        return
    rows = [
        (f"{one.changed_at:%Y-%m-%d %H:%M}", one.login, f"{one.former_role or '–'} → {one.role or '–'}",
         str(one.client_account_id), str(one.engagement_id), one.changed_by)
        for one in found
    ]  # fmt: skip
    _show(("when", "login", "role", "account", "engagement", "by"), rows)


def _tenant(store: Store, account: int | None, engagement: int | None) -> Tenant:
    if account is not None:
        return store.tenant(account, engagement)
    if engagement is not None:
        raise typer.BadParameter("--engagement needs --account")
    return store.default_tenant()


def _show(names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.table import Column, Table

    login = names.index("login")
    widest = max((len(row[login]) for row in rows), default=0)  # to be copied
    columns = [
        Column(name, no_wrap=n == login, min_width=widest if n == login else None) for n, name in enumerate(names)
    ]
    shown = Table(*columns)
    for row in rows:
        shown.add_row(*row)
    Console().print(shown)
