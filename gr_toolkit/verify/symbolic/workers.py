"""Worker processes for jobs that may hang, exhaust memory or crash; the parent kills and replaces them.

    pool = Pool("-m", "package.program")      # what follows `python` on the worker's command line
    reply = pool.ask(["x+1", "1+x"], 5.0)     # from any thread; raises NoReply

The worker's program calls `serve(work)`. Parent and worker exchange lines of JSON over pipes. Workers are
started with exec, never forked, so they inherit neither the caller's threads nor its open files.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from gr_toolkit.settings import cores

STARTUP_TIMEOUT = 60.0  # seconds for a worker's imports, which take one or two, or more on a loaded machine
RETRY_DELAY = 30.0  # seconds until the next attempt after a worker failed to start
MAX_MEMORY = 512 << 20  # bytes of address space per worker; sympy with the parser takes a fifth of it
MAX_LINE = 16_000  # bytes per job or reply; every system's pipe buffers that much
# A worker is replaced after this many jobs, because the caches of sympy and antlr grow with every job. A
# restart takes two seconds, so it should be rare.
MAX_JOBS_PER_WORKER = 2_000
ROOT = Path(__file__).resolve().parents[3]


class NoReply(Exception):
    """The worker returned no reply to a job; the message states the reason."""


class Worker:
    """A worker process. It runs one job at a time and is discarded after any failure."""

    def __init__(self, arguments: Sequence[str]) -> None:
        """Start the process without waiting until it is ready. Raises OSError."""
        self.jobs = 0
        self.unread = b""
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed in `end`)
        read_end, self.lifeline = os.pipe()
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-P", *arguments, str(read_end)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self.errors,
                pass_fds=[read_end],
                env=_environment(),
                start_new_session=True,  # Ctrl-C reaches only the parent, which ends its workers
            )
        except OSError:
            os.close(self.lifeline)
            self.errors.close()
            raise
        finally:
            os.close(read_end)

    def wait_until_ready(self) -> None:
        """Wait until the worker has done its imports. Raises NoReply; then the caller must end the worker."""
        self._read_line(STARTUP_TIMEOUT)

    def ask(self, job: Sequence[str], seconds: float) -> str:
        """Return the reply to `job`. Raises NoReply; then the caller must end the worker."""
        line = json.dumps([self.jobs, *job]).encode() + b"\n"
        if len(line) > MAX_LINE:
            raise NoReply("the job is too long")
        assert self.process.stdin is not None
        try:
            os.write(self.process.stdin.fileno(), line)
        except OSError:
            raise NoReply(self._crash_reason()) from None
        try:
            number, reply = json.loads(self._read_line(seconds))
        except (ValueError, TypeError, RecursionError):
            raise NoReply("the worker's reply made no sense") from None
        if number != self.jobs or not isinstance(reply, str):
            raise NoReply("the worker's reply made no sense")
        self.jobs += 1
        return reply

    def _read_line(self, seconds: float) -> bytes:
        """Return the next line that the process writes within `seconds`. Raises NoReply."""
        assert self.process.stdout is not None
        pipe = self.process.stdout.fileno()
        poll = select.poll()
        poll.register(pipe, select.POLLIN)
        deadline = time.monotonic() + seconds
        while b"\n" not in self.unread:
            left = deadline - time.monotonic()
            if left <= 0 or not poll.poll(left * 1000):
                raise NoReply(f"no result within {seconds:g} s")
            read = os.read(pipe, MAX_LINE)
            self.unread += read
            if not read:
                raise NoReply(self._crash_reason())
            if len(self.unread) > MAX_LINE:
                raise NoReply("the worker's reply made no sense")
        line, _, self.unread = self.unread.partition(b"\n")
        return line

    def _crash_reason(self) -> str:
        """Describe why the process died, by its last line on stderr or its exit code."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(1)
        self.errors.seek(0)
        lines = self.errors.read()[-2_000:].decode(errors="replace").strip().splitlines()
        return f"the worker died: {lines[-1] if lines else f'exit code {self.process.returncode}'}"

    def end(self) -> None:
        """Kill the process, reap it and close its pipes."""
        self.process.kill()
        self.process.wait()
        self.forget()
        self.errors.close()

    def forget(self) -> None:
        """Close this process's ends of the pipes without ending the worker."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.returncode = self.process.returncode or 0  # so that Popen does not wait for the process
        os.close(self.lifeline)
        self.process.stdin.close()
        self.process.stdout.close()


class Pool:
    """At most `size` workers, started as concurrent calls need them."""

    def __init__(self, *arguments: str, size: int | None = None) -> None:
        self.arguments = arguments
        self.size = size or cores()
        self.workers: set[Worker] = set()
        self.forget()
        POOLS.add(self)

    def forget(self) -> None:
        """Reset to no workers. A forked child must call this, because the workers belong to its parent."""
        for worker in self.workers:
            worker.forget()
        self.workers = set()
        self.idle: list[Worker] = []
        self.busy = 0
        self.changed = threading.Condition()
        self.broken: tuple[float, str] | None = None

    def ask(self, job: Sequence[str], seconds: float) -> str:
        """Return the reply to `job` within `seconds` after a worker takes the job. Raises NoReply.

        A worker that exceeds its time, dies or sends an invalid reply is killed; the next job gets a new one.
        """
        worker = self._take()
        kept = False
        try:
            reply = worker.ask(job, seconds)
            kept = worker.jobs < MAX_JOBS_PER_WORKER
            return reply
        finally:
            self._give_back(worker, kept)

    def _take(self) -> Worker:
        with self.changed:
            self.changed.wait_for(lambda: self.busy < self.size)
            if self.idle:
                self.busy += 1
                return self.idle.pop()
            if self.broken and not self.workers and time.monotonic() < self.broken[0] + RETRY_DELAY:
                raise NoReply(self.broken[1])
            self.busy += 1
        return self._start()

    def _start(self) -> Worker:
        worker, ready = None, False
        try:
            worker = Worker(self.arguments)
            self.workers.add(worker)  # before the wait: a child that is forked meanwhile must forget it
            worker.wait_until_ready()
            ready = True
            return worker
        except (NoReply, OSError) as failure:
            reason = f"no worker could be started: {failure}"
            self.broken = (time.monotonic(), reason)
            raise NoReply(reason) from failure
        finally:
            if not ready:
                self._give_back(worker, kept=False)

    def _give_back(self, worker: Worker | None, kept: bool) -> None:
        if worker and not kept:
            self.workers.discard(worker)
            worker.end()
        with self.changed:
            self.busy -= 1
            if worker and kept:
                self.idle.append(worker)
            self.changed.notify()

    def close(self) -> None:
        """End all idle workers; the next job starts a new one."""
        with self.changed:
            idle, self.idle = self.idle, []
        for worker in idle:
            self.workers.discard(worker)
            worker.end()


POOLS: weakref.WeakSet[Pool] = weakref.WeakSet()


def _each_pool(act: Callable[[Pool], None]) -> None:
    for pool in list(POOLS):
        act(pool)


atexit.register(_each_pool, Pool.close)
os.register_at_fork(after_in_child=lambda: _each_pool(Pool.forget))


def _environment() -> dict[str, str]:
    """The parent's environment and import path, so that the worker finds the same packages."""
    path = [os.path.abspath(entry) for entry in sys.path if entry]
    path += [] if str(ROOT) in path else [str(ROOT)]
    # A fixed hash seed, because sympy's simplifications depend on the order of its sets.
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path), "PYTHONHASHSEED": "0"}


def serve(work: Callable[..., str], *first: str) -> None:
    """Run a worker's main loop: apply `work` to each job until the parent exits.

    `first` is a job that runs before the worker reports ready. It loads the modules that jobs import.
    """
    replies = os.dup(1)  # whatever `work` prints to stdout goes to /dev/null
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    _limit_memory()
    _die_with_parent(int(sys.argv[-1]))
    if first:
        work(*first)
    os.write(replies, b"ready\n")
    for line in sys.stdin.buffer:
        number, *job = json.loads(line)
        os.write(replies, json.dumps([number, work(*job)]).encode() + b"\n")


def _limit_memory() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(ValueError, OSError):  # macOS has no such limit
        resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))


def _die_with_parent(lifeline: int) -> None:
    """End this process when the other end of the pipe closes, however the parent ended.

    The kernel does this with a signal whose default action is to terminate. A watching thread would never
    run while a computation with large integers holds the interpreter lock. Linux's parent-death signal would
    arrive too early: when the thread that started the process ends.
    """
    import fcntl

    signal.signal(signal.SIGIO, signal.SIG_DFL)
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)
    if select.select([lifeline], [], [], 0)[0]:  # the parent ended before the signal was set up
        sys.exit()
