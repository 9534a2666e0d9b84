"""What tests of agents share: the facts of a small estate with traps in it, a vendor's server, and an audit."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import agents_vendor
import pytest
from agents_audit import Rows
from agents_estate import estate
from agents_vendor import Vendor

from discovery_pipeline.agents.gathering import Results, brief
from discovery_pipeline.engine import duck, intake, mapping, profiling, schema, targets
from discovery_pipeline.engine.mapping.known import Known
from discovery_pipeline.flow.advice import Brief
from discovery_pipeline.settings import AgentSettings


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """CrewAI warns of itself: its agents read a field that they have declared deprecated."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings(r"ignore::DeprecationWarning:crewai\..*"))


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """What the engines find of the estate."""
    place = tmp_path_factory.mktemp("estate")
    files = estate(place / "files")
    target = targets.load("aws")
    with duck.connect() as con:
        read = intake.read(con, files, place / "tables")
        profile = profiling.profile(con, read.tables, today=date(2026, 1, 1))
        analysis = schema.analyse(con, read.tables, profile)
        offered = mapping.suggest(con, read.tables, target, Known(profile=profile, analysis=analysis))
    return Results(profile, analysis, (offered,), (target,), read.findings)


@pytest.fixture(scope="session")
def told(results: Results) -> Brief:
    """What agents are told of it."""
    return brief(results)


@pytest.fixture(scope="session")
def warm() -> None:
    """CrewAI in memory, so that a test can measure time."""
    import discovery_pipeline.agents.crew.crew  # noqa: F401


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    """A vendor's server of the test's own."""
    with agents_vendor.running() as server:
        yield server


@pytest.fixture
def audit() -> Rows:
    return Rows()


@pytest.fixture
def asking(vendor: Vendor):
    """Settings that send every agent to the vendor's server; a name of a vendor and more may be given."""

    def settings(vendor_name: str = "compatible", **more: Any) -> AgentSettings:
        return AgentSettings(
            model=f"{vendor_name}/a-model",
            base_urls={vendor_name: vendor.address},
            api_keys={vendor_name: "secret-key"},
            **{"request_seconds": 60, **more},
        )

    return settings
