"""Services: which processes make up a running home, and how one sees that each is well.

One code server is shared by Dagster's web server and daemon, so that the code is loaded once. What only waits for the
database starts at once; the web server and the daemon start when the code server answers.
"""

from __future__ import annotations

import socket
import sys
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path

from discovery_pipeline.assets.runner import place
from discovery_pipeline.assets.runner.calling import STALE, ask
from discovery_pipeline.cli.supervisor import Service
from discovery_pipeline.errors import ServerError

HOST = "127.0.0.1"
PORTS = {"web": ("--port", 8000), "dagster": ("--dagster-port", 3000), "code": ("", 4266)}
"""The options that choose ports, and the first ones that are tried."""


def services(home: Path, ports: Mapping[str, int], workspace: Path) -> Iterator[Service]:
    """The processes of a home, in the order in which they start."""
    code = place.definitions()
    yield Service(
        "code-server",
        ("dagster", "api", "grpc", "--python-file", str(code), "--attribute", place.ATTRIBUTE,
         "--working-directory", str(code.parent), "--host", HOST, "--port", str(ports["code"]),
         "--location-name", place.LOCATION, "--log-level", "warning"),
        listens(ports["code"]),
    )  # fmt: skip
    if sys.platform == "linux":  # elsewhere each run starts in a process of its own, some seconds later
        yield Service(
            "runner",
            ("discovery_pipeline.assets.runner.zygote", str(home), str(code)),
            lambda: "refused" not in ask(home, {}),
            stale=STALE,
            renews=("code-server",),
        )
    yield Service(
        "web",
        ("uvicorn", "--factory", "discovery_pipeline.web.app:application",
         "--http", "discovery_pipeline.web.connections:Connection", "--host", HOST, "--port", str(ports["web"]),
         "--timeout-graceful-shutdown", "3", "--log-level", "warning"),
        answers(ports["web"], "/health/live", '"alive"'),
    )  # fmt: skip
    yield Service(
        "dagster-webserver",
        ("dagster_webserver", "--workspace", str(workspace), "--host", HOST, "--port", str(ports["dagster"])),
        answers(ports["dagster"], "/server_info", '"dagster_webserver_version":'),
        after=("code-server",),
    )
    yield Service(
        "dagster-daemon",
        ("dagster._daemon", "run", "--workspace", str(workspace), "--log-level", "warning"),
        lambda: True,
        after=("code-server",),
    )


def write_workspace(dagster_home: Path, port: int) -> Path:
    """The file that tells Dagster's web server and daemon where the code server is."""
    import yaml

    file = dagster_home / "workspace.yaml"
    server = {"host": HOST, "port": port, "location_name": place.LOCATION}
    file.write_text(yaml.safe_dump({"load_from": [{"grpc_server": server}]}))
    return file


@contextmanager
def reserved(name: str, wanted: int | None = None) -> Iterator[int]:
    """The wanted port, or the first free one; while the block lasts, no other `up` takes it.

    Raises
    ------
    ServerError
        The wanted port is taken.
    """
    option, first = PORTS[name]
    for port in range(first, first + 100) if wanted is None else [wanted]:
        with _claimed(port) as ours:
            if ours:
                yield port
                return
    if wanted is not None:
        raise ServerError(f"Port {wanted} is taken. Choose another with {option}, or leave {option} out.")
    raise ServerError(f"No port from {first} to {first + 99} is free. End what listens there.")


@contextmanager
def _claimed(port: int) -> Iterator[bool]:
    """Whether that port is free, and from now on ours.

    Who listens there is started later: until then the port looks free to whoever tries it. So its claim is the UDP port
    of the same number, which nobody wants, and which is let go with its holder.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as claim:
        yield _binds(claim, port) and _free(port)


def _free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return _binds(probe, port)


def _binds(unbound: socket.socket, port: int) -> bool:
    try:
        unbound.bind((HOST, port))
    except OSError:
        return False
    return True


def answers(port: int, path: str, saying: str) -> Callable[[], bool]:
    """Whether http://127.0.0.1:port/path answers 200, and says that: a stranger may have taken the port."""

    def well() -> bool:
        try:
            with urllib.request.urlopen(f"http://{HOST}:{port}{path}", timeout=2) as answer:
                return answer.status == 200 and saying.encode() in answer.read(4096)
        except (OSError, HTTPException):  # the latter: it speaks another language
            return False

    return well


def listens(port: int) -> Callable[[], bool]:
    """Whether something accepts connections on that port of this machine."""

    def well() -> bool:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.settimeout(1)
            return probe.connect_ex((HOST, port)) == 0

    return well
