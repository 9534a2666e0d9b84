"""Links: where a running home's pages are, and the way in."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from discovery_pipeline.store import parts
from discovery_pipeline.store.people.access import Access

if TYPE_CHECKING:
    from discovery_pipeline.store.blocking import Store


def login_link(store: Store, login: str) -> str | None:
    """A link that lets this user in once, within minutes; None where no server of pages runs on the home.

    It carries a code of its own, never a token.
    """
    up = parts.running(store.settings.root)
    if up is None or up.address is None:
        return None
    code = store.wait_for(Access(store.flows.sessions).create_code(login))
    return f"{up.address}/login?{urlencode({'code': code})}"
