"""Uploads are read beside the service: what breaks or hangs the reader breaks and hangs nothing else."""

from __future__ import annotations

import asyncio
import errno
import resource
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from discovery_pipeline.web.services import reading
from discovery_pipeline.web.services.reading import Reader


@pytest_asyncio.fixture
async def reader() -> AsyncIterator[Reader]:
    made = Reader("200MB", 1)
    yield made
    await made.close()


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "servers.csv"
    path.write_text("name,ram\nweb01,16\nweb02,32\n")
    return path


async def test_a_file_is_read_and_nothing_is_left_beside_it(reader: Reader, table: Path):
    found = await reader.read(table, table.parent / ".reading")
    assert found is not None
    assert found.files[0].tables[0].table.row_count == 2
    assert [path.name for path in table.parent.iterdir()] == ["servers.csv"]


async def test_a_reader_that_dies_is_told_and_the_next_file_is_read(reader: Reader, table: Path):
    await reader.read(table, table.parent / ".reading")
    process = await reader._small.start()
    process.kill()
    await process.wait()
    assert await reader.read(table, table.parent / ".reading") is None
    assert await reader.read(table, table.parent / ".reading") is not None


@pytest.mark.parametrize("rows", [2, 10_000])
async def test_a_reader_that_finds_no_room_says_so_and_leaves_nothing(reader: Reader, table: Path, rows: int):
    lines = (f"{number * 7919 % 10007:x}\n" for number in range(rows))
    await asyncio.to_thread(table.write_text, "name\n" + "".join(lines))
    process = await reader._small.start()
    _, most = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (10, most))
    with pytest.raises(OSError, match="No space") as refused:
        await reader.read(table, table.parent / ".reading")
    assert refused.value.errno == errno.ENOSPC
    assert [path.name for path in table.parent.iterdir()] == ["servers.csv"]
    assert await reader.read(table, table.parent / ".reading") is not None


async def test_a_reader_that_hangs_is_ended(reader: Reader, table: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reading, "PATIENCE_SECONDS", 0.0)
    assert await reader.read(table, table.parent / ".reading") is None
    monkeypatch.undo()
    assert await reader.read(table, table.parent / ".reading") is not None


async def test_a_large_file_keeps_no_small_one_waiting(reader: Reader, table: Path, monkeypatch: pytest.MonkeyPatch):
    large = table.with_name("large.csv")
    large.write_text("name,ram\n" + "web01,16\n" * 200_000)
    monkeypatch.setattr(reading, "LARGE", large.stat().st_size)
    await reader.read(table, table.parent / ".reading")
    slow = asyncio.create_task(reader.read(large, large.parent / ".reading"))
    assert await reader.read(table, table.parent / ".reading") is not None
    assert not slow.done()
    found = await slow
    assert found is not None
    assert found.files[0].tables[0].table.row_count == 200_000
