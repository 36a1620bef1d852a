"""A worker that is killed, as the system does if memory runs out, ends the command with one line."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gr_toolkit.errors import WorkerDied
from rows import rows_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="reads /proc"),
]
PAGES = 12
REPORT = f"gr: {WorkerDied()}\n"


@pytest.fixture
def run(root, store):
    """Start a `gr crawl` with two workers."""
    environment = {
        **os.environ,
        **{"PYTHONPATH": str(root), "GR_CRAWL__SHARD_PAGES": "3", "GR_CRAWL__MAX_DEPTH": "100"},
        **{"GR_WORKERS": "2", "GR_CRAWL__DELAY": "0.05"},
    }

    def start(*arguments: str, **variables: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "cli", "crawl", *arguments, "--data", store.data],
            env={**environment, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start


def workers_of(process: subprocess.Popen[str]) -> list[int]:
    """The process ids of the workers, without the resource tracker."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return [int(pid) for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def kill_a_worker(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Kill a worker as soon as there is one; return the command's exit code, output and errors."""
    while not (workers := workers_of(process)):
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    os.kill(workers[0], signal.SIGKILL)
    output, errors = process.communicate(timeout=60)
    return process.returncode, output, errors


def finish(process: subprocess.Popen[str]) -> None:
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors


@pytest.fixture
def chain(site, page):
    """A site whose pages link to the next one."""
    prose = "It has some words of its own, so that there is a text to be taken. " * 3
    for number in range(PAGES):
        site.replies[f"/{number}"] = page(f"page {number} {prose}", f"/{number + 1}")
    site.replies[f"/{PAGES}"] = page("the end " + prose)
    return site


def test_a_killed_worker_ends_a_crawl_with_one_line_and_the_next_run_carries_on(chain, store, run):
    code, output, errors = kill_a_worker(run(f"{chain.url}/0"))
    assert (code, errors) == (1, REPORT)
    assert "crawl extract: did not finish" in output  # and not the crawl, which fetched everything
    hits = chain.hits.copy()
    finish(run())
    assert chain.hits == hits
    assert len(rows_of(store, "pages")) == len(rows_of(store, "texts")) == PAGES + 1

    for shard in store.table("texts").shards():
        Path(store.data, "texts", f"{shard}.parquet").unlink()
    code, _, errors = kill_a_worker(run("extract"))
    assert (code, errors) == (1, REPORT)
    finish(run("extract"))
    assert len(rows_of(store, "texts")) == PAGES + 1


def test_a_killed_crawl_prints_nothing_about_semaphores(chain, run):
    process = run(f"{chain.url}/0", PYTHONWARNINGS="")
    while not workers_of(process):
        time.sleep(0.01)
    process.kill()
    assert process.communicate(timeout=60) == ("", "")
