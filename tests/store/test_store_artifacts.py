"""Artifacts: whole or not at all, on a folder and on an fsspec URL."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from discovery_pipeline.flow import machine
from discovery_pipeline.flow.commands import CreateFlow
from discovery_pipeline.flow.moment import Moment
from discovery_pipeline.flow.state import Flow
from discovery_pipeline.flow.tenant import ClientAccountId, EngagementId, FlowId, Tenant
from discovery_pipeline.store.files.artifacts import Artifacts

NOW = Moment("ana", datetime(2026, 3, 1, tzinfo=UTC))


def flow(account: int = 1) -> Flow:
    command = CreateFlow("Estate", f"estate-{account}", "servicenow", "aws")
    tenant = Tenant(ClientAccountId(account), EngagementId(2), "ana")
    return machine.fold(machine.create(command, FlowId(UUID(int=account)), tenant, NOW))


@pytest.fixture(params=["folder", "url"])
def artifacts(request: pytest.FixtureRequest, tmp_path: Path) -> Artifacts:
    remote = f"file://{tmp_path / 'remote'}" if request.param == "url" else None
    return Artifacts(tmp_path / "local", remote)


def write(artifacts: Artifacts, text: str, name: str = "a.txt") -> None:
    with artifacts.writing(flow(), "profile") as folder:
        (folder / "deep").mkdir()
        (folder / "deep" / name).write_text(text)


def test_what_is_written_is_read(artifacts: Artifacts):
    write(artifacts, "one")
    assert (artifacts.reading(flow(), "profile") / "deep" / "a.txt").read_text() == "one"


def test_another_machine_fetches_what_is_remote(tmp_path: Path):
    remote = f"file://{tmp_path / 'remote'}"
    write(Artifacts(tmp_path / "here", remote), "one")
    there = Artifacts(tmp_path / "there", remote)
    assert (there.reading(flow(), "profile") / "deep" / "a.txt").read_text() == "one"
    write(Artifacts(tmp_path / "here", remote), "two")
    assert (there.reading(flow(), "profile") / "deep" / "a.txt").read_text() == "two"


def test_a_new_version_replaces_every_file_of_the_former(artifacts: Artifacts):
    write(artifacts, "one", "old.txt")
    write(artifacts, "two", "new.txt")
    folder = artifacts.reading(flow(), "profile")
    assert [file.name for file in (folder / "deep").iterdir()] == ["new.txt"]
    assert len(list(folder.parent.iterdir())) == 2  # the version that counts, and what names it


def test_a_writing_that_breaks_off_leaves_the_former_version(artifacts: Artifacts):
    write(artifacts, "one")
    before = artifacts.digest(flow(), "profile")
    with pytest.raises(OSError, match="disk full"), artifacts.writing(flow(), "profile") as folder:
        (folder / "a.txt").write_text("half")
        raise OSError("disk full")
    assert artifacts.digest(flow(), "profile") == before
    assert (artifacts.reading(flow(), "profile") / "deep" / "a.txt").read_text() == "one"


def test_the_same_content_has_the_same_hash_and_other_content_another(artifacts: Artifacts):
    assert artifacts.digest(flow(), "profile") is None
    digests = []
    for text in ("one", "one", "two"):
        write(artifacts, text)
        digests.append(artifacts.digest(flow(), "profile"))
    assert digests[0] == digests[1] != digests[2]


def test_tenants_do_not_share_and_nothing_yet_is_not_found(artifacts: Artifacts):
    write(artifacts, "one")
    with pytest.raises(FileNotFoundError, match="estate-2 has no profile yet"):
        artifacts.reading(flow(2), "profile")


def test_a_stage_is_no_path(artifacts: Artifacts):
    with pytest.raises(ValueError, match="letters, digits"), artifacts.writing(flow(), "../other"):
        pass
