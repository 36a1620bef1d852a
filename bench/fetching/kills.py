"""What a crawl stores that is killed again and again, at random moments, and how often it asks again."""

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
MAX_SECONDS = 0.6  # seconds from the first request of a run to its end
PROCESSES = get_context("forkserver")
PROCESSES.set_forkserver_preload(["crawl.fetch", "crawl.web.spider", "aiohttp"])


@dataclass
class Kills:
    """What came of it: crawls that were brought to their end, rows that differ from those of a crawl that was
    left in peace, requests for pages that were sent again, and how many may have been on their way.
    """

    kills: int = 0
    crawls: int = 0
    pages: int = 0
    wrong_rows: int = 0
    sent_again: int = 0
    on_their_way: int = 0


def measure_kills(folder: Path, pages: int, kills: int, seed: int = 2026) -> Kills:
    """Kill crawls of a site of so many linked pages until there were so many kills; each is resumed, and at
    last brought to its end.
    """
    chance = random.Random(seed)
    found = Kills()
    with serving("linked", pages) as site:
        crawl(folder / "calm", site.url)
        calm, once = rows_of(folder / "calm"), page_hits(site)
        found.pages = calm.total()
        while found.kills < kills:
            killed, before = folder / f"killed-{found.crawls}", page_hits(site)
            here = crawl_with_kills(killed, site, kills - found.kills, chance)
            rows, hits = rows_of(killed), page_hits(site) - before
            found.kills += here
            found.crawls += 1
            found.wrong_rows += (rows - calm).total() + (calm - rows).total()
            found.sent_again += (hits - once).total()
            found.on_their_way += here * AT_ONCE
    return found


def crawl_with_kills(folder: Path, site: Site, most: int, chance: random.Random) -> int:
    """Crawl into the folder to the end, killed at most so often; how often it was."""
    kills = 0
    while True:
        requests = site.requests()
        process = PROCESSES.Process(target=crawl, args=(folder, site.url))
        process.start()
        while process.is_alive() and site.requests() == requests:
            time.sleep(0.01)
        process.join(chance.uniform(0, MAX_SECONDS) if kills < most else None)
        process.kill()
        process.join()
        if process.exitcode != -signal.SIGKILL:
            if process.exitcode:
                raise RuntimeError(f"a crawl that was to go on ended with exit code {process.exitcode}")
            return kills
        kills += 1


def crawl(folder: Path, url: str) -> None:
    """Crawl the site from its root into a data folder."""
    settings = Settings(data=str(folder), crawl=LIMITS)
    fetch(Store(settings.data, settings.state), settings, [f"{url}/0"], [])


def rows_of(folder: Path) -> Counter[tuple[object, ...]]:
    """The rows of pages but for the times; ports differ between two sites and not between two folders."""
    pages = Store(str(folder), folder / ".state").table("pages")
    columns = [name for name in pages.schema.names if name != "fetched_at"]
    return Counter(
        tuple(row[name] for name in columns) for shard in pages.shards() for row in pages.rows(shard, columns)
    )


def page_hits(site: Site) -> Counter[str]:
    """The requests for pages by path; every run asks for robots.txt."""
    hits = site.hits()
    del hits["/robots.txt"]
    return hits
