from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from gr_toolkit.console import hide_library_bars, progress, say
from gr_toolkit.console.bars import LIBRARY_BARS


def test_secrets_are_masked_in_messages(capsys):
    say("cannot reach http://me:planted@e.org/?token=planted")
    assert capsys.readouterr().err == "cannot reach http://***@e.org/?token=***\n"


@pytest.mark.parametrize("is_terminal", [True, False])
def test_library_bars_are_hidden_without_a_terminal_unless_the_user_says_otherwise(monkeypatch, is_terminal):
    monkeypatch.setattr("sys.stderr.isatty", lambda: is_terminal)
    for name in LIBRARY_BARS:
        monkeypatch.setenv(name, "set, so that it is restored")
        monkeypatch.delenv(name)
    monkeypatch.setenv("TQDM_DISABLE", "0")
    hide_library_bars()
    values = [os.environ.get(name) for name in LIBRARY_BARS]
    assert values == (["0", None, None] if is_terminal else ["0", "1", "1"])


BARS = """
from gr_toolkit.console import hide_library_bars
hide_library_bars()
import tqdm, tqdm.auto, huggingface_hub.utils
for bar in (tqdm.tqdm, tqdm.auto.tqdm, huggingface_hub.utils.tqdm):
    assert list(bar(range(3))) == [0, 1, 2]
assert huggingface_hub.utils.are_progress_bars_disabled()  # transformers asks this
"""


def test_bars_of_libraries_print_nothing_to_a_log():
    shown = {name: value for name, value in os.environ.items() if name not in LIBRARY_BARS}
    done = subprocess.run([sys.executable, "-c", BARS], env=shown, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_progress_line_shows_speed_and_detail(capsys, monkeypatch):
    monkeypatch.setattr("gr_toolkit.console.bars.LOG_EVERY_SECONDS", 0)
    with progress("crawl", None, lambda: "1.5 MB; 200 3") as advance:
        advance(3)
    assert re.fullmatch(r"crawl: 3, [\d.]+/s; 1\.5 MB; 200 3\n", capsys.readouterr().err)


def test_progress_without_a_terminal_is_log_lines(monkeypatch, capsys):
    monkeypatch.setattr("gr_toolkit.console.bars.LOG_EVERY_SECONDS", 0.0)
    with progress("fetch", None) as advance:
        advance(2)
        advance(1)
    with progress("nothing", 0) as advance:
        advance(0)
    printed = capsys.readouterr()
    assert printed.err.splitlines() == ["fetch: 2", "fetch: 3"]
    assert printed.out == ""


def test_progress_is_a_bar_on_a_terminal(monkeypatch, capsys):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with progress("fetch", 3) as advance:
        advance(3)
    printed = capsys.readouterr()
    assert "fetch" in printed.err
    assert "3/3" in printed.err
    assert printed.out == ""
