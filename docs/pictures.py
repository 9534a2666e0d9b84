"""Pictures of the documentation: a home of its own, the sample estate, and a browser that goes through both UIs.

`make pictures` writes docs/images/*.png anew, in about five minutes. It needs Chromium.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from PIL import Image
from playwright.sync_api import Page, ViewportSize, sync_playwright

HERE = Path(__file__).parent
IMAGES = HERE / "images"
PROGRAM = Path(sys.executable).with_name("discovery")
PAGES, DAGSTER = ViewportSize(width=1280, height=860), ViewportSize(width=1500, height=900)
GRAPH = ViewportSize(width=1100, height=1300)
PATIENCE = 300_000
"""Milliseconds that a stage may take."""
COLOURS = 128
"""Of a picture's palette: flat colours take no more, and the file a third of the room."""
SHIFTED = "Estate of the north\n\nhost name,address,memory\n,,GB\n" + "".join(
    f"web{i:02},10.0.4.{i},{4 << i % 4}\n" for i in range(1, 40)
)
"""An export with a title above its header, and units below it."""


@dataclass(frozen=True, slots=True)
class Home:
    """A home that runs: its pages, its Dagster, and a link that signs in."""

    pages: str
    dagster: str
    login: str


@contextmanager
def running(folder: Path) -> Iterator[Home]:
    """`discovery up` on a new home, until the block ends."""
    environment = os.environ | {"DISCOVERY_HOME": str(folder / "home"), "NO_COLOR": "1"}
    port, dagster_port = _free(), _free()
    command = [PROGRAM, "up", "--port", str(port), "--dagster-port", str(dagster_port)]
    with (folder / "up.log").open("w") as log:
        up = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            _wait_for(f"http://127.0.0.1:{port}/health/ready", up)
            made = subprocess.run(
                [PROGRAM, "token", "create", "--json"], env=environment, capture_output=True, check=True
            )
            yield Home(
                f"http://127.0.0.1:{port}", f"http://127.0.0.1:{dagster_port}", json.loads(made.stdout)["login_url"]
            )
        finally:
            up.terminate()
            up.wait(60)


def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_for(address: str, up: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        if up.poll() is not None:
            raise SystemExit("discovery up ended: see its log.")
        with suppress(httpx.TransportError):
            if httpx.get(address, timeout=5).is_success:
                return
        time.sleep(1)
    raise SystemExit("discovery up took too long.")


def keep(page: Page, name: str, height: int | None = None) -> None:
    """Keep what the page shows, from its top, as a picture with few colours."""
    made = IMAGES / f"{name}.png"
    page.evaluate("document.querySelector('.live')?.remove()")  # what was said of the last step would cover the page
    if height:
        page.evaluate("scrollTo(0, 0)")  # what stays in view as one scrolls would cover the page
    page.screenshot(path=made, clip=_clip(page, height) if height else None, full_page=height is not None)
    with Image.open(made) as whole:
        whole.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(made, optimize=True)
    print(f"{made.name}: {made.stat().st_size / 1024:.0f} KB", flush=True)


def _clip(page: Page, height: int) -> Any:
    whole = page.evaluate("document.documentElement.scrollHeight")
    width = (page.viewport_size or PAGES)["width"]
    return {"x": 0, "y": 0, "width": width, "height": min(height, whole)}


def begin(page: Page, name: str, *files: Path) -> str:
    """A new discovery for AWS with these files, up to its suggestions; its id."""
    page.goto("/discovery?new=1")
    page.fill("input[name='name']", name)
    page.select_option("select[name='sourceSystem']", "ServiceNow")
    page.select_option("select[name='targetSystem']", "AWS")
    page.click("button:has-text('Start Discovery')")
    page.wait_for_url("**/discovery/cmdb-import/**")
    page.set_input_files("input[type='file']", list(files))
    page.click("button:has-text('Upload')")
    page.wait_for_selector(":text('Upload successful')")
    return page.url.rsplit("/", 1)[-1]


def pages_of(page: Page, folder: Path) -> str:
    """Every picture of the pages; the id of the flow that they show."""
    shifted = folder / "north.csv"
    shifted.write_text(SHIFTED)
    begin(page, "Northern estate", shifted)
    page.locator(".card.file").scroll_into_view_if_needed()
    page.evaluate("scrollTo(0, document.getElementById('read').offsetTop - 24)")
    keep(page, "header")
    flow = begin(page, "Sample estate", *sorted((folder / "sample").iterdir()))
    page.goto(f"/discovery/field-mapping/{flow}?table=servers&show=high")
    for key in ("j", "a", "j", "a", "j", "o"):
        page.keyboard.press(key)
        page.wait_for_timeout(1500)
    keep(page, "review", 1100)
    page.click("button:has-text('Accept All Suggestions')")
    page.click("button:has-text('Save Mappings')")
    page.wait_for_selector(".flow-status:has-text('Validation: completed')")
    keep(page, "cleansing", 1100)
    page.goto(f"/discovery/clusters/{flow}")
    keep(page, "clusters", 860)
    page.goto(f"/discovery/validation/{flow}")
    keep(page, "validation", 1150)
    page.locator("#causes a.tiny").first.click()
    keep(page, "group", 860)
    page.goto(f"/discovery/report/{flow}")
    keep(page, "report", 1500)
    changed(page, flow)
    return flow


def changed(page: Page, flow: str) -> None:
    """What saving a changed mapping would change."""
    page.goto(f"/discovery/field-mapping/{flow}?table=servers&q=fqdn")
    page.locator("[data-do=more]").first.click()
    page.fill("input[name='transformation']", "upper")
    page.click("button:has-text('Use this')")
    page.wait_for_timeout(1500)
    page.click("button:has-text('Save Mappings')")
    page.wait_for_selector(".affected")
    keep(page, "affected", 640)


def dagster_of(page: Page, home: Home) -> None:
    """Every picture of Dagster's UI."""
    run = _newest(home, "deliver")
    places = {
        "dagster-run": (f"/runs/{run}", "RUN_SUCCESS"),
        "dagster-check": ("/assets/validated_tables?view=checks&checkDetail=all_valid", "Latest execution"),
        "dagster-columns": ("/assets/validated_tables?view=overview", "Columns"),
        "dagster-automation": ("/automation", "upload_sensor"),
    }
    for name, (place, there) in places.items():
        page.goto(home.dagster + place)
        page.get_by_text(there).first.wait_for()
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(5000)  # what is shown moves to its place
        keep(page, name)
    lineage_of(page, home)


def lineage_of(page: Page, home: Home) -> None:
    """The graph from top to bottom, as large as there is room, so that its names can be read. It stays so."""
    page.set_viewport_size(GRAPH)
    page.goto(f"{home.dagster}/assets/target_files?view=lineage&lineageScope=upstream&lineageDepth=5")
    page.get_by_text("approved_mapping").first.wait_for()
    page.get_by_text("Hide navigation").click()
    page.get_by_label("settings").last.click()
    page.get_by_role("menuitem", name="vertical").click()
    page.wait_for_timeout(5000)  # the graph moves to its place
    for _ in range(3):
        page.get_by_label("zoom_in").click()
        page.wait_for_timeout(1000)
    keep(page, "dagster-lineage")


def _newest(home: Home, job: str) -> str:
    """The id of the newest run of a job that succeeded."""
    wanted = "query($job: String) { runsOrError(limit: 1, filter: {pipelineName: $job, statuses: [SUCCESS]})"
    wanted += " { ... on Runs { results { runId } } } }"
    asked = {"query": wanted, "variables": {"job": job}}
    answer = httpx.post(f"{home.dagster}/graphql", json=asked, timeout=60)
    return answer.json()["data"]["runsOrError"]["results"][0]["runId"]


def main() -> None:
    """Take them all."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        raise SystemExit("There is no Chromium. Install one, and try again.")
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        estate = [sys.executable, HERE.parent / "examples" / "estate.py", "--out", folder / "sample"]
        subprocess.run([*estate, "--servers", "300", "--seed", "7"], check=True, stdout=subprocess.DEVNULL)
        with running(folder) as home, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
            page = browser.new_page(base_url=home.pages, viewport=PAGES)
            page.set_default_timeout(PATIENCE)
            page.goto(home.login)
            pages_of(page, folder)
            dagster_of(browser.new_page(viewport=DAGSTER), home)
            browser.close()


if __name__ == "__main__":
    main()
