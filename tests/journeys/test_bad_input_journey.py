"""Bad input ends with one clear sentence and the right exit code, and harms nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .conftest import Shell

SERVERS = "sys_id,name,ip_address,mac_address,os\n" + "".join(
    f"{i:032x},web{i:03},10.0.0.{i},00:50:56:00:00:{i:02x},Ubuntu Linux\n" for i in range(1, 60)
)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("scan.pdf", b"%PDF-1.4\n%\xe2\xe3\n1 0 obj\n", "PDF"),
        ("scan.csv", b"%PDF-1.4\n%\xe2\xe3\n1 0 obj\n", "PDF"),
        ("empty.csv", b"", "empty"),
        ("header.csv", b"name,ip,os\n", "no rows"),
    ],
)
def test_a_file_that_is_no_data_is_refused(shell: Shell, name: str, content: bytes, sentence: str):
    (shell.folder / name).write_bytes(content)
    said = shell("run", name, "--target", "aws", "--out", "refused")
    assert said.code == 1
    assert said.err.startswith("Error: ")
    assert name in said.err
    assert sentence in said.err
    assert "Traceback" not in said.err + said.out
    assert not (shell.folder / "refused").exists()


def test_a_missing_path_and_an_unknown_target_are_said_at_once(shell: Shell):
    missing = shell("run", "nowhere.csv", "--target", "aws", "--out", "refused")
    assert (missing.code, missing.out) == (1, "")
    assert "nowhere.csv" in missing.err
    (shell.folder / "ok.csv").write_text(SERVERS)
    unknown = shell("run", "ok.csv", "--target", "awz", "--out", "refused")
    assert unknown.code == 1
    assert "'aws'" in unknown.err


def test_what_is_no_file_is_not_opened(shell: Shell):
    os.mkfifo(shell.folder / "pipe.csv")
    (shell.folder / "zeros.csv").symlink_to("/dev/zero")
    (shell.folder / "lost.csv").symlink_to("nowhere.csv")
    said = shell("run", "pipe.csv", "zeros.csv", "lost.csv", "--target", "aws", "--out", "refused")
    assert said.code == 1
    for name, why in {"pipe.csv": "pipe", "zeros.csv": "device", "lost.csv": "link"}.items():
        assert any(name in line and why in line for line in said.err.splitlines()), said.err


def test_one_bad_file_does_not_stop_the_others(shell: Shell):
    (shell.folder / "servers.csv").write_text(SERVERS)
    (shell.folder / "scan.pdf").write_bytes(b"%PDF-1.4\n")
    said = shell("run", "servers.csv", "scan.pdf", "nowhere.csv", "--target", "aws", "--out", "partly")
    assert said.code == 2, said.err + said.out
    assert "scan.pdf" in said.err
    assert "nowhere.csv" in said.err
    assert len((shell.folder / "partly" / "aws.csv").read_text().splitlines()) == 60


def test_a_folder_of_someone_elses_is_left_alone(shell: Shell):
    (shell.folder / "theirs").mkdir()
    (shell.folder / "theirs" / "thesis.txt").write_text("years of work")
    (shell.folder / "ok.csv").write_text(SERVERS)
    said = shell("run", "ok.csv", "--target", "aws", "--out", "theirs")
    assert said.code == 1
    assert "theirs" in said.err
    assert [f.name for f in Path(shell.folder / "theirs").iterdir()] == ["thesis.txt"]


def test_what_identifies_nothing_waits_for_a_review(shell: Shell):
    rows = "".join(f"{i * 7 % 100},{'abc'[i % 3]}\n" for i in range(50))
    (shell.folder / "grades.csv").write_text("points,grade\n" + rows)
    said = shell("run", "grades.csv", "--target", "aws", "--out", "waits")
    assert said.code == 3, said.err + said.out
    assert "review is waiting" in said.out
    assert not (shell.folder / "waits").exists()
