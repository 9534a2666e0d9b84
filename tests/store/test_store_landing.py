"""The landing zone: files that arrive together become one flow, once, whoever is killed in between."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from discovery_pipeline.engine.targets import Target, TargetField, TargetTable
from discovery_pipeline.flow import contracts as flow_contracts
from discovery_pipeline.store import contracts, landing, requests
from discovery_pipeline.store.blocking import Store
from discovery_pipeline.store.files.artifacts import UPLOADS
from discovery_pipeline.store.files.inbox import Inbox
from discovery_pipeline.store.landing import Landed
from discovery_pipeline.store.people import accounts

SERVERS = "id,name\n1,web\n"
PAIR = "acme/move/servicenow__aws"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A client's folder in a fresh inbox."""
    place = tmp_path / "inbox" / PAIR
    place.mkdir(parents=True)
    return place


@pytest.fixture
def inbox(folder: Path) -> Inbox:
    return Inbox(str(folder.parents[2]))


def take(store: Store, inbox: Inbox) -> list[Landed | None]:
    return [landing.take(store, inbox, arrival, store.settings.root / "scratch") for arrival in inbox.arrivals()]


def below(folder: Path) -> list[str]:
    """Files under a folder, by path."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_files_that_arrive_together_are_one_flow_with_a_run_requested(store: Store, inbox: Inbox, folder: Path):
    (folder / "servers.csv").write_text(SERVERS)
    (folder / "apps.csv").write_text(SERVERS)
    (done,) = take(store, inbox)
    assert done is not None
    assert done.flow is not None
    assert (done.accepted, done.rejected) == (2, 0)
    assert (done.flow.source_system, done.flow.target_system) == ("servicenow", "aws")
    assert below(store.artifacts.reading(done.flow, UPLOADS)) == ["apps.csv", "servers.csv"]
    assert below(folder) == [f"accepted/{done.flow.slug}/apps.csv", f"accepted/{done.flow.slug}/servers.csv"]
    (wanted,) = store.wait_for(requests.open_requests(store.flows))
    assert (wanted.slug, wanted.job) == (done.flow.slug, "discover")
    assert "acme" not in done.flow.slug


def test_files_may_go_to_a_target_that_their_engagement_wrote_itself(store: Store, inbox: Inbox, folder: Path):
    tenant = store.operate(lambda session: accounts.create_engagement(session, "acme", "move"))
    fields = (TargetField(name="id"), TargetField(name="name"))
    own = Target(name="ledger", title="Ledger", tables=(TargetTable(name="row", file="ledger.csv", fields=fields),))
    store.wait_for(contracts.keep(store.flows, tenant, own))
    mine = folder.with_name("servicenow__Ledger+aws")
    mine.mkdir()
    (mine / "servers.csv").write_text(SERVERS)
    (done,) = take(store, inbox)
    assert done is not None
    assert done.flow is not None
    assert done.flow.targets == ("ledger", "aws")
    assert flow_contracts.contract(done.flow, "ledger") == own


@pytest.mark.parametrize("wanted", ["ledger", "aws,ledger", ","])
def test_files_for_a_target_that_nobody_has_are_put_aside_with_those_there_are(
    store: Store, inbox: Inbox, folder: Path, wanted: str
):
    other = folder.with_name(f"servicenow__{wanted}")
    other.mkdir()
    (other / "servers.csv").write_text(SERVERS)
    assert take(store, inbox) == [Landed(None, 0, 1)]
    assert "There are: aws, aws-mgn" in (other / "rejected" / "servers.csv.reason.txt").read_text()


def test_an_empty_inbox_and_one_that_is_not_there_have_no_arrivals(inbox: Inbox, tmp_path: Path):
    assert inbox.arrivals() == []
    assert Inbox(str(tmp_path / "nowhere")).arrivals() == []


def test_a_later_file_is_a_flow_of_its_own_even_with_the_same_name_and_bytes(store: Store, inbox: Inbox, folder: Path):
    for _ in range(2):
        (folder / "servers.csv").write_text(SERVERS)
        (done,) = take(store, inbox)
        assert done is not None
        assert done.accepted == 1
    assert len(store.list_flows()) == 2


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("empty.csv", b"", "0 bytes"),
        ("scan.pdf", b"%PDF-1.7 ...", "PDF"),
        ("noise.csv", bytes(range(256)) * 40, ""),
    ],
)
def test_a_bad_file_is_rejected_with_its_reason_and_the_others_go_on(
    store: Store, inbox: Inbox, folder: Path, name: str, content: bytes, reason: str
):
    (folder / name).write_bytes(content)
    (folder / "servers.csv").write_text(SERVERS)
    (done,) = take(store, inbox)
    assert done is not None
    assert done.flow is not None
    assert (done.accepted, done.rejected) == (1, 1)
    assert (folder / "rejected" / name).read_bytes() == content
    assert reason in (folder / "rejected" / f"{name}.reason.txt").read_text()
    assert below(store.artifacts.reading(done.flow, UPLOADS)) == ["servers.csv"]


def test_bad_files_alone_make_no_flow(store: Store, inbox: Inbox, folder: Path):
    (folder / "empty.csv").touch()
    assert take(store, inbox) == [Landed(None, 0, 1)]
    assert store.list_flows() == []


def test_a_second_bad_file_of_a_name_does_not_hide_the_first(store: Store, inbox: Inbox, folder: Path):
    for content in (b"%PDF-1", b"%PDF-2"):
        (folder / "scan.pdf").write_bytes(content)
        take(store, inbox)
    assert {(folder / "rejected" / name).read_bytes() for name in ("scan.pdf", "scan.pdf.2")} == {b"%PDF-1", b"%PDF-2"}


@pytest.mark.parametrize("name", [".servers.csv", "servers.csv.part", "servers.csv.filepart", "servers.csv~"])
def test_a_file_under_a_working_name_is_left(store: Store, inbox: Inbox, folder: Path, name: str):
    (folder / name).write_text(SERVERS)
    take(store, inbox)
    assert below(folder) == [name]
    assert store.list_flows() == []


def test_a_file_that_is_written_to_after_it_was_listed_is_left(store: Store, inbox: Inbox, folder: Path):
    (folder / "servers.csv").write_text("id,na")
    (listed,) = inbox.arrivals()
    (folder / "servers.csv").write_text(SERVERS)
    assert landing.take(store, inbox, listed, store.settings.root / "scratch") is None
    assert below(folder) == ["servers.csv"]


@pytest.mark.parametrize(
    ("folder_name", "reason"),
    [("acme/move", "<source-system>__<target-system>"), ("acme/move/servicenow__awz", "There is no target 'awz'"),
     ("acme/move/servicenow", "<source-system>__<target-system>"), (f"{PAIR}/deeper", "<source-system>__"),
     (f"{PAIR}/far/deeper/yet", "<source-system>__")],
)  # fmt: skip
def test_a_folder_that_says_nothing_rejects_what_is_in_it(
    store: Store, inbox: Inbox, folder: Path, folder_name: str, reason: str
):
    place = folder.parents[2] / folder_name
    place.mkdir(parents=True, exist_ok=True)
    (place / "servers.csv").write_text(SERVERS)
    take(store, inbox)
    assert reason in (place / "rejected" / "servers.csv.reason.txt").read_text()
    assert inbox.arrivals() == []


@pytest.mark.parametrize("name", [".~tmp~", "servers.part"])
def test_what_a_program_writes_in_a_folder_of_its_own_is_left_until_it_is_moved(
    store: Store, inbox: Inbox, folder: Path, name: str
):
    (folder / name / "more").mkdir(parents=True)
    (folder / name / "servers.csv").write_text(SERVERS)
    (folder / name / "more" / "disks.csv").write_text(SERVERS)
    assert inbox.arrivals() == []


def test_a_pipe_is_put_aside_and_holds_nothing_up(store: Store, inbox: Inbox, folder: Path):
    os.mkfifo(folder / "pipe.csv")
    (folder / "servers.csv").write_text(SERVERS)
    (done,) = take(store, inbox)
    assert done is not None
    assert (done.accepted, done.rejected) == (1, 1)
    assert "pipe" in (folder / "rejected" / "pipe.csv.reason.txt").read_text()
    assert inbox.arrivals() == []


def test_a_link_is_never_followed(store: Store, inbox: Inbox, folder: Path, tmp_path: Path):
    secret = tmp_path / "secret.csv"
    secret.write_text(SERVERS)
    (folder / "servers.csv").symlink_to(secret)
    away = tmp_path / "elsewhere" / "move" / "a__aws"
    away.mkdir(parents=True)
    (away / "other.csv").write_text(SERVERS)
    (folder.parents[2] / "linked").symlink_to(tmp_path / "elsewhere")
    take(store, inbox)
    assert store.list_flows() == []
    assert "This is a link" in (folder / "rejected" / "servers.csv.reason.txt").read_text()
    assert secret.read_text() == SERVERS
    assert (away / "other.csv").exists()


class Killed(BaseException):
    """The process's end."""


@pytest.mark.parametrize("moment", ["created", "stored", "requested", "first moved", "all moved"])
def test_killed_at_any_moment_nothing_is_lost_and_nothing_is_there_twice(
    store: Store, inbox: Inbox, folder: Path, monkeypatch: pytest.MonkeyPatch, moment: str
):
    for name in ("apps.csv", "servers.csv"):
        (folder / name).write_text(SERVERS)
    with monkeypatch.context() as dying, pytest.raises(Killed):
        _die(dying, moment)
        take(store, inbox)
    if moment in {"created", "first moved"}:
        (folder / "later.csv").write_text(SERVERS)  # it came while nobody looked, and is no part of the first flow
    take(store, inbox)
    take(store, inbox)
    flows = store.list_flows()
    stored = sorted(name for flow in flows for name in below(store.artifacts.reading(flow, UPLOADS)))
    there = ["apps.csv", *(["later.csv"] if moment in {"created", "first moved"} else []), "servers.csv"]
    assert stored == there
    assert sorted(Path(path).name for path in below(folder)) == there
    assert all(path.startswith("accepted/") for path in below(folder))
    assert len(store.wait_for(requests.open_requests(store.flows))) == len(flows)


def _die(dying: pytest.MonkeyPatch, moment: str) -> None:
    """Let `take` end like a killed process at that moment."""
    accept, moved = Inbox.accept, []

    def killed(*_: object) -> None:
        raise Killed

    def move(self: Inbox, *given: object) -> None:
        if moment == "requested" or (moment == "first moved" and moved):
            raise Killed
        accept(self, *given)  # pyright: ignore[reportArgumentType]
        moved.append(given)
        if moment == "all moved" and len(moved) == 2:
            raise Killed

    if moment == "created":
        dying.setattr(landing, "_store", killed)
    elif moment == "stored":
        dying.setattr(landing, "_requested", killed)
    else:
        dying.setattr(Inbox, "accept", move)


def test_two_at_once_take_a_folder_once(store: Store, inbox: Inbox, folder: Path):
    (folder / "servers.csv").write_text(SERVERS)
    (arrival,) = inbox.arrivals()
    with landing._alone(store, f"{inbox.url}/{arrival.folder}") as mine:
        assert mine
        assert landing.take(store, inbox, arrival, store.settings.root / "scratch") is None
    assert landing.take(store, inbox, arrival, store.settings.root / "scratch") is not None


def test_files_arrive_at_any_fsspec_url(store: Store):
    remote = Inbox("memory://zone")
    remote._files.pipe_file(f"/zone/{PAIR}/servers.csv", SERVERS.encode())
    remote._files.pipe_file(f"/zone/{PAIR}/empty.csv", b"")
    (done,) = take(store, remote)
    assert done is not None
    assert done.flow is not None
    assert (store.artifacts.reading(done.flow, UPLOADS) / "servers.csv").read_text() == SERVERS
    there = [path.removeprefix(f"/zone/{PAIR}/") for path in remote._files.find("/zone")]
    assert there == [f"accepted/{done.flow.slug}/servers.csv", "rejected/empty.csv", "rejected/empty.csv.reason.txt"]
    assert remote.arrivals() == []


def test_a_file_that_can_not_be_read_after_all_comes_back_with_the_reason(store: Store, inbox: Inbox, folder: Path):
    from discovery_pipeline.engine.intake.model import FileRead
    from discovery_pipeline.store.events.outbox import Cursor

    (folder / "servers.csv").write_text(SERVERS)
    (done,) = take(store, inbox)
    assert done is not None
    assert done.flow is not None
    refused = FileRead(file="servers.csv", status="refused", reason="No row can be read.", sha256="ab", byte_size=3)
    store.record_imports(done.flow, refused)
    cursor = landing.return_refused(store, inbox, Cursor())
    assert "No row can be read." in (folder / "rejected" / "servers.csv.reason.txt").read_text()
    assert landing.return_refused(store, inbox, cursor) == cursor
    assert landing.return_refused(store, inbox, Cursor()) == cursor  # told again, it is done already
    assert os.listdir(folder / "accepted" / done.flow.slug) == []
