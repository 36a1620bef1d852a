"""A crawl that is killed thirty times stores what an undisturbed one stores, each page once."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import pytest

from console import Summary
from crawl.extract import extract
from crawl.fetch import fetch
from crawl.frontier import Frontier
from processes import PROCESSES
from rows import rows_of
from settings import Settings
from store import Store

KILLS = 30
PAGES = 150
CHANGES = {"delay": 0, "shard_pages": 7, "max_depth": 50}


def open_folder(folder: Path) -> tuple[Store, Settings]:
    """A data folder, and the settings of every crawl here."""
    return Store(str(folder), folder / ".state"), Settings(data=str(folder), workers=1, crawl=CHANGES)


def crawl(folder: Path, url: str) -> list[Summary]:
    store, settings = open_folder(folder)
    summaries: list[Summary] = []
    fetch(store, settings.crawl, [url], summaries)
    extract(store, settings, summaries)
    return summaries


def die_before_recording(folder: Path, url: str) -> None:
    """Crawl up to the moment at which the first shard is written and the frontier does not know of it."""
    Frontier.store = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
    crawl(folder, url)


def make_site(site, page, reply, late):
    """A tree of links with cross links, copies, a redirect and dead ends; its pages take a moment."""
    for number in range(PAGES):
        links = [
            f"/{2 * number + 1}",
            f"/{2 * number + 2}",
            f"/{(number * 7) % PAGES}",
            f"/?from={number % 3}",
        ]
        text = (
            f"page {number if number % 10 else 'copied'} "
            + "with some words of its own to be extracted. " * 5
        )
        site.replies[f"/{number}"] = reply(late(page(text, *links).body, 0.02))
    site.replies["/"] = page("root", "/0", "/moved", "/private/a")
    site.replies["/moved"] = reply(status=301, headers={"Location": "/5"})
    site.replies["/robots.txt"] = reply(b"User-agent: *\nDisallow: /private/", type="text/plain")


def tables(folder: Path) -> dict[str, list[dict[str, object]]]:
    store, _ = open_folder(folder)
    return {
        name: sorted(
            ({**row, "fetched_at": None} for row in rows_of(store, name)), key=lambda row: row["url"]
        )
        for name in ("pages", "texts")
    }


@pytest.mark.slow
def test_thirty_kills_change_nothing(site, page, reply, late, tmp_path):
    make_site(site, page, reply, late)
    url, calm = site.url + "/", tmp_path / "calm"
    began = time.monotonic()
    crawl(calm, url)
    length = time.monotonic() - began

    chance = random.Random(2026)
    folders = [tmp_path / "killed-0"]  # each is killed until a crawl of it comes to its end
    kills = 0
    while kills < KILLS:
        hits = site.hits.total()
        process = PROCESSES.Process(target=crawl, args=(folders[-1], url))
        process.start()
        while process.is_alive() and site.hits.total() == hits:
            time.sleep(0.005)
        process.join(chance.uniform(0, length / 8))
        process.kill()
        process.join()
        if process.exitcode == -signal.SIGKILL:
            kills += 1
        else:
            assert process.exitcode == 0
            folders.append(tmp_path / f"killed-{len(folders)}")

    assert len(folders) > 1  # some were carried to the end between the kills
    for folder in folders:
        crawl(folder, url)
        assert tables(folder) == tables(calm)
        assert [summary.rows_in for summary in crawl(folder, url)] == [0, 0]


def test_a_shard_whose_writer_died_before_it_could_record_it_is_adopted(site, page, tmp_path):
    site.replies = {f"/{number}": page(f"page {number}", f"/{number + 1}") for number in range(12)}
    url = site.url + "/0"
    process = PROCESSES.Process(target=die_before_recording, args=(tmp_path / "dead", url))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    store, _ = open_folder(tmp_path / "dead")
    assert store.table("pages").shards() == ["000001"]
    stored = {row["url"].removeprefix(site.url) for row in rows_of(store, "pages")}
    hits = site.hits.copy()

    crawl(tmp_path / "dead", url)
    assert len(stored) == CHANGES["shard_pages"]
    assert all(site.hits[path] == hits[path] for path in stored)
    crawl(tmp_path / "calm", url)
    assert tables(tmp_path / "dead") == tables(tmp_path / "calm")
