"""Whatever is sent, every answer is as the description says, and none is an error of ours."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from discovery_pipeline.settings import Settings
from discovery_pipeline.web.app import application

pytestmark = pytest.mark.asyncio(loop_scope="session")

SECONDS = 30
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,ignored_auth"


@pytest.fixture
def address(web_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Where the application is served to real clients. Nothing runs there, so waiting for it is short."""
    monkeypatch.setattr("discovery_pipeline.web.services.mappings.PATIENCE_SECONDS", 0.1)
    server = uvicorn.Server(uvicorn.Config(application(web_settings), port=0, log_level="critical"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.05)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(30)


@pytest.mark.timeout(600)
async def test_the_api_is_as_described_and_never_fails(client, address: str, tmp_path: Path):
    flow = await client.suggested()
    found = fuzz(address, client, flow, tmp_path, SECONDS)
    assert found.returncode == 0, found.stdout[-6000:] + found.stderr[-2000:]


def fuzz(address: str, client: Any, flow: str, folder: Path, seconds: int) -> subprocess.CompletedProcess[str]:
    """Schemathesis with everything it has, on a flow that is there and on others."""
    config = folder / "schemathesis.toml"
    config.write_text(f'[parameters]\n"path.flow_id" = ["{flow}", "no-such-flow"]\n')
    headers = {
        "Authorization": f"Bearer {client.token}",
        "X-Client-Account-ID": client.tenant.client_account_id,
        "X-Engagement-ID": client.tenant.engagement_id,
    }
    program = [Path(sys.executable).with_name("st"), "--config-file", config, "run", f"{address}/openapi.json"]
    said = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
    options = [
        "--checks", CHECKS, "--max-time", str(seconds), "--exclude-path-regex", "events", "--no-color", "--seed", "7",
        "--generation-allow-x00", "false", "--continue-on-failure", "--request-timeout", "60", "--warnings", "off",
        "--suppress-health-check", "all",
        "--generation-database", "none",
    ]  # fmt: skip
    return subprocess.run(
        [*map(str, program), *said, *options], capture_output=True, text=True, check=False, cwd=folder,
        timeout=seconds + 400,
    )  # fmt: skip
