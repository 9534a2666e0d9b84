"""Fifty thousand requests of every kind at the API: `python -m benchmarks.api_soak [--requests N] [--seed N]`.

Schemathesis makes them from the API's own description, well-formed and not, alone and in sequences, against a server
of its own on a fresh home with a delivered flow. What counts: no 5xx but a 503 that says when to come again, every
answer as documented, and every call of the description asked, by what the server itself counted.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,ignored_auth"
ROUND = 40
"""Examples a call in one round; a round is a seed."""
STREAMS = "/flow/events/"
"""Calls whose answer doesn't end: asked by hand."""
ENDING = "/(upload|layout|cancel|retry)/"
"""Calls that take a flow's results away: they go to the round's own."""
ESTATE = "name,ip_address,os,cpu_count,ram_mb,environment\n" + "".join(
    f"web{n:03},10.0.0.{n % 250},{'Ubuntu 22.04' if n % 9 else 'ubuntu'},{n % 8},{n * 512},{'prod' if n % 3 else ''}\n"
    for n in range(1, 200)
)


@contextmanager
def served(home: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """The address of a server on that home, and the headers of a reviewer."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = _environment(home)
    server = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "--factory", "discovery_pipeline.web.app:application",
         "--http", "discovery_pipeline.web.connections:Connection", "--port", str(port), "--log-level", "warning",
         "--timeout-graceful-shutdown", "2"],
        env=environment,
    )  # fmt: skip
    try:
        address = f"http://127.0.0.1:{port}"
        _wait(f"{address}/health/ready", server)
        program = Path(sys.executable).with_name("discovery")
        made = subprocess.run(
            [program, "token", "create", "--json"], env=environment, check=True, capture_output=True, text=True
        )
        told = json.loads(made.stdout)
        yield (
            address,
            {
                "Authorization": f"Bearer {told['token']}",
                "X-Client-Account-ID": str(told["client_account_id"]),
                "X-Engagement-ID": str(told["engagement_id"]),
            },
        )
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)


def _environment(home: Path) -> dict[str, str]:
    return os.environ | {"DISCOVERY_HOME": str(home), "DISCOVERY_RATE_LIMIT": "100000"}


def delivered(home: Path, folder: Path) -> str:
    """A flow that went all the way, so that calls on results find some."""
    (folder / "estate.csv").write_text(ESTATE)
    program = Path(sys.executable).with_name("discovery")
    run = [program, "run", folder / "estate.csv", "--target", "aws", "--out", folder / "out", "--name", "Delivered"]
    done = subprocess.run(run, env=_environment(home), capture_output=True, text=True, check=False)
    if done.returncode not in {0, 2}:
        raise SystemExit(done.stdout + done.stderr)
    listed = subprocess.run(
        [program, "flows", "list", "--json"], env=_environment(home), check=True, capture_output=True, text=True
    )
    return json.loads(listed.stdout)[0]["id"]


def _wait(address: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise SystemExit("the server didn't come up")


def begun(address: str, headers: dict[str, str]) -> str:
    """A flow for the calls that are about one."""
    body = json.dumps({"name": "Soak", "source_system": "servicenow", "target_system": "aws"}).encode()
    path = f"{address}/api/v1/unified-discovery/flow/initialize"
    request = urllib.request.Request(path, body, headers | {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read())["flow_id"]


def attacked(address: str, headers: dict[str, str], whole: str, seed: int, folder: Path) -> tuple[int, bool]:
    """One round; how many requests it made, and whether all were answered as they should."""
    flow = begun(address, headers)
    streamed(address, headers, flow)
    config = folder / "schemathesis.toml"
    config.write_text(f"""
[dictionaries.flows]
values = ["{whole}", "{flow}"]
[parameters]
"path.flow_id" = ["{whole}", "no-such-flow"]
"body.flow_id" = {{ dictionary = "flows", probability = 0.8 }}
[[operations]]
include-path-regex = "{ENDING}"
parameters = {{ "path.flow_id" = ["{flow}", "no-such-flow"] }}
""")
    said = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
    program = Path(sys.executable).with_name("st")
    options = [
        "--checks", CHECKS, "-n", str(ROUND), "--seed", str(seed), "--exclude-path-regex", STREAMS,
        "--generation-allow-x00", "false", "--generation-database", "none", "--request-timeout", "60",
        "--continue-on-failure", "--warnings", "off", "--no-color", "--suppress-health-check", "too_slow",
    ]  # fmt: skip
    done = subprocess.run(
        [program, "--config-file", config, "run", f"{address}/openapi.json", *said, *options],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    counted = re.search(r"(\d[\d,]*) generated", done.stdout)
    if done.returncode:
        print(done.stdout[-8000:], done.stderr[-2000:], flush=True)
    return int(counted[1].replace(",", "")) if counted else 0, done.returncode == 0


def streamed(address: str, headers: dict[str, str], flow: str) -> None:
    """The first event of a flow comes at once."""
    request = urllib.request.Request(f"{address}/api/v1/unified-discovery{STREAMS}{flow}", headers=headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        if not answer.readline().strip():
            raise SystemExit("The stream of events says nothing.")


def unasked(address: str) -> list[str]:
    """Calls of the description that the server never answered, by its own count."""
    with urllib.request.urlopen(f"{address}/openapi.json", timeout=30) as answer:
        described = json.loads(answer.read())["paths"]
    with urllib.request.urlopen(f"{address}/metrics", timeout=30) as answer:
        counted = re.findall(
            r'^discovery_http_requests_total\{method="(\w+)",route="([^"]+)"', answer.read().decode(), re.MULTILINE
        )
    asked = {(method, route.replace(":path}", "}")) for method, route in counted}
    calls = [(method.upper(), path) for path, known in described.items() for method in known]
    return [f"{method} {path}" for method, path in calls if (method, path) not in asked]


def main() -> None:
    """Attack until enough requests were made."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--requests", type=int, default=50_000)
    asked.add_argument("--seed", type=int, default=0, help="of the first round; each round adds one")
    given = asked.parse_args()
    wanted, seed = given.requests, given.seed
    made, well, began = 0, True, time.monotonic()
    with tempfile.TemporaryDirectory(prefix="soak-") as folder, served(Path(folder) / "home") as (address, headers):
        whole = delivered(Path(folder) / "home", Path(folder))
        while made < wanted:
            count, good = attacked(address, headers, whole, seed, Path(folder))
            made, seed, well = made + count, seed + 1, well and good
            print(
                f"{made:,} requests, {made / (time.monotonic() - began):.0f}/s, {'well' if well else 'NOT WELL'}",
                flush=True,
            )
            if not count:
                break
        if left := unasked(address):
            well = False
            print("never asked:", *left, sep="\n  ", flush=True)
    raise SystemExit(0 if well and made >= wanted else 1)


if __name__ == "__main__":
    main()
