"""The lock of a table: one holder, named in the error, and released when its process exits."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gr_toolkit.errors import CannotWrite, Locked
from gr_toolkit.store.lock import hold

HOLDER = """
import sys, time
from pathlib import Path
from gr_toolkit.store.lock import hold
with hold(Path(sys.argv[1]), "table pages"):
    print("held", flush=True)
    time.sleep(60)
"""


@contextmanager
def holder(folder: Path, root: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock."""
    script = folder / "nightly.py"
    script.write_text(HOLDER)
    command = [sys.executable, str(script), str(folder / "pages.lock"), "--crontab"]
    with subprocess.Popen(
        command, env={"PYTHONPATH": str(root)}, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


def test_second_writer_gets_an_error_that_names_the_holder(tmp_path, root):
    path = tmp_path / "pages.lock"
    with holder(tmp_path, root) as process:
        with pytest.raises(Locked) as refused, hold(path, "table pages"):
            pass
        assert f"table pages is being written by `nightly.py {path} --crontab`" in str(refused.value)
        assert f"process {process.pid} on " in str(refused.value)
        assert refused.value.exit_code == 75


def test_lock_of_a_killed_holder_is_free(tmp_path, root):
    with holder(tmp_path, root) as process:
        process.kill()
        process.wait()
        with hold(tmp_path / "pages.lock", "table pages"):
            pass


def test_lock_is_free_after_use(tmp_path):
    for _ in range(2):
        with hold(tmp_path / "locks" / "pages.lock", "table pages"):
            pass


@pytest.mark.parametrize("content", [b"nonsense", b"", b"\xff", b"{}", b"[1]", b"null"])
def test_lock_file_without_a_holder_still_locks(tmp_path, content):
    path = tmp_path / "pages.lock"
    with hold(path, "table pages"):
        path.write_bytes(content)
        with pytest.raises(Locked, match="another process"), hold(path, "table pages"):
            pass


def test_holder_is_described_by_its_lock_file(tmp_path):
    path = tmp_path / "pages.lock"
    path.write_text("x" * 1000)  # longer than the description, which replaces it
    with hold(path, "table pages"):
        holder = json.loads(path.read_text())
        with pytest.raises(Locked) as refused, hold(path, "table pages"):
            pass
    assert f"(process {os.getpid()} on {holder['host']} since {holder['since']})" in str(refused.value)
    assert holder.keys() == {"pid", "host", "since", "command"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", holder["since"])


def test_folder_that_cannot_be_created_is_an_error(tmp_path):
    (tmp_path / "locks").write_text("a file")
    message = f"cannot write in {tmp_path}/locks: .*Choose another folder with --data"
    with pytest.raises(CannotWrite, match=message), hold(tmp_path / "locks" / "pages.lock", "table pages"):
        pass


def test_secrets_of_the_command_line_are_not_in_the_lock_file(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["gr", "crawl", "https://ann:planted@e.org/?api_key=planted"])
    with hold(tmp_path / "pages.lock", "table pages"):
        written = (tmp_path / "pages.lock").read_text()
    assert json.loads(written)["command"] == "gr crawl https://***@e.org/?api_key=***"
