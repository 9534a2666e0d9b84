"""Values of assets survive being written, moved and read."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel

from discovery_pipeline.engine.cleansing.model import PatchLog
from discovery_pipeline.engine.mapping.model import Mapping
from discovery_pipeline.store.files.values import decoded, encoded


def test_paths_follow_the_folder():
    written = encoded(PatchLog(path=Path("/scratch/run/patches.parquet"), count=3), Path("/scratch/run"))
    assert decoded(written, Path("/artifacts/v2")) == PatchLog(path=Path("/artifacts/v2/patches.parquet"), count=3)


def test_a_list_comes_back_as_a_list():
    values = [Mapping(target="a", fields=()), Mapping(target="b", fields=())]
    assert decoded(encoded(values, Path("/x")), Path("/x")) == values
    assert decoded(encoded([], Path("/x")), Path("/x")) == []


def test_a_value_of_an_unknown_kind_is_refused():
    class Other(BaseModel):
        pass

    with pytest.raises(TypeError, match="Other"):
        encoded(Other(), Path("/x"))


def test_a_file_outside_the_folder_is_refused():
    with pytest.raises(ValueError, match="patches"):
        encoded(PatchLog(path=Path("/elsewhere/patches.parquet"), count=0), Path("/scratch/run"))
