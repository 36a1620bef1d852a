"""Commands whose stdout or stderr cannot be written, in real processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from files import ROOT

FULL = "gr: cannot write to stdout: No space left on device\n"
CLOSED = "gr: cannot write to stdout: it is closed\n"


def gr(folder: Path, arguments: str, unbuffered: str = "") -> tuple[int, str]:
    """Run `gr` in a shell, with the redirections in `arguments`; return its exit code and stderr."""
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m cli {arguments}"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": unbuffered},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    ("arguments", "line", "unbuffered"),
    [
        ("--version >/dev/full", FULL, ""),
        ("--version >&-", CLOSED, "1"),
        ("--help >/dev/full", FULL, "1"),
        ("status --data . >/dev/full", FULL, ""),
        ("status --data . >&-", CLOSED, ""),
    ],
)
def test_stdout_that_cannot_be_written_is_one_line(tmp_path, arguments, line, unbuffered):
    assert gr(tmp_path, arguments, unbuffered) == (1, line)


@pytest.mark.parametrize(("arguments", "unbuffered"), [("status --data .", ""), ("--version", "1")])
def test_reader_that_has_gone_ends_the_command_quietly(tmp_path, arguments, unbuffered):
    code, errors = gr(tmp_path, f"{arguments} | :; exit ${{PIPESTATUS[0]}}", unbuffered)
    assert (code, errors) == (1, "")


@pytest.mark.parametrize("redirection", ["2>/dev/full", "2>&-"])
def test_lost_stderr_changes_nothing(tmp_path, redirection):
    code, errors = gr(tmp_path, f"status --data none {redirection}")
    assert (code, errors) == (0, "")


def test_work_is_done_and_logged_although_the_summary_cannot_be_printed(tmp_path):
    (tmp_path / "gr-data").mkdir()
    assert gr(tmp_path, "crawl extract >/dev/full") == (1, FULL)
    log = (tmp_path / "gr-data" / ".state" / "gr.log").read_text()
    assert FULL.strip() in log
    assert "ended with exit code 1" in log
