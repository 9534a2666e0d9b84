"""The how-to about quality rules says what is true."""

from __future__ import annotations

import re
from pathlib import Path

from discovery_pipeline.engine.validation.demands import Demand, read

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "ask-more-of-the-data.md"


def test_the_example_is_a_file_of_rules(tmp_path: Path):
    example = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[0]
    (tmp_path / "rules.yaml").write_text(example, encoding="utf-8")
    assert len(read(tmp_path / "rules.yaml")) == 6


def test_every_key_is_told():
    page = PAGE.read_text(encoding="utf-8")
    assert [key for key in Demand.model_fields if f"`{key}`" not in page and f"{key}:" not in page] == []
