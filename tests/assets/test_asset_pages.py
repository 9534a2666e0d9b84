"""Dagster's pages in a real browser: what a data engineer finds there of a flow that was delivered."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from free_ports import free_port
from playwright.sync_api import Locator, Page, expect, sync_playwright

from discovery_pipeline.assets import instance as dagster_instance
from discovery_pipeline.assets.build import build
from discovery_pipeline.assets.partitions import FLOWS
from discovery_pipeline.assets.runner import place
from discovery_pipeline.flow.state import Flow
from discovery_pipeline.settings import Settings
from discovery_pipeline.store.blocking import Store, open_store
from discovery_pipeline.store.files.artifacts import UPLOADS

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking")
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
SERVERS = "sys_id,name,ip_address,os\n" + "".join(f"{i:032x},web{i:03},10.0.0.{i},Ubuntu\n" for i in range(1, 40))
COLOURS = "hue,mood\nred,good\nblue,bad\ngreen,fair\n"
"""A table that no target takes."""
PATIENCE = 180_000
"""Milliseconds until a text is there: Dagster's pages ask for much, and machines that test are busy."""

pytestmark = [
    pytest.mark.skipif(not CHROMIUM.exists(), reason="there is no Chromium"),
    pytest.mark.timeout(600),
]


@dataclass(frozen=True, slots=True)
class Delivered:
    """A flow that was delivered, its run, and where Dagster's pages are."""

    flow: Flow
    run_id: str
    field: str  # of the target, that is filled from the column servers.name
    rejected: dg.AssetCheckEvaluation  # of rows that the target doesn't take
    url: str


@pytest.fixture(scope="module")
def delivered(home_of_the_module: Settings, approving: Callable[[Store], Any]) -> Iterator[Delivered]:
    """A delivered flow, and Dagster's web server on its home."""
    home = home_of_the_module.root
    with open_store(home_of_the_module) as store, dagster_instance.opened(store.dagster_url, home) as dagster:
        flow, result = _deliver(home_of_the_module, store, dagster, approving)
    (validated,) = result.asset_materializations_for_node("validated_tables")
    traced: Any = validated.metadata["dagster/column_lineage"].value
    field = next(name for name, deps in traced.deps_by_column.items() if _columns(deps) == ["servers.name"])
    checks = {check.check_name: check for check in result.get_asset_check_evaluations()}
    with _serving(home) as at:
        yield Delivered(flow, result.run_id, field, checks["all_valid"], at)


def _deliver(
    settings: Settings, store: Store, dagster: dg.DagsterInstance, approving: Callable[[Store], Any]
) -> tuple[Flow, dg.ExecuteInProcessResult]:
    flow = store.create_flow(store.default_tenant(), "servers", "servicenow", "aws")
    with store.artifacts.writing(flow, UPLOADS) as folder:
        (folder / "servers.csv").write_text(SERVERS)
        (folder / "colours.csv").write_text(COLOURS)
    dagster.add_dynamic_partitions(FLOWS, [flow.slug])
    defs = build(settings)
    run = {"instance": dagster, "partition_key": flow.slug, "run_config": QUIET}
    defs.resolve_job_def("discover").execute_in_process(**run)
    approving(store)(flow)
    return flow, defs.resolve_job_def("deliver").execute_in_process(**run)


def _columns(deps: Sequence[dg.TableColumnDep]) -> list[str]:
    return [dep.column_name for dep in deps]


class _serving:
    """Dagster's web server on a home, for as long as the block lasts."""

    def __init__(self, home: Path) -> None:
        self._home = home

    def __enter__(self) -> str:
        port = free_port()
        code = place.definitions()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "dagster_webserver", "-h", "127.0.0.1", "-p", str(port), "-f", str(code),
             "-d", str(code.parent)],
            env=os.environ | {"DAGSTER_HOME": str(self._home / "dagster")},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        at, deadline = f"http://127.0.0.1:{port}", time.monotonic() + 500
        while not _answers(f"{at}/server_info"):
            assert self._process.poll() is None, "the web server ended"
            assert time.monotonic() < deadline, "the web server took too long to start"
            time.sleep(0.1)
        return at

    def __exit__(self, *_: object) -> None:
        os.killpg(self._process.pid, signal.SIGTERM)  # its code server, too
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


@pytest.fixture(scope="module")
def page(delivered: Delivered) -> Iterator[Page]:
    """A page of a browser, on Dagster."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        opened = browser.new_page(base_url=delivered.url, viewport={"width": 1500, "height": 900})
        opened.set_default_timeout(PATIENCE)
        yield opened
        browser.close()


def seen(page: Page, text: str | re.Pattern[str]) -> Locator:
    """The text, as soon as it is to be seen."""
    found = page.get_by_text(text).filter(visible=True).first
    expect(found).to_be_visible(timeout=PATIENCE)
    return found


def test_the_graph_shows_the_stages_of_a_job(page: Page):
    page.goto("/locations/definitions.py/jobs/deliver", wait_until="domcontentloaded")
    for stage in ("View 9 assets", "mapping", "cleansing", "validation"):
        seen(page, stage)


def test_a_run_shows_its_steps_and_what_it_made(page: Page, delivered: Delivered):
    page.goto(f"/runs/{delivered.run_id}", wait_until="domcontentloaded")
    seen(page, "Success")
    seen(page, delivered.flow.slug)
    for step in ("approved_mapping", "risk_assessment.risk_agent", "target_files"):
        seen(page, step)


def test_a_failed_check_shows_where_and_how_often(page: Page, delivered: Delivered):
    assert not delivered.rejected.passed
    cases: Any = delivered.rejected.metadata["cases"]
    page.goto("/assets/validated_tables?view=checks&checkDetail=all_valid", wait_until="domcontentloaded")
    seen(page, str(delivered.rejected.description))
    seen(page, str(cases.records[0].data["rule"]))
    assert "error" in {case.data["severity"] for case in cases.records}  # a row is rejected, and not a value left empty


def test_a_targets_field_says_which_column_it_is_made_of_and_how(page: Page, delivered: Delivered):
    page.goto("/assets/validated_tables?view=overview", wait_until="domcontentloaded")
    seen(page, delivered.field)
    seen(page, re.compile(r"^servers\.name, "))


def test_no_value_of_the_data_is_on_a_page(page: Page, delivered: Delivered):
    for path in (f"/runs/{delivered.run_id}", "/assets/validated_tables?view=events", "/assets/source_tables"):
        page.goto(path, wait_until="networkidle")
        assert not re.search(r"web0\d\d|10\.0\.0\.\d", page.content()), path
