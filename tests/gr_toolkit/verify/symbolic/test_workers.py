"""Workers that hang, die, exhaust memory or send invalid replies fail only their own job."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest

from gr_toolkit.verify.symbolic import workers
from gr_toolkit.verify.symbolic.workers import NoReply, Pool

WORK = """
import os, time
from gr_toolkit.verify.symbolic.workers import serve

def work(what, *more):
    if what == "wait":
        while not os.path.exists(more[0]):
            time.sleep(0.01)
    if what == "power":
        9 ** 9 ** 9  # in C, without ever releasing the interpreter lock
    if what == "hog":
        eaten = [bytearray(1 << 26) for _ in range(1 << 10)]
    if what == "die":
        os._exit(3)
    if what == "fail":
        raise RuntimeError("the last words")
    if what == "print":
        print("chatter", flush=True)
    return str(os.getpid()) if what == "pid" else "done"

serve(work)
"""


@pytest.fixture
def pool() -> Iterator[Pool]:
    pool = Pool("-c", WORK, size=1)
    yield pool
    pool.close()


def is_alive(pid: int) -> bool:
    """Whether the process runs; a zombie does not."""
    state = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True
    ).stdout.strip()
    return bool(state) and not state.startswith("Z")


def wait_until_gone(pid: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not is_alive(pid)


def test_worker_is_reused(pool: Pool):
    assert pool.ask(["pid"], 5) == pool.ask(["pid"], 5)
    assert pool.ask(["print"], 5) == "done"


@pytest.mark.parametrize(
    ("job", "seconds", "reason"),
    [
        ("power", 0.5, r"no result within 0\.5 s"),
        ("hog", 60, "the worker died: MemoryError"),
        ("die", 5, "the worker died: exit code 3"),
        ("fail", 5, "the worker died: RuntimeError: the last words"),
    ],
)
def test_failed_worker_is_replaced(pool: Pool, job: str, seconds: float, reason: str):
    first = int(pool.ask(["pid"], 5))
    with pytest.raises(NoReply, match=reason):
        pool.ask([job], seconds)
    assert not is_alive(first)
    assert int(pool.ask(["pid"], 5)) != first


def test_invalid_reply_raises_no_reply():
    pool = Pool("-c", "print('ready', flush=True); input(); print('[0]', flush=True); input()", size=1)
    with pytest.raises(NoReply, match="made no sense"):
        pool.ask(["x"], 5)
    assert not pool.workers


def test_endless_reply_raises_no_reply():
    pool = Pool("-c", "print('ready', flush=True)\nwhile True: print('x' * 9999, end='')", size=1)
    with pytest.raises(NoReply, match="made no sense"):
        pool.ask(["x"], 5)


def test_job_larger_than_a_pipe_is_refused(pool: Pool):
    with pytest.raises(NoReply, match="too long"):
        pool.ask(["x" * 100_000], 5)
    assert pool.ask(["pid"], 5)


def test_failed_start_is_reported_and_not_retried_at_every_call(tmp_path: Path):
    tries = tmp_path / "tries"
    program = f"open({str(tries)!r}, 'a').write('x'); raise ImportError('no such thing')"
    pool = Pool("-c", program, size=1)
    for _ in range(2):
        with pytest.raises(NoReply, match=r"no worker could be started: .*ImportError: no such thing"):
            pool.ask(["x"], 5)
    assert tries.read_text() == "x"


def test_missing_interpreter_raises_no_reply(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(NoReply, match=r"no worker could be started: .*No such file"):
        Pool("-c", WORK).ask(["pid"], 5)


def test_worker_that_never_gets_ready_times_out(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(workers, "STARTUP_TIMEOUT", 0.3)
    pool = Pool("-c", "input()", size=1)
    with pytest.raises(NoReply, match=r"could be started: no result within 0\.3 s"):
        pool.ask(["x"], 5)
    assert not pool.workers


def test_workers_start_on_demand_up_to_the_size_of_the_pool(tmp_path: Path):
    pool = Pool("-c", WORK, size=2)
    pool.ask(["pid"], 60)
    assert len(pool.workers) == 1
    with ThreadPoolExecutor(6) as threads:
        replies = [threads.submit(pool.ask, ["wait", str(tmp_path / "gate")], 60) for _ in range(6)]
        while len(pool.workers) < 2:
            time.sleep(0.01)
        (tmp_path / "gate").touch()
    assert [reply.result() for reply in replies] == ["done"] * 6
    assert len(pool.workers) == 2
    pool.close()


def test_waiting_for_a_worker_does_not_count_against_the_deadline(
    pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    now, calls, take = 0.0, 0, pool._take

    def counted_take():
        nonlocal calls
        calls += 1
        return take()

    monkeypatch.setattr(pool, "_take", counted_take)
    monkeypatch.setattr(workers, "time", SimpleNamespace(monotonic=lambda: now))
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(pool.ask, ["wait", str(tmp_path / "gate")], 10_000)
        while not pool.busy:
            time.sleep(0.01)
        second = threads.submit(pool.ask, ["pid"], 60)
        while calls < 2:
            time.sleep(0.01)
        now += 1_000  # the second call waits for longer than its deadline
        (tmp_path / "gate").touch()
    assert first.result() == "done"
    assert second.result().isdigit()


def test_a_worker_outlives_the_thread_that_started_it(pool: Pool):
    pids = []
    for _ in range(2):
        thread = threading.Thread(target=lambda: pids.append(pool.ask(["pid"], 5)))
        thread.start()
        thread.join()
    assert pids[0] == pids[1] == asyncio.run(asyncio.to_thread(pool.ask, ["pid"], 5))


def test_a_worker_is_recycled(pool: Pool, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(workers, "MAX_JOBS_PER_WORKER", 2)
    pids = [pool.ask(["pid"], 5) for _ in range(4)]
    assert pids[0] == pids[1] != pids[2] == pids[3]


def test_forked_child_starts_its_own_workers(pool: Pool):
    mine = pool.ask(["pid"], 5)
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writes, pool.ask(["pid"], 5).encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    theirs = os.read(reads, 100).decode()
    os.close(reads)
    os.close(writes)
    assert theirs.isdigit()
    assert theirs != mine
    assert wait_until_gone(int(theirs), 60)  # with the child
    assert pool.ask(["pid"], 5) == mine


PARENT = f"""
import os, signal, threading, time
from gr_toolkit.verify.symbolic.workers import Pool

pool = Pool("-c", {WORK!r}, size=1)
print(pool.ask(["pid"], 5), flush=True)
if os.fork() == 0:  # a child that lives on must not keep the worker alive
    os.close(1)
    time.sleep(120)
    os._exit(0)
print("forked", flush=True)
pool.ask(["power"], 60)
"""


def test_a_busy_worker_ends_with_its_killed_parent(root: Path):
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, cwd=root, text=True, start_new_session=True
    ) as parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        assert parent.stdout.readline() == "forked\n"
        time.sleep(0.5)
        assert is_alive(worker)
        os.kill(parent.pid, signal.SIGKILL)
        assert wait_until_gone(worker, 60)
        os.killpg(parent.pid, signal.SIGKILL)


def test_a_worker_finds_the_packages_from_any_folder(
    pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "json.py").write_text("raise SystemExit('taken from the current folder')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if Path(entry).resolve() != workers.ROOT])
    assert pool.ask(["pid"], 5)
