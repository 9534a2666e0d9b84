"""The embedded server: made once, shared, stopped by the last to leave, and none the worse for being killed."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy.engine import make_url

from discovery_pipeline.flow.state import Phase
from discovery_pipeline.settings import Settings
from discovery_pipeline.store.blocking import open_store
from discovery_pipeline.store.postgres.databases import Databases, Role
from discovery_pipeline.store.postgres.placement import SOCKET_NAME, SOCKET_PATH_BYTES
from discovery_pipeline.store.postgres.server import EmbeddedServer


def connected(server: EmbeddedServer) -> psycopg.Connection:
    return psycopg.connect(f"host={server.sockets} user=postgres dbname=postgres", autocommit=True)


def postmaster(server: EmbeddedServer) -> psutil.Process:
    assert server.placement is not None
    return psutil.Process(int((server.placement.data / "postmaster.pid").read_text().splitlines()[0]))


def killed(server: EmbeddedServer) -> None:
    process = postmaster(server)
    process.send_signal(signal.SIGKILL)
    process.wait(240)


def test_the_last_to_leave_stops_it_and_the_data_stays(home: Path):
    first, second = EmbeddedServer(home), EmbeddedServer(home)
    first.start()
    second.start()
    with connected(first) as connection:
        connection.execute("create table kept as select 1 as n")
    first.leave()
    assert second.running()
    second.leave()
    assert not second.running()
    first.start()
    with connected(first) as connection:
        assert connection.execute("select n from kept").fetchall() == [(1,)]
    first.leave()


def test_a_server_that_is_kept_stays_until_it_is_stopped(home: Path):
    server = EmbeddedServer(home)
    server.start()
    server.keep()
    server.leave()
    assert server.running()
    assert server.stop()
    assert not server.running()
    assert not server.stop()


def test_of_a_start_that_is_broken_off_no_server_stays(home: Path, monkeypatch: pytest.MonkeyPatch):
    launch = EmbeddedServer._launch

    def broken_off(self: EmbeddedServer, lock: int) -> None:
        launch(self, lock)
        raise KeyboardInterrupt

    monkeypatch.setattr(EmbeddedServer, "_launch", broken_off)
    server = EmbeddedServer(home)
    with pytest.raises(KeyboardInterrupt):
        server.start()
    assert not server.running()


def test_what_was_committed_outlives_a_kill_of_the_server(home: Path):
    server = EmbeddedServer(home)
    server.start()
    with connected(server) as connection:
        connection.execute("create table kept as select 1 as n")
        killed(server)
    assert not server.running()
    after = EmbeddedServer(home)
    after.start()
    with connected(after) as connection:
        assert connection.execute("select n from kept").fetchall() == [(1,)]
    after.leave()
    server.leave()
    assert not server.running()


def test_the_number_of_a_dead_server_may_be_somebody_elses(home: Path):
    server = EmbeddedServer(home)
    server.start()
    pid_file = server.placement.data / "postmaster.pid"  # pyright: ignore[reportOptionalMemberAccess]
    lines = pid_file.read_text().splitlines()
    killed(server)
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    server.start()
    assert server.running()
    server.leave()


def test_a_killed_user_leaves_a_server_that_the_next_one_stops(home: Path):
    program = (
        "import os, signal, sys; from pathlib import Path; "
        "from discovery_pipeline.store.postgres.server import EmbeddedServer; "
        "EmbeddedServer(Path(sys.argv[1])).start(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    ended = subprocess.run([sys.executable, "-c", program, str(home)], check=False)
    assert ended.returncode == -signal.SIGKILL
    server = EmbeddedServer(home)
    assert server.running()
    server.start()
    server.leave()
    assert not server.running()


def test_processes_that_start_at_once_share_one_server(home: Path):
    program = (
        "import sys; from pathlib import Path; from discovery_pipeline.store.postgres.server import EmbeddedServer; "
        "server = EmbeddedServer(Path(sys.argv[1])); server.start(); print(server.running(), flush=True); "
        "sys.stdin.read(); server.leave()"
    )
    line = [sys.executable, "-c", program, str(home)]
    users = [
        subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    for user in users:
        assert user.stdout is not None
        assert user.stdout.readline() == "True\n"
    for user in users:
        user.communicate(timeout=240)
        assert user.returncode == 0
    assert not EmbeddedServer(home).running()


def test_nobody_else_reaches_socket_or_data_and_no_port_is_open(home: Path):
    server = EmbeddedServer(home)
    server.start()
    assert server.placement is not None
    for folder in (server.sockets, server.placement.cluster, server.placement.data):
        assert stat.S_IMODE(folder.stat().st_mode) & 0o077 == 0
    with connected(server) as connection:
        assert connection.execute("show listen_addresses").fetchall() == [("",)]
    server.leave()


def test_parents_of_the_home_are_left_as_they_are(home: Path):
    home.parent.chmod(0o700)
    before = [(parent, parent.stat().st_mode) for parent in home.parents]
    server = EmbeddedServer(home)
    server.start()
    server.leave()
    assert [(parent, parent.stat().st_mode) for parent in home.parents] == before


def test_what_a_home_holds_is_its_owners_alone_also_in_one_that_was_open(home: Path):
    logs = home / "logs"
    logs.mkdir(parents=True)
    for folder in (home, logs):
        folder.chmod(0o755)
    (logs / "web.log").touch(mode=0o644)
    with open_store(Settings(home=home)) as store:
        assert store.query("select 1") == [(1,)]
    for folder in (home, *(each for each in home.iterdir() if each.is_dir())):
        passed = os.geteuid() == 0 and folder in {home, home / "postgres"}  # by the database's own account
        assert stat.S_IMODE(folder.stat().st_mode) & 0o077 == (0o011 if passed else 0), folder


def test_a_home_with_a_long_path_gets_a_short_socket(home: Path):
    deep = home / ("deep" * 30) / ("deeper" * 30)
    server = EmbeddedServer(deep)
    server.start()
    assert len(os.fsencode(server.sockets / SOCKET_NAME)) <= SOCKET_PATH_BYTES
    with connected(server):
        pass
    server.leave()
    server.forget()
    assert not server.sockets.exists()


def test_a_temporary_home_that_is_gone_takes_its_cluster_along(tmp_path: Path):
    gone, stays = EmbeddedServer(tmp_path / "gone"), EmbeddedServer(tmp_path / "stays")
    gone.start()
    gone.leave()
    assert gone.placement is not None
    cluster = gone.placement.cluster
    shutil.rmtree(tmp_path / "gone")
    stays.start()
    stays.leave()
    stays.forget()
    assert not cluster.exists()


def test_a_store_survives_its_server(home: Path):
    with open_store(Settings(home=home)) as store:
        flow = store.create_flow(store.default_tenant(), "estate", "servicenow", "aws")
        server = store.databases.embedded_server
        assert server is not None
        killed(server)
        assert store.start_phase(flow, Phase.DATA_IMPORT).version == flow.version + 1
        assert store.check(flow) == []
    assert not server.running()


def test_two_first_starts_at_once_make_one_home(home: Path):
    def started(_: int) -> tuple[int, int]:
        with open_store(Settings(home=home)) as store:
            tenant = store.default_tenant()
            return tenant.client_account_id, tenant.engagement_id

    with ThreadPoolExecutor(3) as several:
        assert set(several.map(started, range(3))) == {(1, 1)}


def test_an_address_of_ones_own_takes_on_each_role_and_keeps_its_options():
    there = Databases.of("postgresql://ann:p%40ss@db.example:5433/estate?sslmode=require&options=-c%20geqo%3Doff")
    assert there.text(Role.APP) == (
        "postgresql+psycopg://ann:p%40ss@db.example:5433/estate?options=-c%20geqo%3Doff%20-c%20role%3Ddiscovery_app"
        "&sslmode=require"
    )
    assert there.url(Role.ORCHESTRATOR, "dagster").database == "estate_dagster"
    assert Databases.of("postgres://ann@db/").url(Role.APP).database == "discovery"


@settings(max_examples=200)
@given(password=st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1))
def test_any_password_arrives_at_the_server_as_it_is(password: str):
    there = Databases.of(f"postgresql://ann:{quote(password, safe='')}@db.example/discovery")
    assert conninfo_to_dict(there.dsn(Role.APP))["password"] == password
    assert conninfo_to_dict(there.dsn(Role.APP))["options"] == "-c role=discovery_app"
    assert make_url(there.text(Role.ORCHESTRATOR, "dagster", driver="psycopg2")).password == password
