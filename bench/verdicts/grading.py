"""Run a grader over pairs in a separate process, on one core, and time it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Timer
from time import perf_counter
from typing import NamedTuple

from bench.verdicts.graders import QWEN, Judgement, Pair

ROOT = Path(__file__).parents[2]
LIMIT = 15.0  # seconds per pair; a grader's process that takes longer is killed
START_LIMIT = 120.0  # seconds to load and warm up


class GraderFailed(Exception):
    """A grader could not be started."""


class Setup(NamedTuple):
    """A grader's name, and what its process needs."""

    name: str
    python: str = sys.executable
    qwen_file: str = ""  # path of grader.py, for Qwen's grader


class Graded(NamedTuple):
    """A grader's judgements of pairs, in order, and the seconds of each request."""

    judgements: list[Judgement]
    seconds: list[float]


class GraderProcess:
    """A loaded and warmed-up grader. The caller closes it."""

    def __init__(self, setup: Setup, folder: str) -> None:
        """Start the process in `folder`. Raises GraderFailed."""
        self._setup, self._folder = setup, folder
        self._start()

    def grade(self, pairs: Sequence[Pair], one_by_one: bool) -> Graded:
        """Judge all pairs in one request, or one by one. Qwen's grader may hang, so it always gets one."""
        questions = [[pair] for pair in pairs] if one_by_one or self._setup.name == QWEN else [list(pairs)]
        replies = [self._ask(question) for question in questions]
        judgements = [judgement for judged, _ in replies for judgement in judged]
        return Graded(judgements, [seconds for _, seconds in replies])

    def close(self) -> None:
        """End the process and its children: close its input, and kill it if it does not exit."""
        self._process.stdin.close()  # type: ignore[union-attr]  # it was asked for a pipe
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(10)
        self._kill()

    def _ask(self, pairs: list[Pair]) -> tuple[list[Judgement], float]:
        limit = LIMIT * len(pairs)
        started = perf_counter()
        reply = self._exchange(json.dumps(pairs), limit)
        if reply:
            content = json.loads(reply)
            return [Judgement(*fields) for fields in content["judgements"]], content["seconds"]
        seconds = perf_counter() - started
        self._kill()
        self._start()
        hung = seconds >= limit
        lost = Judgement("hung", f"no verdict in {limit:g} s") if hung else Judgement("crashed", "it died")
        return [lost] * len(pairs), seconds

    def _exchange(self, line: str, limit: float) -> str:
        """Return the reply to this line; empty if the process died or reached the limit."""
        killer = Timer(limit, self._kill)
        killer.start()
        try:
            print(line, file=self._process.stdin, flush=True)
            return self._process.stdout.readline()  # type: ignore[union-attr]
        except BrokenPipeError:
            return ""
        finally:
            killer.cancel()

    def _start(self) -> None:
        core = one_core()
        arguments = [self._setup.name, "" if core is None else str(core), self._setup.qwen_file]
        self._process = subprocess.Popen(
            [self._setup.python, "-m", "bench.verdicts.grader_process", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=self._folder,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            start_new_session=True,  # so that the kill includes its workers
        )
        killer = Timer(START_LIMIT, self._kill)
        killer.start()
        ready = self._process.stdout.readline()  # type: ignore[union-attr]
        killer.cancel()
        if not ready:
            self._kill()
            raise GraderFailed(f"{self._setup.name} did not start")

    def _kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


@contextmanager
def running(setup: Setup) -> Iterator[GraderProcess]:
    """Run a grader's process in an empty folder until the block ends."""
    with tempfile.TemporaryDirectory() as folder:
        process = GraderProcess(setup, folder)
        try:
            yield process
        finally:
            process.close()


def one_core() -> int | None:
    """The core for every grader and its children; None if the system cannot set CPU affinity."""
    return max(os.sched_getaffinity(0)) if hasattr(os, "sched_setaffinity") else None
