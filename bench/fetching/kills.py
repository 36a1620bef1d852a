"""Kill a crawl repeatedly at random moments; count wrong rows and repeated requests."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from bench.fetching.site import Site, serving
from crawl.fetch import fetch
from gr_toolkit.settings import Settings
from gr_toolkit.store import Store

AT_ONCE = 8
LIMITS = {
    "shard_pages": 100,
    "max_depth": 50,
    "concurrency_per_host": AT_ONCE,
    "allow_private": True,
    "delay": 0,
}
MAX_SECONDS = 0.6  # seconds; the longest time from the first request of a run to its kill
PROCESSES = get_context("forkserver")
PROCESSES.set_forkserver_preload(["crawl.fetch", "crawl.web.spider", "aiohttp"])


@dataclass
class Kills:
    """The counts: finished crawls, rows that differ from those of an uninterrupted crawl, page requests that
    were sent again, and requests that may have been in flight at a kill (`on_their_way`).
    """

    kills: int = 0
    crawls: int = 0
    pages: int = 0
    wrong_rows: int = 0
    sent_again: int = 0
    on_their_way: int = 0


def measure_kills(folder: Path, pages: int, kills: int, seed: int = 2026) -> Kills:
    """Crawl a site of `pages` linked pages until `kills` runs were killed; resume each crawl until done."""
    chance = random.Random(seed)
    found = Kills()
    with serving("linked", pages) as site:
        crawl(folder / "uninterrupted", site.url)
        expected, expected_hits = rows_of(folder / "uninterrupted"), page_hits(site)
        found.pages = expected.total()
        while found.kills < kills:
            killed, before = folder / f"killed-{found.crawls}", page_hits(site)
            here = crawl_with_kills(killed, site, kills - found.kills, chance)
            rows, hits = rows_of(killed), page_hits(site) - before
            found.kills += here
            found.crawls += 1
            found.wrong_rows += (rows - expected).total() + (expected - rows).total()
            found.sent_again += (hits - expected_hits).total()
            found.on_their_way += here * AT_ONCE
    return found


def crawl_with_kills(folder: Path, site: Site, max_kills: int, chance: random.Random) -> int:
    """Crawl into the folder until done, with at most `max_kills` kills; return the number of kills.

    Raises RuntimeError if a run fails.
    """
    kills = 0
    while True:
        requests = site.requests()
        process = PROCESSES.Process(target=crawl, args=(folder, site.url))
        process.start()
        while process.is_alive() and site.requests() == requests:
            time.sleep(0.01)
        process.join(chance.uniform(0, MAX_SECONDS) if kills < max_kills else None)
        process.kill()
        process.join()
        if process.exitcode != -signal.SIGKILL:
            if process.exitcode:
                raise RuntimeError(f"a resumed crawl failed with exit code {process.exitcode}")
            return kills
        kills += 1


def crawl(folder: Path, url: str) -> None:
    """Crawl the site from its root into a data folder."""
    settings = Settings(data=str(folder), crawl=LIMITS)
    fetch(Store(settings.data, settings.state), settings, [f"{url}/0"], [])


def rows_of(folder: Path) -> Counter[tuple[object, ...]]:
    """The rows of `pages` without `fetched_at`. URLs contain the port, so compare crawls of one site only."""
    pages = Store(str(folder), folder / ".state").table("pages")
    rows = (row for shard in pages.shards() for row in pages.rows(shard))
    return Counter(tuple(value for name, value in row.items() if name != "fetched_at") for row in rows)


def page_hits(site: Site) -> Counter[str]:
    """The number of page requests by path, without robots.txt, which every run requests."""
    hits = site.hits()
    del hits["/robots.txt"]
    return hits
