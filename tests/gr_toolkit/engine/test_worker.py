"""The worker processes: how they start, what they ignore, when they exit, and what a killed one causes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from gr_toolkit.console import Summary
from gr_toolkit.engine import run_spread, spread
from gr_toolkit.engine.beside import run_beside
from gr_toolkit.engine.worker import worker_pool
from gr_toolkit.errors import WorkerDied
from rows import fill

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


def signal_this_process(number: int) -> int:
    os.kill(os.getpid(), number)
    return os.getpid()


def die_at_b(folder: Path, shard: str) -> list[dict[str, object]]:
    """The rows of a shard; shard `b` kills the process once shard `a` is written, while `c` is running."""
    if shard == "c":
        (folder / "c").touch()
        time.sleep(600)
    if shard == "b":
        while not ((folder / "c").exists() and list(folder.rglob("texts/a.parquet"))):
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGKILL)
    return [fill("texts", shard)]


def is_alive(process: int) -> bool:
    """Whether the process runs; a zombie does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_worker_does_not_import_from_the_working_directory():
    with worker_pool(1) as pool:
        assert pool.submit(safe_path).result()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_worker_ignores_signals_for_its_parent(number):
    with worker_pool(1) as pool:
        assert pool.submit(signal_this_process, number).result() == pool.submit(os.getpid).result()


def test_worker_ignores_signals_while_it_starts(capfd):
    with worker_pool(2) as pool:
        for _ in range(2):
            pool.submit(os.getpid)
        workers = list(pool._processes)
        assert len(workers) == 2
        for _ in range(20):  # while the workers import
            for worker in workers:
                os.kill(worker, signal.SIGINT)
                os.kill(worker, signal.SIGTERM)
            time.sleep(0.01)
        assert pool.submit(os.getpid).result() in workers
    assert capfd.readouterr().err == ""


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


@pytest.fixture
def shards(store) -> None:
    for shard in "abcd":
        store.table("pages").write(shard, [fill("pages", shard)])


def test_killed_worker_ends_the_step_and_finished_shards_are_kept(store, shards, tmp_path, capfd):
    summary = Summary("extract", table="texts")
    with pytest.raises(WorkerDied, match=r"memory.*GR_WORKERS=1"):
        run_spread(store, summary, partial(die_at_b, tmp_path), engine="local", workers=2)
    assert summary.rows == len(store.table("texts").shards()) >= 1
    assert store.table("texts").pending("pages")[:2] == ["b", "c"]
    assert capfd.readouterr().err == ""


def test_killed_worker_ends_a_spread(tmp_path):
    with pytest.raises(WorkerDied):
        list(spread(signal_this_process, [signal.SIGTERM, signal.SIGKILL], engine="local", workers=2))


def test_killed_worker_ends_a_step_that_runs_beside_another_at_its_end(store, shards, tmp_path):
    summary = Summary("extract", table="texts")
    seen = []
    with (  # noqa: PT012
        pytest.raises(WorkerDied),
        run_beside(store, summary, partial(die_at_b, tmp_path), workers=2) as running,
    ):
        for shard in "abc":
            running.start(shard)
        while running.waiting:
            running.collect()
            time.sleep(0.02)
        running.start("d")
        seen.append("end")
    assert seen == ["end"]
    assert store.table("texts").shards() == ["a"]


INTERRUPTED = """
import os, sys
from functools import partial
from pathlib import Path
from gr_toolkit import interrupts
from gr_toolkit.console import Summary
from gr_toolkit.engine import run_spread
from gr_toolkit.store import Store

def rows(shard):
    import time
    from rows import fill
    if shard == "c":
        print("busy", flush=True)
        time.sleep(600)
    return [fill("texts", shard)]

if __name__ == "__main__":
    store = Store(sys.argv[1], Path(sys.argv[2]))
    with interrupts.handled():
        try:
            run_spread(store, Summary("extract", table="texts"), rows, engine="local", workers=2)
        except KeyboardInterrupt:
            sys.exit(128 + interrupts.received())
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupt_does_not_wait_for_busy_workers(store, shards, tmp_path, root, number):
    script = tmp_path / "parent.py"
    script.write_text(INTERRUPTED)
    with subprocess.Popen(
        [sys.executable, str(script), store.data, str(store.state)],
        env={**os.environ, "PYTHONPATH": f"{root}:{root / 'tests'}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as parent:
        try:
            assert parent.stdout.readline() == "busy\n"
            while len(store.table("texts").shards()) < 3:
                time.sleep(0.02)
            os.killpg(parent.pid, number)
            _, errors = parent.communicate(
                timeout=60
            )  # ends when the workers, which hold the pipe, have ended
        finally:
            parent.kill()
    assert (parent.returncode, errors) == (128 + number, "")
    assert store.table("texts").pending("pages") == ["c"]
