"""`discovery up` as a whole: one command, every part, real runs; and what becomes of it when parts are killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import psutil
import pytest

from discovery_pipeline.assets import instance, scratch
from discovery_pipeline.assets.runner import locks
from discovery_pipeline.assets.tags import MOST_RETRIES_TAG
from discovery_pipeline.flow.state import Flow, FlowStatus, Phase, PhaseStatus
from discovery_pipeline.settings import Settings
from discovery_pipeline.store import parts, requests
from discovery_pipeline.store.blocking import open_store
from discovery_pipeline.store.files.artifacts import UPLOADS
from discovery_pipeline.store.parts import Up
from discovery_pipeline.store.postgres.postmaster import Postmaster
from discovery_pipeline.store.postgres.server import EmbeddedServer

PROGRAM = Path(sys.executable).with_name("discovery")
SERVERS = "sys_id,name,ip_address,os\n" + "".join(f"{i:032x},web{i:03},10.0.0.{i},Ubuntu\n" for i in range(1, 40))
READY_SECONDS = 240
"""A quiet machine takes a tenth; tests share theirs."""
T = TypeVar("T")

pytestmark = pytest.mark.timeout(600)


def until(found: Callable[[], T], seconds: float = 500.0) -> T:
    """What is found, as soon as there is something."""
    deadline = time.monotonic() + seconds
    while not (there := found()):
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.1)
    return there


class Home:
    """A home on which `discovery` commands run."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.log = home.parent / "up.log"
        self.up: subprocess.Popen[bytes] | None = None

    def start(self) -> Up:
        """Start `discovery up`, and wait until every part is up."""
        self.begin()
        return self.ready()

    def begin(self) -> None:
        """Start `discovery up`."""
        with self.log.open("ab") as out:
            self.up = subprocess.Popen(
                [PROGRAM, "up"], env=self._environment, cwd=self.home.parent, stdout=out, stderr=subprocess.STDOUT
            )

    def remove(self) -> None:
        """End all that runs, and the database with its data."""
        self.call("down")
        if self.up is not None:
            self.up.kill()
            self.up.wait()
        server = EmbeddedServer(self.home)
        server.stop()
        server.forget()

    def ready(self) -> Up:
        """What runs, once `/health/ready` says so."""

        def found() -> Up | None:
            assert self.up is None or self.up.poll() is None, self.log.read_text()
            running = parts.running(self.home)
            return running if running and _answers(f"{running.address}/health/ready") else None

        return until(found, READY_SECONDS)

    def call(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            [PROGRAM, *arguments],
            env=self._environment,
            cwd=self.home.parent,
            capture_output=True,
            text=True,
            check=False,
        )

    def kill(self, part: str) -> parts.Process:
        """Kill a part as it can't foresee."""
        running = parts.running(self.home)
        assert running is not None
        process = running.parts[part].process
        assert process is not None
        os.kill(process.pid, signal.SIGKILL)
        return process

    def processes(self) -> list[psutil.Process]:
        """Everything that runs on the home, but the database."""
        named = str(self.home)
        return [
            each for each in psutil.process_iter() if named in " ".join(_said(each)) and "postgres" not in each.name()
        ]

    @property
    def _environment(self) -> dict[str, str]:
        return os.environ | {"DISCOVERY_HOME": str(self.home), "NO_COLOR": "1", "COLUMNS": "200"}


def _said(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


def graphql(up: Up, query: str, **variables: Any) -> Any:
    """What Dagster's UI is answered."""
    body = json.dumps({"query": query, "variables": variables}).encode()
    asked = urllib.request.Request(f"{up.dagster}/graphql", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(asked, timeout=60) as answer:
        said = json.load(answer)
    assert not said.get("errors"), said
    return said["data"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A home on which everything runs."""
    place = Home(tmp_path_factory.mktemp("up") / "home")
    place.home.mkdir()
    try:
        place.start()
        yield place
    finally:
        place.remove()


def discovered(home: Home) -> str:
    """Ask for a run on a new flow with an upload; the run's id."""
    with open_store(Settings(home=home.home)) as store:
        flow = store.create_flow(store.default_tenant(), "servers", "servicenow", "aws")
        with store.artifacts.writing(flow, UPLOADS) as folder:
            (folder / "servers.csv").write_text(SERVERS)

        async def asked() -> requests.RunRequest:
            async with store.flows.changing(flow.tenant) as states:
                return await requests.request(states, flow, "discover", "upload accepted")

        return store.wait_for(asked()).run_id


RUN = "query($id: ID!) { runOrError(runId: $id) { __typename ... on Run { status parentRunId tags { key value } } } }"


def ended(up: Up, run_id: str) -> dict[str, Any]:
    """The run as the UI sees it, once it has ended."""

    def found() -> dict[str, Any] | None:
        try:
            run = graphql(up, RUN, id=run_id)["runOrError"]
        except urllib.error.HTTPError:  # Dagster's first word on a connection that was cut
            return None
        return run if run.get("status") in {"SUCCESS", "FAILURE", "CANCELED"} else None

    return until(found)


def test_status_says_what_runs_and_where(home: Home):
    said = until(lambda: (found := home.call("status", "--json")).returncode == 0 and found)
    told = json.loads(said.stdout)
    assert set(told["parts"]) == set(parts.NAMES)
    assert all(told["parts"].values())
    assert _answers(told["links"]["dagster"])
    assert "web" in home.call("status").stdout


def test_the_doctor_finds_nothing_to_mend(home: Home):
    said = home.call("doctor", "--json")
    examined = {each["name"]: each for each in json.loads(said.stdout)}
    assert [each["mend"] for each in examined.values() if each["mend"]] == []
    assert "dispatcher" in examined["runner"]["found"]
    assert "6 parts are up" in examined["up"]["found"]


def test_a_second_up_on_the_home_is_refused(home: Home):
    refused = home.call("up")
    assert refused.returncode == 1
    assert "runs already on this home" in refused.stderr


def test_of_two_that_begin_at_once_one_gives_way(tmp_path: Path):
    with parts.alone(tmp_path) as first:
        assert first  # it is about to start, and nothing of it can be seen yet
        refused = subprocess.run(
            [PROGRAM, "up"],
            env=os.environ | {"DISCOVERY_HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
    assert refused.returncode == 1
    assert "runs already on this home, or is about to" in refused.stderr
    assert not (tmp_path / "postgres").exists()
    with parts.alone(tmp_path) as next_one:
        assert next_one


def test_down_ends_an_up_that_has_only_begun(tmp_path: Path):
    beginner = Home(tmp_path / "home")
    beginner.begin()
    try:
        until((beginner.home / "postgres").exists)
        assert "starting" in beginner.call("status").stdout
        assert "Stopped what `up` had started." in beginner.call("down").stdout
        assert beginner.up is not None
        assert beginner.up.wait(60) == 128 + signal.SIGTERM
        assert beginner.processes() == []
        assert not EmbeddedServer(beginner.home).running()
    finally:
        beginner.remove()


def test_a_taken_port_is_refused_with_its_option(home: Home, tmp_path: Path):
    running = home.ready()
    refused = subprocess.run(
        [PROGRAM, "up", "--port", str(running.ports["web"])],
        env=os.environ | {"DISCOVERY_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 1
    assert "is taken. Choose another with --port" in refused.stderr


def test_a_requested_run_is_seen_in_the_ui_and_executed_again_from_there(home: Home):
    up = home.ready()
    run_id = discovered(home)
    run = ended(up, run_id)
    assert run["status"] == "SUCCESS"
    assert "warm runner" in str(claimers(home, run_id))
    again = graphql(
        up,
        "mutation($it: ReexecutionParams!) { launchRunReexecution(reexecutionParams: $it) {"
        " __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }",
        it={"parentRunId": run_id, "strategy": "ALL_STEPS"},
    )["launchRunReexecution"]
    assert again["__typename"] == "LaunchRunSuccess", again
    repeated = ended(up, again["run"]["runId"])
    assert (repeated["status"], repeated["parentRunId"]) == ("SUCCESS", run_id)


def claimers(home: Home, run_id: str) -> list[tuple[Any, ...]]:
    with open_store(Settings(home=home.home)) as store:
        return store.query(f"select claimed_by from run_requests where run_id = '{run_id}'")


def test_a_killed_run_is_executed_once_more(home: Home):
    up = home.ready()
    run_id = discovered(home)
    worker = until(lambda: locks.worker(home.home, run_id))
    os.kill(worker, signal.SIGKILL)
    assert ended(up, run_id)["status"] == "FAILURE"
    assert ended(up, taken_up(up, run_id))["status"] == "SUCCESS"
    assert newest(home).status is FlowStatus.WAITING_FOR_REVIEW


def test_a_run_that_is_stopped_with_all_of_it_is_taken_up_and_has_still_its_retry(home: Home):
    home.ready()
    run_id = discovered(home)
    until(lambda: newest(home).phases[Phase.DATA_IMPORT].status is PhaseStatus.RUNNING)
    worker = locks.worker(home.home, run_id)
    assert worker is not None
    os.kill(worker, signal.SIGSTOP)  # or it would be done before everything else has ended
    assert home.up is not None
    home.up.terminate()
    until(lambda: told_to_end(worker))
    os.kill(worker, signal.SIGCONT)
    home.up.wait(240)
    up = home.start()
    assert ended(up, run_id)["status"] == "FAILURE"
    again = ended(up, taken_up(up, run_id))
    assert again["status"] == "SUCCESS"
    said = {tag["key"]: tag["value"] for tag in again["tags"]}
    assert int(said[MOST_RETRIES_TAG]) - int(said["dagster/retry_number"]) == instance.RETRIES
    assert newest(home).status is FlowStatus.WAITING_FOR_REVIEW


def told_to_end(process: int) -> bool:
    """Whether SIGTERM waits for a suspended process."""
    said = dict(line.split(":", 1) for line in Path(f"/proc/{process}/status").read_text().splitlines())
    return bool(int(said["ShdPnd"], 16) >> signal.SIGTERM - 1 & 1)


def taken_up(up: Up, run_id: str) -> str:
    """The id of the run that Dagster starts in place of one that ended before its time."""
    retries = 'query($id: String!) { runsOrError(filter: {tags: [{key: "dagster/parent_run_id", value: $id}]}) {'
    retries += " ... on Runs { results { runId } } } }"
    (again,) = until(lambda: graphql(up, retries, id=run_id)["runsOrError"]["results"])
    return again["runId"]


def newest(home: Home) -> Flow:
    """The flow that was made last."""
    with open_store(Settings(home=home.home)) as store:
        return store.list_flows(limit=1)[0]


@pytest.mark.parametrize("part", ["web", "runner", "dagster-daemon", "code-server"])
def test_a_part_that_is_killed_comes_back(home: Home, part: str):
    before = home.kill(part)
    until(lambda: (up := parts.running(home.home)) and up.parts[part].process not in {None, before})
    assert home.ready().parts[part].restarts == 1
    assert f"{part} ended (SIGKILL), and starts again" in home.log.read_text()


def test_a_killed_database_comes_back(home: Home):
    up = home.ready()
    postmaster = Postmaster.of((home.home / "postgres" / "cluster" / "data").resolve())
    assert postmaster is not None
    os.kill(postmaster.pid, signal.SIGKILL)
    until(lambda: "✗ postgres" in home.log.read_text())
    home.ready()
    assert ended(up, discovered(home))["status"] == "SUCCESS"


def test_what_a_killed_up_left_is_ended_by_the_next_one(home: Home):
    up = home.ready()
    assert home.up is not None
    home.up.kill()
    home.up.wait()
    assert home.call("status").returncode == 1
    left = [part.process for part in up.parts.values() if part.process]
    assert any(process.alive for process in left)
    home.start()
    assert not any(process.alive for process in left)
    assert "that a killed `up` had left" in home.log.read_text()


def test_down_ends_all_of_it(home: Home):
    home.ready()
    assert "Stopped what `up` had started." in home.call("down").stdout
    assert home.up is not None
    assert home.up.wait(240) == 0
    assert home.processes() == []
    assert [file.name for file in (home.home / "run").rglob("*") if not file.is_dir()] == ["up.lock"]
    assert scratch.sweep(home.home) == []
    assert home.call("down").stdout.strip() == "Nothing runs on this home."
