"""A page that reads while a run puts newer files in the place of older ones reads the newer ones."""

from __future__ import annotations

import duckdb
import pytest
from starlette.types import Message

from discovery_pipeline.web.rereading import TRIES, Rereading, rereads

pytestmark = pytest.mark.asyncio(loop_scope="session")
START: Message = {"type": "http.response.start", "status": 200, "headers": []}


class Losing:
    """An application whose files go away under it, so many times."""

    def __init__(self, times: int, error: type[Exception] = duckdb.IOException, *, late: bool = False) -> None:
        self.times, self.error, self.late, self.asked = times, error, late, 0

    async def __call__(self, scope, receive, send) -> None:
        self.asked += 1
        scope["state"]["asked"] = self.asked
        if self.late:
            await send(START)
        if self.asked <= self.times:
            raise self.error("no such file")
        await send(START)


async def told(app: Losing, method: str = "GET") -> list[Message]:
    said: list[Message] = []

    async def send(message: Message) -> None:
        said.append(message)

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    await Rereading(app)({"type": "http", "method": method, "state": {}}, receive, send)
    return said


@pytest.mark.parametrize("error", [duckdb.IOException, FileNotFoundError], ids=["query", "file"])
async def test_what_is_read_anew_is_answered_once(error):
    assert await told(Losing(TRIES - 1, error)) == [START]


async def test_files_that_stay_away_are_a_fault():
    app = Losing(TRIES)
    with pytest.raises(duckdb.IOException):
        await told(app)
    assert app.asked == TRIES


@pytest.mark.parametrize(("method", "late"), [("POST", False), ("GET", True)], ids=["changes", "said already"])
async def test_what_changes_something_or_was_said_in_part_is_never_done_again(method, late):
    app = Losing(1, late=late)
    with pytest.raises(duckdb.IOException):
        await told(app, method)
    assert app.asked == 1


async def test_a_page_whose_files_are_gone_for_a_moment_comes_all_the_same(visitor, monkeypatch):
    from discovery_pipeline.web.pages.views import flows

    shown, lost = flows.shown_flow, []

    def losing(*given):
        if not lost:
            lost.append(given)
            raise duckdb.IOException("No files found that match the pattern")
        return shown(*given)

    flow = await visitor.client.begin()
    monkeypatch.setattr("discovery_pipeline.web.pages.answering.shown_flow", losing)
    assert (await visitor.get(f"/discovery/validation/{flow}")).status_code == 200
    assert lost


@pytest.mark.parametrize(("times", "asked"), [(1, 2), (TRIES, TRIES)], ids=["for a moment", "for good"])
async def test_a_call_that_only_reads_is_made_anew_too(times: int, asked: int):
    made = []

    @rereads
    async def read() -> int:
        made.append(1)
        if len(made) <= times:
            raise duckdb.IOException("no such file")
        return len(made)

    if times < TRIES:
        assert await read() == asked
    else:
        with pytest.raises(duckdb.IOException):
            await read()
    assert len(made) == asked
