"""Workers that hang, die, eat memory or talk nonsense cost their own job, and nobody else anything."""

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

import pytest

from gr_toolkit.verify.symbolic import workers
from gr_toolkit.verify.symbolic.workers import NoReply, Pool

WORK = """
import os, time
from gr_toolkit.verify.symbolic.workers import serve

def work(what, *more):
    if what == "sleep":
        time.sleep(float(more[0]))
    if what == "power":
        9 ** 9 ** 9  # in C, without ever giving up the interpreter lock
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
    """Whether the process runs; one that has ended and is not yet waited for does not."""
    state = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True
    ).stdout.strip()
    return bool(state) and not state.startswith("Z")


def wait_until_gone(pid: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not is_alive(pid)


def test_a_worker_is_kept_warm(pool: Pool):
    assert pool.ask(["pid"], 5) == pool.ask(["pid"], 5)
    assert pool.ask(["print"], 5) == "done"


@pytest.mark.parametrize(
    ("job", "seconds", "reason"),
    [
        ("power", 0.5, r"no result within 0\.5 s"),
        ("hog", 20, "the worker died: MemoryError"),
        ("die", 5, "the worker died: exit code 3"),
        ("fail", 5, "the worker died: RuntimeError: the last words"),
    ],
)
def test_a_worker_that_fails_is_replaced(pool: Pool, job: str, seconds: float, reason: str):
    first = int(pool.ask(["pid"], 5))
    with pytest.raises(NoReply, match=reason):
        pool.ask([job], seconds)
    assert not is_alive(first)
    assert int(pool.ask(["pid"], 5)) != first


def test_nonsense_is_no_reply():
    pool = Pool("-c", "print('ready', flush=True); input(); print('[0]', flush=True); input()", size=1)
    with pytest.raises(NoReply, match="made no sense"):
        pool.ask(["x"], 5)
    assert not pool.workers


def test_a_reply_without_end_is_no_reply():
    pool = Pool("-c", "print('ready', flush=True)\nwhile True: print('x' * 9999, end='')", size=1)
    with pytest.raises(NoReply, match="made no sense"):
        pool.ask(["x"], 5)


def test_a_job_that_no_pipe_takes_is_refused(pool: Pool):
    with pytest.raises(NoReply, match="too long"):
        pool.ask(["x" * 100_000], 5)
    assert pool.ask(["pid"], 5)


def test_a_worker_that_cannot_start_says_why_and_is_not_tried_at_every_call(tmp_path: Path):
    tries = tmp_path / "tries"
    program = f"open({str(tries)!r}, 'a').write('x'); raise ImportError('no such thing')"
    pool = Pool("-c", program, size=1)
    for _ in range(2):
        with pytest.raises(NoReply, match=r"no worker could be started: .*ImportError: no such thing"):
            pool.ask(["x"], 5)
    assert tries.read_text() == "x"


def test_a_missing_interpreter_is_no_crash(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(NoReply, match=r"no worker could be started: .*No such file"):
        Pool("-c", WORK).ask(["pid"], 5)


def test_a_worker_that_never_gets_ready_is_given_up(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(workers, "STARTUP", 0.3)
    pool = Pool("-c", "input()", size=1)
    with pytest.raises(NoReply, match=r"could be started: no result within 0\.3 s"):
        pool.ask(["x"], 5)
    assert not pool.workers


def test_workers_are_started_as_needed_and_calls_beyond_them_wait_with_their_deadline_unspent():
    pool = Pool("-c", WORK, size=2)
    pool.ask(["pid"], 5)
    assert len(pool.workers) == 1
    with ThreadPoolExecutor(6) as threads:
        replies = list(threads.map(lambda _: pool.ask(["sleep", "0.4"], 1.0), range(6)))
    assert replies == ["done"] * 6
    assert len(pool.workers) == 2
    pool.close()


def test_a_worker_outlives_the_thread_that_started_it(pool: Pool):
    pids = []
    for _ in range(2):
        thread = threading.Thread(target=lambda: pids.append(pool.ask(["pid"], 5)))
        thread.start()
        thread.join()
    assert pids[0] == pids[1] == asyncio.run(asyncio.to_thread(pool.ask, ["pid"], 5))


def test_a_worker_is_recycled(pool: Pool, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(workers, "JOBS_PER_WORKER", 2)
    pids = [pool.ask(["pid"], 5) for _ in range(4)]
    assert pids[0] == pids[1] != pids[2] == pids[3]


def test_a_forked_child_has_workers_of_its_own(pool: Pool):
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
    assert wait_until_gone(int(theirs), 5)  # with the child
    assert pool.ask(["pid"], 5) == mine


PARENT = f"""
import os, signal, threading, time
from gr_toolkit.verify.symbolic.workers import Pool

pool = Pool("-c", {WORK!r}, size=1)
print(pool.ask(["pid"], 5), flush=True)
if os.fork() == 0:  # a child that lives on must not keep the worker alive
    os.close(1)
    time.sleep(20)
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
        assert wait_until_gone(worker, 5)
        os.killpg(parent.pid, signal.SIGKILL)


def test_a_worker_finds_the_packages_from_any_folder(
    pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "json.py").write_text("raise SystemExit('taken from the current folder')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if Path(entry).resolve() != workers.ROOT])
    assert pool.ask(["pid"], 5)
