"""The documentation says what there is: every command, option and setting, and no link leads nowhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from discovery_pipeline.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])


def test_the_page_of_commands_is_the_programs_own_help():
    said = subprocess.run(
        [sys.executable, "-m", "typer", "discovery_pipeline.cli.app", "utils", "docs", "--name", "discovery",
         "--title", "Commands"],
        capture_output=True, text=True, check=True, env=os.environ | {"NO_COLOR": "1"},
    ).stdout  # fmt: skip
    assert (ROOT / "docs" / "commands.md").read_text() == said, "make docs writes it anew"


def test_every_setting_is_documented():
    page = (ROOT / "docs" / "settings.md").read_text()
    for name in Settings.model_fields:
        assert f"`DISCOVERY_{name.upper()}`" in page


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_link_leads_nowhere(page: Path):
    for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
        assert (page.parent / link).exists(), link


def test_the_commands_in_the_readme_exist():
    page = (ROOT / "docs" / "commands.md").read_text()
    said = set(re.findall(r"discovery ([a-z]+)", (ROOT / "README.md").read_text()))
    assert said
    for command in said - {"pipeline"}:
        assert f"## `discovery {command}`" in page, command
