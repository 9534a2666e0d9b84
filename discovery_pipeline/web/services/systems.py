"""Systems: where data comes from, and where it goes: targets that ship, and those that an engagement wrote itself."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime

from pydantic import BaseModel, Field

from discovery_pipeline.engine import targets
from discovery_pipeline.engine.targets import Target
from discovery_pipeline.flow import contracts as flow_contracts
from discovery_pipeline.store import contracts
from discovery_pipeline.store.contracts import KeptContract
from discovery_pipeline.store.flows import Flows
from discovery_pipeline.web.faults import InvalidRequest, Missing
from discovery_pipeline.web.services.caller import Caller

SOURCES = (
    "ServiceNow", "BMC Helix CMDB", "Device42", "iTop", "Jira Assets", "RVTools", "VMware vCenter", "Azure Migrate",
    "AWS", "Database", "Spreadsheet", "Other",
)  # fmt: skip
"""Systems offered as a source; any other name is taken, too."""
LONGEST = 1 << 20
"""Characters of a contract."""
MOST = 100
"""Contracts of an engagement."""


class SourceView(BaseModel):
    """A system that files may come from."""

    name: str = Field(description="as a flow's source_system says it", examples=["servicenow"])
    title: str = Field(examples=["ServiceNow"])


class FileView(BaseModel):
    """One file that a target takes."""

    name: str = Field(description="what a row of it is, e.g. server")
    file: str
    fields: list[str]
    required: list[str] = Field(description="fields without which a row is rejected")


class TargetView(BaseModel):
    """A system that takes files."""

    name: str = Field(description="as a flow's target_system says it", examples=["aws"])
    title: str
    own: bool = Field(description="whether this engagement wrote the contract; else it ships with the product")
    kept_by: str | None = Field(default=None, description="who kept it; null for what ships")
    kept_at: datetime | None = None
    tables: list[FileView]


class ContractView(TargetView):
    """A target with everything that its contract says."""

    contract: Target


class SystemService:
    """What flows can be begun from and to."""

    def __init__(self, flows: Flows) -> None:
        self._flows = flows

    async def targets(self, who: Caller) -> list[TargetView]:
        """Every target, those that ship first."""
        return [view(each) for each in await self._all(who)]

    async def target(self, who: Caller, name: str) -> ContractView:
        """The target of that name or title.

        Raises
        ------
        Missing
            There is none.
        """
        found = next((each for each in await self._all(who) if _target(each).called(name)), None)
        if found is None:
            raise Missing(f"There is no target {name[:120]!r}.")
        return ContractView(**view(found).model_dump(), contract=_target(found))

    async def named(self, who: Caller, said: str) -> tuple[Target, ...]:
        """The targets that these names are, with commas between, each once.

        Raises
        ------
        TargetError
            There is no such target, or none is named; says which there are.
        """
        own = await contracts.kept(self._flows, who.tenant)
        return flow_contracts.named(said, (each.target for each in own))

    async def strays(self, who: Caller, names: Iterable[str]) -> list[str]:
        """Those of these names that no target has."""
        known = [_target(each) for each in await self._all(who)]
        return [name for name in names if not any(target.called(name) for target in known)]

    async def keep(self, who: Caller, name: str, text: str) -> ContractView:
        """Keep a contract of the engagement's own under that name; flows begun before keep the one they began with.

        Raises
        ------
        TargetError
            The text is no contract; says what is wrong with it.
        InvalidRequest
            It is another target's, or one that ships has its name.
        """
        who.must_be("reviewer")
        target = await _read(text, name)
        if target.name != name:
            raise InvalidRequest(f"The contract is of target {target.name!r}, and the address says {name!r}.")
        return await self._keep(who, target)

    async def take(self, who: Caller, filename: str, text: str) -> ContractView:
        """Keep the contract that a file holds, under the name that it says. Refuses as `keep` does."""
        who.must_be("reviewer")
        return await self._keep(who, await _read(text, filename))

    async def remove(self, who: Caller, name: str) -> None:
        """Forget a contract of the engagement's own.

        Raises
        ------
        Missing
            There is none of that name; what ships stays.
        """
        who.must_be("reviewer")
        if not await contracts.remove(self._flows, who.tenant, name):
            raise Missing(f"This engagement keeps no contract {name[:120]!r}.")

    async def _keep(self, who: Caller, target: Target) -> ContractView:
        if any(shipped.called(said) for shipped in _shipped() for said in (target.name, target.title)):
            raise InvalidRequest(
                f"A target {target.name!r} ({target.title}) ships with the product: call yours otherwise."
            )
        known = await contracts.kept(self._flows, who.tenant)
        if len(known) >= MOST and all(each.target.name != target.name for each in known):
            raise InvalidRequest(f"An engagement keeps at most {MOST} contracts. Remove one first.")
        made = await contracts.keep(self._flows, who.tenant, target)
        return ContractView(**view(made).model_dump(), contract=made.target)

    async def _all(self, who: Caller) -> list[Target | KeptContract]:
        return [*_shipped(), *await contracts.kept(self._flows, who.tenant)]


async def _read(text: str, where: str) -> Target:
    if len(text) > LONGEST:
        raise InvalidRequest(f"A contract has at most {LONGEST:,} characters.")
    return await asyncio.to_thread(targets.parsed, text, where)


def sources() -> list[SourceView]:
    """Systems that are offered as a source."""
    return [SourceView(name=title.lower(), title=title) for title in SOURCES]


def view(known: Target | KeptContract) -> TargetView:
    """A target without its contract's details."""
    target = _target(known)
    own = known if isinstance(known, KeptContract) else None
    return TargetView(
        name=target.name,
        title=target.title,
        own=own is not None,
        kept_by=own.kept_by if own else None,
        kept_at=own.kept_at if own else None,
        tables=[
            FileView(
                name=table.name,
                file=table.file,
                fields=[field.name for field in table.fields],
                required=[field.name for field in table.fields if field.required],
            )
            for table in target.tables
        ],
    )


def _target(known: Target | KeptContract) -> Target:
    return known.target if isinstance(known, KeptContract) else known


def _shipped() -> tuple[Target, ...]:
    return tuple(targets.load(name) for name in targets.names())
