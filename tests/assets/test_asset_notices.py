"""Notices at the wire: at least once, in order, with a key to tell a repetition by."""

from __future__ import annotations

import json
import socketserver
import threading
import uuid
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import dagster as dg
import pytest

from discovery_pipeline.assets import endings
from discovery_pipeline.assets.notices import Notice, NotSent, Post
from discovery_pipeline.flow.events import EventType
from discovery_pipeline.flow.state import Flow, Phase
from discovery_pipeline.settings import Settings
from discovery_pipeline.store import parts
from discovery_pipeline.store.blocking import Store

NOTICE = Notice("event:7", "review", "estate waits for review", "Look at it.", "https://discovery.example.org/7")
Tick = Callable[[str | None], dg.SensorResult]


class Receiver(HTTPServer):
    """Keeps what is posted to it, and answers as it is told to."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.answers: list[int] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook"


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server: Any = self.server
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = server.answers.pop(0) if server.answers else 204
        if answer < 300:
            server.got.append(body)
            server.keys.append(self.headers["Idempotency-Key"])
        self.send_response(answer)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def tick(
    defs: dg.Definitions, instance: dg.DagsterInstance, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> Tick:
    """Evaluate the notifier as a daemon does."""
    monkeypatch.setenv("DISCOVERY_NOTIFY_WEBHOOK", receiver.url)
    monkeypatch.setattr(endings, "SETTLED_SECONDS", 0)
    sensor = defs.resolve_sensor_def("notifier")

    def evaluate(cursor: str | None) -> dg.SensorResult:
        with dg.build_sensor_context(
            last_sensor_start_time=1.0,
            instance=instance,
            cursor=cursor,
            resources={"desk": (defs.resources or {})["desk"]},
        ) as context:
            result: Any = sensor(context)
            return result

    return evaluate


def test_nobody_is_told_until_somebody_is_named(defs: dg.Definitions, instance: dg.DagsterInstance, store: Store):
    with dg.build_sensor_context(
            last_sensor_start_time=1.0,
        instance=instance, resources={"desk": (defs.resources or {})["desk"]}
    ) as context:  # fmt: skip
        assert "DISCOVERY_NOTIFY_WEBHOOK" in str(defs.resolve_sensor_def("notifier")(context))


def test_what_waits_failed_and_was_delivered_is_told_in_order_with_the_page_to_look_at(
    tick: Tick, store: Store, flow: Flow, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("DISCOVERY_PAGES_URL", "https://discovery.example.org/")
    begin = tick(None).cursor
    assert receiver.got == []
    store.start_phase(flow, Phase.DATA_IMPORT)
    store.fail_phase(flow, Phase.DATA_IMPORT, {"error": "The file is empty."})
    store.start_phase(flow, Phase.DATA_IMPORT)
    store.complete_phase(flow, Phase.DATA_IMPORT)
    store.append_event(flow, EventType.DELIVERY_COMPLETED, {"aws": 39})
    tick(begin)
    assert [notice["kind"] for notice in receiver.got] == ["failed", "review", "delivered"]
    assert "The file is empty." in receiver.got[0]["text"]
    assert "39 rows for aws" in receiver.got[2]["text"]
    pages = ["cmdb-import", "field-mapping", "validation"]
    links = [f"https://discovery.example.org/discovery/{page}/{flow.id}" for page in pages]
    assert [notice["link"] for notice in receiver.got] == links


def test_a_notice_has_no_link_where_no_pages_are_served(tick: Tick, store: Store, flow: Flow, receiver: Receiver):
    begin = tick(None).cursor
    store.append_event(flow, EventType.DELIVERY_COMPLETED, {"aws": 1})
    tick(begin)
    assert [notice["link"] for notice in receiver.got] == [None]


def test_a_notifier_that_is_switched_on_says_nothing_of_last_year(
    tick: Tick, store: Store, flow: Flow, receiver: Receiver
):
    store.append_event(flow, EventType.DELIVERY_COMPLETED, {"aws": 1})
    after = tick(None).cursor
    tick(after)
    assert receiver.got == []


def test_what_can_not_be_sent_is_sent_later_and_a_repetition_has_the_same_key(
    tick: Tick, store: Store, flow: Flow, receiver: Receiver
):
    begin = tick(None).cursor
    for rows in (1, 2, 3):
        store.append_event(flow, EventType.DELIVERY_COMPLETED, {"aws": rows})
    receiver.answers = [204, 503]
    stopped = tick(begin)
    assert "the next one waits" in str(stopped.skip_reason)
    assert len(receiver.got) == 1
    tick(stopped.cursor)
    assert [notice["text"] for notice in receiver.got] == [
        "Delivered: 1 row for aws.",
        "Delivered: 2 rows for aws.",
        "Delivered: 3 rows for aws.",
    ]
    tick(begin)  # as after a crash before the cursor was kept
    assert receiver.keys[3:] == receiver.keys[:3]
    assert len(set(receiver.keys)) == 3


def test_a_receiver_that_refuses_does_not_hold_up_the_others(tick: Tick, store: Store, flow: Flow, receiver: Receiver):
    begin = tick(None).cursor
    for rows in (1, 2):
        store.append_event(flow, EventType.DELIVERY_COMPLETED, {"aws": rows})
    receiver.answers = [410]
    tick(begin)
    assert [notice["text"] for notice in receiver.got] == ["Delivered: 2 rows for aws."]


def test_drift_is_told_once(tick: Tick, store: Store, instance: dg.DagsterInstance, receiver: Receiver):
    begin = tick(None).cursor
    for changes, changed in ((0, "Nothing changed."), (4, "3 type, 1 removed")):
        told = {"changes": changes, "changed": changed}
        instance.report_runless_asset_event(
            dg.AssetMaterialization("source_profile", partition="cmdb-1", metadata=told)
        )
    with parts.begun(store.settings.root, {"dagster": 3000}):
        after = tick(begin).cursor
        tick(after)
    (notice,) = receiver.got
    assert (notice["kind"], notice["subject"]) == ("drift", "cmdb-1 has drifted")
    assert "4 changes since the last profile: 3 type, 1 removed." in notice["text"]
    assert notice["link"].startswith("http://127.0.0.1:3000/runs/")


@pytest.mark.parametrize(("tries", "told"), [("0", 1), ("1", 0)])
def test_upkeep_that_failed_is_told_unless_it_is_tried_again(
    tries: str, told: int, tick: Tick, store: Store, instance: dg.DagsterInstance, receiver: Receiver
):
    begin = tick(None).cursor
    tags = {"dagster/partition": "cmdb-1", "dagster/max_retries": tries}
    for job in ("watch_sources", "deliver", "another_projects_job"):
        run = dg.DagsterRun(job, str(uuid.uuid4()), status=dg.DagsterRunStatus.STARTED, tags=tags)
        instance.report_run_failed(instance.add_run(run), "The database is away.")
    after = tick(begin).cursor
    tick(after)
    assert [(notice["kind"], notice["subject"], notice["text"]) for notice in receiver.got] == [
        ("failed", "watch_sources failed for cmdb-1", "The database is away.")
    ][:told]


def test_a_cursor_from_before_upkeep_was_told_of_goes_on_from_now(
    tick: Tick, store: Store, flow: Flow, instance: dg.DagsterInstance, receiver: Receiver
):
    begin = json.loads(str(tick(None).cursor))
    del begin["failures"]
    run = dg.DagsterRun("maintain", str(uuid.uuid4()), status=dg.DagsterRunStatus.STARTED)
    instance.report_run_failed(instance.add_run(run))
    store.append_event(flow, EventType.DELIVERY_COMPLETED, {"aws": 1})
    tick(json.dumps(begin))
    assert [notice["kind"] for notice in receiver.got] == ["delivered"]


def test_a_webhook_that_is_away_is_not_quoted(settings: Settings):
    away = settings.model_copy(update={"notify_webhook": _secret("http://127.0.0.1:1/token-in-the-path")})
    with pytest.raises(NotSent) as fault:
        Post.of(away).send(NOTICE)
    assert "token" not in str(fault.value)


class Mailbox(socketserver.ThreadingTCPServer):
    """As much of a mail server as one letter needs."""

    daemon_threads = True

    def __init__(self) -> None:
        self.letters: list[str] = []
        super().__init__(("127.0.0.1", 0), _Session)


class _Session(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        server: Any = self.server
        self.wfile.write(b"220 here\r\n")
        while line := self.rfile.readline().strip().upper():
            if line == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                letter = b"".join(iter(self.rfile.readline, b".\r\n"))
                server.letters.append(letter.decode())
            self.wfile.write(b"221 bye\r\n" if line == b"QUIT" else b"250 ok\r\n")
            if line == b"QUIT":
                return


def test_a_notice_goes_out_by_e_mail(settings: Settings):
    with Mailbox() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        told = {
            "notify_smtp": _secret(f"smtp://127.0.0.1:{server.server_address[1]}"),
            "notify_emails": "ana@example.com, ben@example.com",
        }
        Post.of(settings.model_copy(update=told)).send(NOTICE)
        server.shutdown()
    (letter,) = server.letters
    assert "Subject: estate waits for review" in letter
    assert "https://discovery.example.org/7" in letter
    assert "To: ana@example.com, ben@example.com" in letter
    assert "Message-ID: <event.7@discovery-pipeline>" in letter
    assert "Look at it." in letter


def _secret(text: str) -> Any:
    from pydantic import SecretStr

    return SecretStr(text)
