"""`gr crawl` as a user runs it: its report after an interrupt."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from rows import rows_of

STOPPED = "gr: stopped. To finish, run the same command again.\n"
NOISE = ("Traceback", "Task was destroyed", "leaked semaphore", "resource_tracker", "never awaited")
PAGES = 40
BOTH = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])


def start(root, store, *arguments: str) -> subprocess.Popen[str]:
    """Start a crawl with two workers, in a process group of its own."""
    limits = {"GR_CRAWL__SHARD_PAGES": "3", "GR_CRAWL__MAX_DEPTH": "100", "GR_CRAWL__DELAY": "0"}
    return subprocess.Popen(
        [sys.executable, "-m", "cli", "crawl", *arguments, "--data", store.data, "--json"],
        env={**os.environ, **limits, "GR_WORKERS": "2", "PYTHONPATH": str(root)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for(process: subprocess.Popen[str], happened) -> None:
    while not happened():
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)


def chain(page) -> dict[str, object]:
    """Pages with a text that each link to the next one."""
    text = "It has some words of its own, so that there is a text to be taken. " * 3
    return {f"/{number}": page(f"page {number} {text}", f"/{number + 1}") for number in range(PAGES)}


def check_that_the_next_run_finishes(root, site, store, *sources: str) -> None:
    process = start(root, store, *sources)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    urls = [row["url"] for row in rows_of(store, "pages") if row["kept"]]
    assert len(urls) == len(set(urls)) == PAGES
    assert store.table("texts").shards() == store.table("pages").shards()


@BOTH
def test_interrupt_reports_and_logs_the_pages_fetched(root, site, page, reply, late, store, number):
    site.replies = {f"/{number}": page(f"page {number}", f"/{number + 1}") for number in range(3)}
    site.replies["/3"] = reply(late(b"much later", 20))
    process = start(root, store, f"{site.url}/0")
    wait_for(process, lambda: site.hits["/3"])
    process.send_signal(number)
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (128 + number, STOPPED)
    reported = json.loads(output)["steps"][-1]
    assert reported["rows"] == len(rows_of(store, "pages")) == 3
    assert reported["notes"][-1] == "did not finish"
    logged = (store.state / "runs.jsonl").read_text().splitlines()
    assert json.loads(logged[-1])["exit_code"] == 128 + number
    assert json.loads(logged[-1])["steps"] == json.loads(output)["steps"]


@pytest.mark.slow
@BOTH
def test_interrupt_of_the_whole_group_while_workers_extract(root, site, page, store, number):
    site.replies = chain(page)
    process = start(root, store, f"{site.url}/0")
    wait_for(process, lambda: site.hits["/20"])
    os.killpg(process.pid, number)
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (128 + number, STOPPED)
    check_that_the_next_run_finishes(root, site, store)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM])
def test_second_signal_ends_the_crawl_quietly(root, site, page, store, number):
    site.replies = chain(page)
    process = start(root, store, f"{site.url}/0")
    wait_for(process, lambda: site.hits["/20"])
    while process.poll() is None:
        os.killpg(process.pid, number)
        time.sleep(0.01)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 128 + number, errors
    assert not [line for line in NOISE if line in errors], errors
    check_that_the_next_run_finishes(root, site, store)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM])
def test_interrupted_archives_are_finished_by_the_next_run(root, site, page, store, tmp_path, number):
    folder = tmp_path / "saved"
    folder.mkdir()
    for path, reply in chain(page).items():
        (folder / f"{path[1:]}.html").write_bytes(reply.body)
    process = start(root, store, str(folder))
    wait_for(process, (store.state / "frontier.sqlite").exists)
    os.killpg(process.pid, number)
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (128 + number, STOPPED)
    check_that_the_next_run_finishes(root, site, store, str(folder))
