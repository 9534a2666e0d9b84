"""The documentation says what there is: every command, option and setting, and no link leads nowhere."""

from __future__ import annotations

import os
import re
import shlex
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


SHOWN = [
    pytest.param(line.strip(), id=f"{page.relative_to(ROOT)}: {line.strip()}")
    for page in PAGES
    if page.name != "commands.md"
    for block in re.findall(r"```(?:console|sh|bash)\n(.*?)```", page.read_text(), re.DOTALL)
    for line in re.findall(r"(?:^|[$&|(] ?)(?:\.venv/bin/)?(discovery [^|&)\n]+)", block, re.MULTILINE)
]


@pytest.mark.parametrize("line", SHOWN)
def test_every_command_line_that_is_shown_can_be_typed(line: str):
    from typer.core import TyperGroup
    from typer.main import get_command

    from discovery_pipeline.cli.app import app

    command, words = get_command(app), shlex.split(line, comments=True)[1:]
    while isinstance(command, TyperGroup) and words and words[0] in command.commands:
        command = command.commands[words.pop(0)]
    assert not isinstance(command, TyperGroup), "there is no such command"
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    assert {word.partition("=")[0] for word in words if word.startswith("--")} <= known | {"--help"}
