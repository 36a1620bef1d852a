"""A crawl killed 200 times stores the same pages as an undisturbed crawl, each once, and repeats only the
requests that were in flight.
"""

from __future__ import annotations

import os
import signal

import pytest

from bench.fetching.kills import crawl, measure_kills, rows_of
from crawl.frontier.frontier import Frontier
from gr_toolkit.store import Store
from processes import PROCESSES


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_two_hundred_kills_change_nothing(tmp_path):
    found = measure_kills(tmp_path, pages=3000, kills=200)
    assert found.kills == 200
    assert found.crawls > 1
    assert found.pages > 3000
    assert found.wrong_rows == 0
    assert 0 < found.sent_again <= found.on_their_way


def die_before_recording(folder, url):
    """Crawl, and die after the first shard is written and before the frontier records it."""
    Frontier.store = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
    crawl(folder, url)


def test_a_shard_written_but_not_recorded_before_a_kill_is_adopted(site, page, tmp_path):
    site.replies = {f"/{number}": page(f"page {number}", f"/{number + 1}") for number in range(11)}
    process = PROCESSES.Process(target=die_before_recording, args=(tmp_path / "killed", site.url))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    assert Store(str(tmp_path / "killed"), tmp_path).table("pages").shards() == ["000001"]
    stored, hits = rows_of(tmp_path / "killed"), site.hits.copy()

    crawl(tmp_path / "killed", site.url)
    assert stored.total() == 12
    assert site.hits == hits
    crawl(tmp_path / "undisturbed", site.url)
    assert rows_of(tmp_path / "killed") == rows_of(tmp_path / "undisturbed")
