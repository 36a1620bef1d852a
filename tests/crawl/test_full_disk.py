"""A full disk stops the crawl with a one-line error; stored pages stay, and a later run continues."""

import subprocess
from contextlib import closing, suppress

import pytest

from crawl.fetch import FRONTIER, fetch
from crawl.frontier.frontier import Frontier
from gr_toolkit.console import Summary
from gr_toolkit.errors import CannotWrite
from gr_toolkit.settings import Settings
from gr_toolkit.store import Store
from rows import rows_of

PAGES = 40


def test_a_full_disk_stops_the_crawl_and_loses_nothing(site, reply, settings, small_disk):
    import random

    noise = random.Random(0)
    for number in range(PAGES):
        words = "".join(chr(noise.randrange(0x4E00, 0x9FFF)) for _ in range(40_000))  # incompressible
        site.replies[f"/{number}"] = reply(f"<p>{words} <a href=/{number + 1}>next</a>".encode())
    store = Store(str(small_disk / "data"), small_disk / "data" / ".state")
    changes = {"max_depth": PAGES, "shard_pages": 3}
    deep = Settings(data=store.data, crawl=settings.model_copy(update=changes))

    summaries: list[Summary] = []
    with pytest.raises(CannotWrite, match="run the same command again"):
        fetch(store, deep, [site.url + "/0"], summaries)
    stored = rows_of(store, "pages")
    assert 0 < len(stored) < PAGES
    assert [summary.rows for summary in summaries] == [len(stored)]

    subprocess.run(["mount", "-o", "remount,size=20m", small_disk], check=True)
    fetch(store, deep, [site.url + "/0"], [])
    completed = rows_of(store, "pages")
    assert completed[: len(stored)] == stored
    assert [row["url"].rpartition("/")[2] for row in completed] == [
        str(number) for number in range(PAGES + 1)
    ]


def test_a_full_disk_is_reported_when_the_frontier_hands_out_a_url(small_disk):
    with closing(Frontier(small_disk / FRONTIER, max_depth=1)) as frontier:
        frontier.add((f"http://a.org/{number}" for number in range(100)), 0)
        filler = small_disk / "filler"
        with suppress(OSError), filler.open("wb", buffering=0) as file:
            while file.write(bytes(4096)) == 4096:
                pass
        with pytest.raises(CannotWrite, match=f"cannot write .*{FRONTIER}: .*run the same command again"):
            list(iter(lambda: frontier.take("a.org"), None))
        filler.unlink()
        assert frontier.take("a.org") is not None
