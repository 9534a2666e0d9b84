"""Values: what stages published, decoded once and read where it lies."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from discovery_pipeline.engine.cleansing.model import PatchLog
from discovery_pipeline.store.files.artifacts import Artifacts
from discovery_pipeline.store.files.values import VALUE, encoded
from discovery_pipeline.web.services.values import Values

OWNER: Any = SimpleNamespace(client_account_id=1, engagement_id=1, slug="q3-estate")


async def test_what_a_stage_writes_again_alike_is_read_where_it_lies_now(tmp_path: Path):
    artifacts = Artifacts(tmp_path)
    values, seen = Values(artifacts), []
    for _ in range(2):
        publish(artifacts)
        found: Any = await values.of(OWNER, "patch_log", PatchLog)
        assert found.path.read_text() == "the same"
        seen.append(artifacts.digest(OWNER, "patch_log"))
    assert seen[0] == seen[1]


async def test_a_value_is_decoded_once(tmp_path: Path):
    artifacts = Artifacts(tmp_path)
    values: Any = Values(artifacts)
    assert await values.of(OWNER, "patch_log", PatchLog) is None
    publish(artifacts)
    assert await values.of(OWNER, "patch_log", PatchLog) is await values.of(OWNER, "patch_log", PatchLog)


def publish(artifacts: Artifacts) -> None:
    with artifacts.writing(OWNER, "patch_log") as folder:
        patches = folder / "patches.parquet"
        patches.write_text("the same")
        (folder / VALUE).write_text(encoded(PatchLog(path=patches, count=0), folder))
