"""The worker processes: how they start, what they ignore, and when they exit."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from gr_toolkit.engine.worker import worker_pool

PARENT = """
import os, time
from gr_toolkit.engine.worker import worker_pool
if __name__ == "__main__":
    pool = worker_pool(1)
    print(pool.submit(os.getpid).result(), flush=True)
    time.sleep(60)
"""


INHERITED: list[object] = []


def safe_path() -> bool:
    return bool(sys.flags.safe_path)


def inherited() -> list[object]:
    """The contents of INHERITED in a worker; a forked one would have the parent's."""
    return INHERITED


def interrupt_this_process() -> int:
    os.kill(os.getpid(), signal.SIGINT)
    return os.getpid()


def is_alive(process: int) -> bool:
    """Whether the process runs; a zombie does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_worker_ignores_ctrl_c_and_does_not_import_from_the_working_directory():
    with worker_pool(1) as pool:
        assert pool.submit(safe_path).result()
        assert pool.submit(interrupt_this_process).result() == pool.submit(os.getpid).result() != os.getpid()


def test_worker_is_spawned_and_inherits_no_memory():
    INHERITED.append(1)
    with worker_pool(1) as pool:
        assert pool.submit(inherited).result() == []
    INHERITED.clear()


def test_worker_exits_when_its_parent_is_killed(tmp_path, root):
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    environment = {**os.environ, "PYTHONPATH": str(root)}
    with subprocess.Popen(
        [sys.executable, str(script)], env=environment, stdout=subprocess.PIPE, text=True
    ) as parent:
        try:
            worker = int(parent.stdout.readline())
            assert is_alive(worker)
        finally:
            parent.kill()
    deadline = time.monotonic() + 60
    while is_alive(worker) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not is_alive(worker)
