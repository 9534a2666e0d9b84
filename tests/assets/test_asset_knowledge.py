"""A flow matches with the user's own dictionaries as they are at that moment, and never passes over a broken one."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from discovery_pipeline.assets.mapping import taught
from discovery_pipeline.engine.mapping import knowledge
from discovery_pipeline.errors import KnowledgeError, SettingsError
from discovery_pipeline.settings import Settings


def _desk(home: Path, **given: Any) -> Any:
    return SimpleNamespace(settings=Settings(home=home, **given))


def test_what_the_home_teaches_holds_while_a_step_works_and_is_read_anew_for_each(tmp_path: Path):
    words = tmp_path / "knowledge" / "abbreviations.yaml"
    words.parent.mkdir()
    words.write_text("zqk: cost center\n")
    with taught(_desk(tmp_path)) as own:
        assert (knowledge.abbreviations()["zqk"], len(own)) == ("cost center", 1)
    words.write_text("zqk: data center\n")
    with taught(_desk(tmp_path)):
        assert knowledge.abbreviations()["zqk"] == "data center"
    assert "zqk" not in knowledge.abbreviations()


def test_a_broken_dictionary_stops_the_step_with_its_sentence(tmp_path: Path):
    (tmp_path / "knowledge").mkdir()
    (tmp_path / "knowledge" / "synonyms.yaml").write_text("owner: {}\n")
    with pytest.raises(KnowledgeError, match=r"synonyms.yaml, line 1: 'owner' needs words"), taught(_desk(tmp_path)):
        pass


def test_a_folder_that_was_named_must_be_there(tmp_path: Path):
    with pytest.raises(SettingsError, match=r"DISCOVERY_KNOWLEDGE: there is no folder"):
        taught(_desk(tmp_path, knowledge=tmp_path / "gone")).__enter__()
