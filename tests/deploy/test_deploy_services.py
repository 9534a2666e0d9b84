"""The composed services as compose.yaml starts them, but for names of hosts and ports: a flow goes through them."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from free_ports import free_port

from discovery_pipeline.store.postgres.server import EmbeddedServer

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
SERVERS = b"sys_id,name,ip_address,os\n" + b"".join(
    b"%032x,web%03d,10.0.0.%d,Ubuntu\n" % (i, i, i) for i in range(1, 40)
)
PATIENCE_SECONDS = 400


class Composed:
    """The services of compose.yaml, as processes of this machine."""

    def __init__(self, place: Path, server: EmbeddedServer) -> None:
        said = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
        self.services: dict[str, dict[str, Any]] = said["services"]
        self._image = image()
        self.place, self._sockets = place, server.sockets
        self.ports = {"4266": free_port(), "3000": free_port(), "8000": free_port()}
        (place / "dagster.yaml").write_text((DEPLOY / "dagster.yaml").read_text())
        there = (DEPLOY / "workspace.yaml").read_text().replace("host: code", "host: 127.0.0.1")
        (place / "workspace.yaml").write_text(self._here(there))
        self._log = place / "services.log"

    def run(self, service: str, command: list[str] | None = None) -> str:
        """Run a command in a service, its own where none is said; what it prints."""
        done = subprocess.run(
            self._command(command or self.services[service]["command"]),
            **self._where(service), capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @contextmanager
    def running(self, service: str) -> Iterator[None]:
        """A service that is up, and healthy where it says how one sees that."""
        known = self.services[service]
        with self._log.open("ab") as out:
            process = subprocess.Popen(
                self._command(known.get("command") or self._image["CMD"]),
                **self._where(service),
                stdout=out,
                stderr=out,
            )
        try:
            if "healthcheck" in known:
                check = self._command(known["healthcheck"]["test"][1:])
                self.until(lambda: self._does(check, service))
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(120)
            finally:
                process.kill()

    def _does(self, command: list[str], service: str) -> bool:
        done = subprocess.run(command, **self._where(service), capture_output=True, check=False)
        return done.returncode == 0

    def until(self, found: Any) -> Any:
        """What is found, as soon as there is something."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (there := found()):
            assert time.monotonic() < deadline, self._log.read_text()[-4000:]
            time.sleep(0.3)
        return there

    def _command(self, said: list[str]) -> list[str]:
        return [self._here(part) for part in said]

    def _here(self, said: str) -> str:
        """With this machine's ports and files."""
        for port, ours in self.ports.items():
            said = re.sub(rf"\b{port}\b", str(ours), said)
        return said.replace("deploy/workspace.yaml", str(self.place / "workspace.yaml")).replace("0.0.0.0", "127.0.0.1")

    def _where(self, service: str) -> Mapping[str, Any]:
        own = {name: self._address(value) for name, value in self.services[service]["environment"].items()}
        places = {"/home/discovery/state": f"{self.place}/state", "/home/discovery/dagster": str(self.place)}
        state = dict(self._image["ENV"])
        for there, here in places.items():
            state = {name: value.replace(there, here) for name, value in state.items()}
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        known = {name: value for name, value in os.environ.items() if not name.startswith(("DISCOVERY_", "DAGSTER_"))}
        return {"env": known | own | state | {"PATH": path, "DISCOVERY_INBOX": str(self.place / "inbox")}, "cwd": ROOT}

    def _address(self, value: str) -> str:
        """An address of the composed PostgreSQL, as one of ours."""
        found = re.fullmatch(r"(\S+//postgres):.*@postgres:5432/(\w+)\??(.*)", value)
        if found is None:
            return value
        names = {"discovery": "composed", "dagster": "composed_dagster"}
        return f"{found[1]}@/{names[found[2]]}?host={self._sockets}" + (f"&{found[3]}" if found[3] else "")


def image() -> dict[str, Any]:
    """What the image runs by itself, and in which environment."""
    lines = (DEPLOY / "Dockerfile").read_text().replace("\\\n", "")
    command = re.search(r"^CMD (.*)$", lines, re.MULTILINE)
    environment = re.search(r"^ENV (.*)$", lines, re.MULTILINE)
    assert command and environment
    return {"CMD": json.loads(command[1]), "ENV": dict(part.split("=", 1) for part in environment[1].split())}


@pytest.fixture
def composed(tmp_path: Path, server: EmbeddedServer) -> Composed:
    for folder in ("state", "inbox"):
        (tmp_path / folder).mkdir()
    return Composed(tmp_path, server)


def asked(
    url: str, key: Mapping[str, Any], body: bytes | None = None, kind: str = "application/json"
) -> tuple[int, Any]:
    """What the API answers."""
    headers = {
        "Authorization": f"Bearer {key['token']}",
        "X-Client-Account-ID": str(key["client_account_id"]),
        "X-Engagement-ID": str(key["engagement_id"]),
        "Content-Type": kind,
    }
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


@pytest.mark.timeout(900)
def test_files_that_are_uploaded_to_the_composed_services_become_suggestions(composed: Composed):
    composed.run("prepare")
    with ExitStack() as services:
        for name in ("code", "pages", "daemon", "webserver"):
            services.enter_context(composed.running(name))
        key = json.loads(composed.run("pages", ["discovery", "token", "create", "--json"]))
        api = f"http://127.0.0.1:{composed.ports['8000']}/api/v1"
        wanted = json.dumps({"name": "servers", "source_system": "servicenow", "target_system": "aws"}).encode()
        flow = asked(f"{api}/unified-discovery/flow/initialize", key, wanted)[1]["flow_id"]
        part = b'--cut\r\nContent-Disposition: form-data; name="file"; filename="servers.csv"\r\n\r\n'
        sent = part + SERVERS + b"\r\n--cut--\r\n"
        status, said = asked(f"{api}/data-import/upload/{flow}", key, sent, "multipart/form-data; boundary=cut")
        assert status < 300, said
        offered = composed.until(
            lambda: (found := asked(f"{api}/field-mapping/preview/{flow}", key))[0] == 200 and found[1]
        )
        assert {line["source_field"] for line in offered["suggested_mappings"]} >= {"name", "ip_address"}
        assert composed.until(lambda: shown(composed.ports["3000"])) == [{"name": "discovery", "loadStatus": "LOADED"}]
    printed = composed.place.glob("state/logs/**/*.err")
    assert list(printed), "where all who share the state find it"


def shown(port: int) -> Any:
    """The code locations that Dagster's pages show; None as long as they don't answer."""
    asks = {"query": "{ workspaceOrError { ... on Workspace { locationEntries { name loadStatus } } } }"}
    body, kind = json.dumps(asks).encode(), {"Content-Type": "application/json"}
    try:
        with urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}/graphql", body, kind)) as answer:
            return json.load(answer)["data"]["workspaceOrError"]["locationEntries"]
    except OSError:
        return None
