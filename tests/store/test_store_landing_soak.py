"""The landing zone under fire: files arrive, some half-written, some bad, and whoever takes them is killed."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from discovery_pipeline.settings import Settings
from discovery_pipeline.store import landing
from discovery_pipeline.store.blocking import Store
from discovery_pipeline.store.files.artifacts import UPLOADS
from discovery_pipeline.store.files.inbox import Inbox

FOLDERS, FILES, KILLS = 12, 8, 8  # as many as a CI run has time for
HALF = ".part"
TAKER = """
import sys
from pathlib import Path
from discovery_pipeline.settings import Settings
from discovery_pipeline.store import landing
from discovery_pipeline.store.blocking import open_store
from discovery_pipeline.store.files.inbox import Inbox

inbox = Inbox(sys.argv[2])
with open_store(Settings(home=Path(sys.argv[1]))) as store:
    print("ready", flush=True)
    while True:
        for arrival in inbox.arrivals():
            landing.take(store, inbox, arrival, Path(sys.argv[1]) / "scratch")
"""


def arrive(inbox: Path, chance: random.Random) -> tuple[dict[str, bytes], set[str], set[str]]:
    """Good files by name with their content, the names of bad ones, and of those that aren't whole."""
    good: dict[str, bytes] = {}
    bad: set[str] = set()
    half: set[str] = set()
    for number in range(FOLDERS):
        folder = inbox / f"client-{number % 4}" / f"engagement-{number % 3}" / f"cmdb{number}__aws"
        folder.mkdir(parents=True)
        for part in range(FILES):
            name = f"{number}-{part}.csv"
            kind = chance.choice(["good", "good", "good", "bad", "half"])
            if kind == "good":
                good[name] = f"id,name\n{number},{part}\n".encode() * chance.randint(1, 2000)
                (folder / name).write_bytes(good[name])
            elif kind == "bad":
                bad.add(name)
                (folder / name).write_bytes(chance.choice([b"", b"%PDF-1.7", b"\x89PNG\r\n"]))
            else:
                half.add(name + HALF)
                (folder / (name + HALF)).write_bytes(b"id,na")
    return good, bad, half


@pytest.mark.parametrize("seed", [7])
def test_none_is_lost_and_none_is_there_twice(store: Store, settings: Settings, tmp_path: Path, seed: int):
    chance, place = random.Random(seed), tmp_path / "inbox"
    good, bad, half = arrive(place, chance)
    assert settings.database_url is not None
    environment = {"PATH": "/usr/bin:/bin", "DISCOVERY_DATABASE_URL": settings.database_url.get_secret_value()}
    for _ in range(KILLS):
        program = [sys.executable, "-c", TAKER, str(settings.root), str(place)]
        taker = subprocess.Popen(program, env=environment, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2])
        try:
            assert taker.stdout is not None
            taker.stdout.readline()
            time.sleep(chance.uniform(0.0, 0.6))  # a kill has no better moment than any
        finally:
            taker.send_signal(signal.SIGKILL)
            taker.communicate()
    inbox = Inbox(str(place))
    for _ in range(2):  # what a killed taker began is finished; what stood beside it is taken by the next look
        for arrival in inbox.arrivals():
            landing.take(store, inbox, arrival, tmp_path / "scratch")
    stored = [
        (file.name, file.read_bytes())
        for flow in store.list_flows()
        for file in store.artifacts.reading(flow, UPLOADS).iterdir()
    ]
    assert sorted(stored) == sorted(good.items())
    assert {path.name for path in place.rglob("rejected/*") if not path.name.endswith(".reason.txt")} == bad
    assert {path.name for path in place.rglob("rejected/*.reason.txt")} == {f"{name}.reason.txt" for name in bad}
    assert {path.name for path in place.rglob(f"*{HALF}")} == half
    assert sorted(path.name for path in place.rglob("accepted/*/*")) == sorted(good)
    asked = store.query("select flow_id, count(*) from run_requests group by flow_id")
    assert [count for _, count in asked] == [1] * len(store.list_flows())
    assert all(store.check(flow) == [] for flow in store.list_flows())
