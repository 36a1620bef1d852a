"""A crawl that is killed thirty times stores what an undisturbed one stores, each page once."""

from __future__ import annotations

import random
import subprocess
import sys
import time

import pytest

from crawl.extract import extract
from crawl.fetch import fetch
from settings import Settings
from store import Store

KILLS = 30
CRAWLS = 4
PAGES = 150
CHANGES = {"delay": 0, "shard_pages": 7, "max_depth": 50}
SCRIPT = """
import sys
from pathlib import Path
from crawl.extract import extract
from crawl.fetch import fetch
from settings import Settings
from store import Store
data, url = sys.argv[1:]
settings = Settings(data=data, workers=1, crawl={changes})
store = Store(data, Path(data) / ".state")
print("started", flush=True)
fetch(store, settings.crawl, [url])
extract(store, settings)
print("finished", flush=True)
""".replace("{changes}", repr(CHANGES))


class Slowly:
    """A body that takes a moment, so that there is time to be killed in."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    def __iter__(self):
        time.sleep(0.02)
        return iter([self.body])


def fill(site, page, reply):
    """A tree of links with cross links, copies, a redirect and dead ends."""
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
        site.replies[f"/{number}"] = reply(Slowly(page(text, *links).body))
    site.replies["/"] = page("root", "/0", "/moved", "/private/a")
    site.replies["/moved"] = reply(status=301, headers={"Location": "/5"})
    site.replies["/robots.txt"] = reply(b"User-agent: *\nDisallow: /private/", type="text/plain")


def start(root, data, site):
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(data), site.url + "/"], cwd=root, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stdout.readline() == "started\n"
    return process


def tables(store, rows):
    return {
        name: sorted(({**row, "fetched_at": None} for row in rows(store, name)), key=lambda row: row["url"])
        for name in ("pages", "texts")
    }


@pytest.mark.slow
def test_thirty_kills_change_nothing(root, site, page, reply, rows, tmp_path):
    fill(site, page, reply)
    calm = Store(str(tmp_path / "calm"), tmp_path / "calm" / ".state")
    settings = Settings(data=calm.data, workers=1, crawl=CHANGES)
    began = time.monotonic()
    fetch(calm, settings.crawl, [site.url + "/"])
    length = time.monotonic() - began
    extract(calm, settings)

    chance = random.Random(2026)
    killed = 0
    for number in range(KILLS):
        data = tmp_path / f"killed-{number % CRAWLS}"  # each is killed several times on its way
        process = start(root, data, site)
        try:
            process.wait(chance.uniform(0.1, 0.2 + length / 3))
        except subprocess.TimeoutExpired:
            process.kill()
            killed += 1
        process.wait()
        assert process.stdout
        process.stdout.close()
    assert killed > KILLS / 2

    for number in range(CRAWLS):
        store = Store(str(tmp_path / f"killed-{number}"), tmp_path / f"killed-{number}" / ".state")
        fetch(store, settings.crawl, [site.url + "/"])
        extract(store, settings)
        assert tables(store, rows) == tables(calm, rows)
        assert fetch(store, settings.crawl, [site.url + "/"]).rows_in == 0
