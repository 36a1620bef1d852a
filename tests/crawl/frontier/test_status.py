"""`gr crawl status`: host by host, while a crawl runs and afterwards."""

from __future__ import annotations

import json
import socket
from contextlib import closing
from datetime import UTC, datetime

import pytest

from crawl.fetch import FRONTIER
from crawl.frontier.frontier import Frontier
from crawl.frontier.hosts import Tally
from crawl.frontier.status import MAX_LIVE, Live, read_hosts, show_hosts


@pytest.fixture
def closed_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def test_read_hosts_counts_stored_waiting_and_failed_urls(site, page, crawl, store, tmp_path, closed_port):
    site.replies = {"/a": page("root", "/b", "/c"), "/b": page("b"), "/c": page("c")}
    sources = tmp_path / "urls.txt"
    sources.write_text(f"{site.url}/a\nhttp://127.0.0.1:{closed_port}/x\n")
    crawl(str(sources), max_pages=2)
    bad, good = read_hosts(store.state / FRONTIER)
    if bad.host in site.url:
        bad, good = good, bad
    assert (good.stored, good.waiting, good.failed, good.requests, good.failure) == (2, 1, 0, 2, None)
    assert good.megabytes > 0
    assert good.seconds_per_request > 0
    assert (bad.stored, bad.waiting, bad.failed) == (0, 1, 1)
    assert bad.failure == "robots.txt: connection refused"


def test_a_paused_host_has_the_end_of_its_pause(store):
    with closing(Frontier(store.state / FRONTIER, max_depth=1)) as frontier:
        frontier.add(["http://e.org/a"], 0)
        frontier.book.pause("e.org", 3600, "status 429")
        (host,) = read_hosts(store.state / FRONTIER)  # while the crawl has the file open
    assert host.failure == "status 429"
    assert host.not_before > "2026"


def test_show_hosts_prints_a_table_or_json(site, page, crawl, store, capsys):
    show_hosts(store.state / FRONTIER, as_json=False)
    assert "nothing has been crawled yet" in capsys.readouterr().out
    site.replies = {"/a": page("root")}
    crawl(site.url + "/a")
    show_hosts(store.state / FRONTIER, as_json=False)
    printed = capsys.readouterr().out
    assert site.url.removeprefix("http://") in printed
    assert "1 hosts: 1 URLs stored, 0 waiting for the next run" in printed
    show_hosts(store.state / FRONTIER, as_json=True)
    (host,) = json.loads(capsys.readouterr().out)["hosts"]
    assert host["stored"] == 1


def test_live_summarizes_a_running_crawl_in_one_line():
    live = Live()
    assert live.tell() == "0.0 MB"
    live.add("slow.org", Tally(requests=2, pages=2, bytes=1_500_000, seconds=5.0), "200")
    for _ in range(3):
        live.add("down.org", Tally(requests=1, failures=1, failure="timeout"), "timeout")
    assert live.tell() == "1.5 MB; timeout 3, 200 1; slowest slow.org 2.5 s; failing down.org 3"


def test_live_remembers_the_last_hosts_of_many():
    live = Live()
    for number in range(MAX_LIVE + 5):
        live.add(f"{number}.org", Tally(requests=1, bytes=1_000_000), "200")
    assert len(live.hosts) == MAX_LIVE
    assert live.tell().startswith(f"{MAX_LIVE + 5}.0 MB; 200 {MAX_LIVE + 5}")


def test_an_endless_pause_is_limited_to_about_a_year(tmp_path):
    path = tmp_path / FRONTIER
    with closing(Frontier(path, max_depth=1)) as frontier:
        frontier.add(["http://a.org/"], 0)
        frontier.book.pause("a.org", 1e15, "status 429")
    (host,) = read_hosts(path)
    assert host.not_before.startswith(str(datetime.now(UTC).year + 1))
