"""Pages of wide flows: how long the review, a key press on it and the cleansing page take, beside the service's floor.

Usage: python -m benchmarks.pages [--columns 200 2000] [--rows 500] [--repeat 20]

A real service, `discovery up`, and a flow for each width. What a key press takes is the decision that the review page's
script sends, and its answer: the rows that look otherwise now. The floor is GET /health/live of the same service, asked
in turn with each, so that both meet the same load. Promised: 1 s for a review of 200 columns, 100 ms for a key press.
"""

from __future__ import annotations

import argparse
import itertools
import json
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from benchmarks.warm import running, until
from discovery_pipeline.settings import Settings
from discovery_pipeline.store import parts

PAGE_MS, KEY_MS = 1000, 100
"""What is promised: for the review page of 200 columns, and for a key press."""
PROMISED = {("review page", 200): PAGE_MS, ("a key press", 200): KEY_MS, ("a key press", 2000): KEY_MS}
PATIENCE_SECONDS = 1200
API = "/api/v1"
ENDS = (("Validation", "completed"), ("Validation", "failed"), ("Cleansing", "failed"))
NAMES = (
    "hostname", "ip_address", "os", "memory_gb", "cpu_cores", "owner", "bought_at", "environment", "cost", "serial",
)  # fmt: skip
VALUES: tuple[Callable[[int], str], ...] = (
    lambda i: f"srv-{i:05}",
    lambda i: f"10.0.{i // 250}.{i % 250 + 1}",
    lambda i: ("Windows Server 2019", "Ubuntu 22.04", "RHEL 8.6")[i % 3],
    lambda i: str(8 << i % 4),
    lambda i: str(2 << i % 3),
    lambda i: ("Ann Lee", "ann lee", "Bob Ray", "n/a")[i % 4],
    lambda i: f"20{i % 24:02}-{i % 12 + 1:02}-{i % 28 + 1:02}",
    lambda i: ("prod", "Production", "test")[i % 3],
    lambda i: f"{i * 7919 % 90000 / 100:.2f}",
    lambda i: f"SN{i * 104729 % 10**8:08}",
)


@dataclass
class Visit:
    """Somebody who is logged in, and looks at one flow."""

    http: httpx.Client
    csrf: str
    flow: str
    latest: str = "0"  # the newest decision that they know
    presses: Iterator[tuple[str, str]] = field(default_factory=lambda: iter(()))

    @property
    def review(self) -> str:
        """The address of the review page."""
        return f"/discovery/field-mapping/{self.flow}"

    def look(self, path: str) -> str:
        """A page."""
        answer = self.http.get(path)
        answer.raise_for_status()
        return answer.text

    def press(self) -> None:
        """Accept or reject the next column, as a key does."""
        key, verb = next(self.presses)
        form = {"csrf_token": self.csrf, verb: key, "back": self.review, "latest": self.latest}
        answer = self.http.post(f"{self.review}/decide", data=form, headers={"X-Patch": self.latest})
        answer.raise_for_status()
        self.latest = found(r'data-latest="(\d+)"', answer.text)

    def measures(self) -> dict[str, Callable[[], object]]:
        """What is timed on a flow that waits for its review."""
        page = self.look(self.review)
        self.latest = found(r'data-latest="(\d+)"', page)
        offered = re.findall(r'name="accept" value="(\w+)"', page)
        self.presses = itertools.cycle((key, verb) for verb in ("accept", "reject") for key in offered)
        return {
            "review page": lambda: self.look(self.review),
            "found by a word": lambda: self.look(f"{self.review}?q=memory"),
            "to check, unsure first": lambda: self.look(f"{self.review}?show=unsure&sort=unsure"),
            "a key press": self.press,
        }

    def cleansing(self) -> str:
        """The cleansing page."""
        return self.look(f"/discovery/cleansing/{self.flow}")

    def ended(self) -> bool:
        """Whether the run of what was saved is over."""
        return any(f"{phase}: {end}" in self.cleansing() for phase, end in ENDS)

    def deliver(self) -> None:
        """Save the suggestions."""
        form = {"csrf_token": self.csrf, "back": self.review}
        self.http.post(f"{self.review}/accept", data={**form, "what": "all"}).raise_for_status()
        version = found(r'name="version" value="(\d+)"', self.look(self.review))
        save = {**form, "version": version, "undecided": "leave"}
        self.http.post(f"{self.review}/save", data=save).raise_for_status()


def found(pattern: str, text: str) -> str:
    """The part of a page that the pattern's group fits."""
    fits = re.search(pattern, text)
    if fits is None:
        raise SystemExit(f"the page lacks {pattern}")
    return fits[1]


def estate(columns: int, rows: int) -> str:
    """A file of so many columns, of ten kinds."""
    names = [NAMES[n] if n < len(NAMES) else f"{NAMES[n % len(NAMES)]}_{n}" for n in range(columns)]
    lines = [",".join(VALUES[n % len(NAMES)](row + n) for n in range(columns)) for row in range(rows)]
    return "\n".join([",".join(names), *lines])


def offered(service: str, token: dict[str, Any], text: str) -> str:
    """A flow of that file, which waits for its review; its id."""
    tenant = {"X-Client-Account-ID": token["client_account_id"], "X-Engagement-ID": token["engagement_id"]}
    heads = {"Authorization": f"Bearer {token['token']}"} | {name: str(number) for name, number in tenant.items()}
    with httpx.Client(base_url=service + API, headers=heads, timeout=PATIENCE_SECONDS) as api:
        new = {"name": "wide", "source_system": "ServiceNow", "target_system": "AWS"}
        flow = api.post("/unified-discovery/flow/initialize", json=new).raise_for_status().json()["flow_id"]
        api.post(f"/data-import/upload/{flow}", files={"file": ("wide.csv", text)}).raise_for_status()
        standing = f"/unified-discovery/flow/status/{flow}"
        until(lambda: api.get(standing).json()["current_phase"] != "data_import", PATIENCE_SECONDS)
    return flow


def visit(service: str, token: str, flow: str) -> Visit:
    """Log in."""
    http = httpx.Client(base_url=service, follow_redirects=True, headers={"Accept": "text/html"}, timeout=120)
    page = http.post("/login", data={"token": token, "next": f"/discovery/field-mapping/{flow}"}).raise_for_status()
    return Visit(http, found(r'name="csrf_token" value="([^"]+)"', page.text), flow)


def timed(http: httpx.Client, what: Callable[[], object], repeat: int) -> tuple[list[float], list[float]]:
    """Milliseconds of each turn, after a first one that isn't counted, and of the floor beside it."""
    took: list[float] = []
    floor: list[float] = []
    for _ in range(repeat + 1):
        for into, act in ((floor, lambda: http.get("/health/live")), (took, what)):
            began = time.perf_counter()
            act()
            into.append(1000 * (time.perf_counter() - began))
    return took[1:], floor[1:]


def lines(columns: int, measures: dict[str, Callable[[], object]], http: httpx.Client, repeat: int) -> Iterator[str]:
    """What was measured of a flow, and whether it is as promised."""
    for name, what in measures.items():
        took, floor = timed(http, what, repeat)
        middle, promised = statistics.median(took), PROMISED.get((name, columns))
        said = "" if promised is None else f"{promised:>6} ms {'held' if middle <= promised else 'missed'}"
        times = f"{middle:>7.0f} ms {max(took):>7.0f} ms {statistics.median(floor):>7.1f} ms"
        yield f"{columns:>7,}  {name:<24} {times}  {said}".rstrip()


def measured(settings: Settings, widths: Sequence[int], rows: int, repeat: int) -> Iterator[str]:
    """The table, from a service of its own."""
    program, home = str(Path(sys.executable).with_name("discovery")), settings.root
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with running([program, "up", "--port", str(port)], settings):
        until(lambda: (up := parts.running(home)) and up.ready)
        made = subprocess.run(
            [program, "token", "create", "--json"], check=True, capture_output=True, text=True,
            env={"DISCOVERY_HOME": str(home), "PATH": ""},
        )  # fmt: skip
        token, service = json.loads(made.stdout), f"http://127.0.0.1:{port}"
        yield f"columns  {f'of {repeat}':<24} {'median':>10} {'worst':>10} {'floor':>10}   promised"
        for columns in widths:
            one = visit(service, token["token"], offered(service, token, estate(columns, rows)))
            yield from lines(columns, one.measures(), one.http, repeat)
            one.deliver()
            until(one.ended, PATIENCE_SECONDS)
            yield from lines(columns, {"cleansing page": one.cleansing}, one.http, repeat)
            if "Validation: completed" not in one.cleansing():
                yield f"{columns:>7,}  its run failed: the page says so, and shows no cells"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--columns", type=int, nargs="+", default=[200, 2000])
    parser.add_argument("--rows", type=int, default=500)
    parser.add_argument("--repeat", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for line in measured(Settings(home=Path(folder) / "home"), options.columns, options.rows, options.repeat):
            print(line, flush=True)


if __name__ == "__main__":
    main()
