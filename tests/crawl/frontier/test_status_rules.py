"""Which URLs of a host are stored, waiting or failed, the order of the hosts, and the live line."""

from __future__ import annotations

import json
from contextlib import closing

import pytest

from crawl.frontier.frontier import Frontier
from crawl.frontier.hosts import Tally
from crawl.frontier.status import MAX_LIVE, MAX_SHOWN, Live, read_hosts, show_hosts, waiting_by_host
from crawl.response import read_page


@pytest.fixture
def path(tmp_path):
    return tmp_path / "frontier.sqlite"


@pytest.fixture
def frontier(path):
    with closing(Frontier(path, max_depth=5)) as frontier:
        yield frontier


def add(frontier, state, name, host="e.org", depth=0, kind="page"):
    """Add a URL and bring it into a state."""
    url = f"http://{host}/{name}"
    frontier.add([url], depth, kind)
    if state == "stored":
        row = read_page(url, depth, 200, {"content-type": "text/html"}, url.encode()).row
        frontier.arrive(row, expanded=True)
        frontier.store([row], "000001", {})
    elif state != "queued":
        frontier.database.execute("UPDATE urls SET state = ? WHERE url = ?", (state, url))


STATES = {
    "queued": (0, 1, 0),
    "in flight": (0, 1, 0),
    "failed": (0, 1, 1),
    "too deep": (0, 1, 0),
    "refused": (0, 0, 0),
    "stored": (1, 0, 0),
}


@pytest.mark.parametrize(("state", "counts"), STATES.items())
@pytest.mark.parametrize("kind", ["page", "sitemap"])
def test_a_url_is_stored_waiting_or_failed(frontier, path, state, counts, kind):
    add(frontier, state, "a", kind=kind)
    (host,) = read_hosts(path)
    stored, waiting, failed = counts
    shown_as_waiting = waiting if kind == "page" else 0
    assert (host.stored, host.waiting, host.failed) == (stored, shown_as_waiting, failed)
    assert waiting_by_host(path, 5) == ({"e.org": 1} if waiting else {})


@pytest.mark.parametrize(("max_depth", "waiting"), [(2, {"e.org": 3}), (1, {"e.org": 2}), (0, {"e.org": 1})])
def test_urls_beyond_max_depth_do_not_wait_for_the_next_run(frontier, path, max_depth, waiting):
    for depth in range(3):
        add(frontier, "queued", depth, depth=depth)
    assert waiting_by_host(path, max_depth) == waiting


def test_a_missing_file_has_no_hosts(path):
    assert (read_hosts(path), waiting_by_host(path, 5), path.exists()) == ([], {}, False)


def test_hosts_with_the_most_waiting_and_then_the_most_stored_urls_come_first(frontier, path):
    for host, states in {
        "a": [],
        "b": ["stored"],
        "c": ["queued"],
        "d": ["queued", "stored"],
        "e": [],
    }.items():
        for number, state in enumerate([*states, "refused"]):
            add(frontier, state, number, host)
    assert [host.host for host in read_hosts(path)] == ["d", "c", "b", "a", "e"]


def test_a_host_without_requests_has_no_mean_time(frontier, path):
    add(frontier, "queued", "a", "idle.org")
    add(frontier, "queued", "a", "busy.org")
    frontier.book.add({"busy.org": Tally(4, 2, 3_000_000, 2.0, 1, "timeout")})
    busy, idle = read_hosts(path)
    assert (busy.requests, busy.megabytes, busy.seconds_per_request, busy.failure) == (4, 3.0, 0.5, "timeout")
    assert (idle.requests, idle.megabytes, idle.seconds_per_request, idle.failure) == (0, 0, None, None)


@pytest.mark.parametrize(("seconds", "paused"), [(3600, True), (-3600, False)])
def test_only_a_pause_that_is_not_over_is_shown(frontier, path, seconds, paused, capsys):
    add(frontier, "queued", "a")
    frontier.book.pause("e.org", seconds, "status 429")
    (host,) = read_hosts(path)
    assert (host.not_before is not None) is paused
    show_hosts(path, as_json=False)
    printed = " ".join(capsys.readouterr().out.split())
    assert ("not before" in printed) is paused
    assert "status 429" in printed


@pytest.mark.parametrize(
    ("hosts", "more"), [(MAX_SHOWN, ""), (MAX_SHOWN + 1, f", {MAX_SHOWN} of them shown")]
)
def test_the_table_shows_the_first_hosts_and_json_all(frontier, path, hosts, more, capsys):
    for number in range(hosts):
        add(frontier, "queued", "a", f"host{number:03}.org")
    show_hosts(path, as_json=False)
    printed = capsys.readouterr().out
    assert printed.count("host0") == MAX_SHOWN
    assert f"{hosts} hosts{more}: 0 URLs stored, {hosts} waiting for the next run" in printed
    show_hosts(path, as_json=True)
    assert len(json.loads(capsys.readouterr().out)["hosts"]) == hosts


def live_of(*requests):
    live = Live()
    for host, tally, status in requests:
        live.add(host, tally, status)
    return live


@pytest.mark.parametrize(
    ("requests", "line"),
    [
        ([("a", Tally(1, seconds=9.0), "200")], "0.0 MB; 200 1"),
        ([("a", Tally(1), "")], "0.0 MB"),
        (
            [("a", Tally(4, seconds=8.0), "200"), ("b", Tally(1, seconds=3.0), "200")],
            "0.0 MB; 200 2; slowest b 3.0 s",
        ),
        ([("a", Tally(1, bytes=1_250_000, failures=1), "x")], "1.2 MB; x 1; failing a 1"),
    ],
)
def test_the_live_line(requests, line):
    assert live_of(*requests).tell() == line


def test_the_live_line_names_two_failing_hosts():
    line = live_of(*((host, Tally(1, failures=1), "") for host in "abc")).tell()
    assert "failing a 1, b 1" in line
    assert "c 1" not in line


def test_a_known_host_does_not_push_out_another():
    live = live_of(*((str(number), Tally(1), "200") for number in range(MAX_LIVE)))
    live.add("0", Tally(1), "200")
    assert list(live.hosts) == [str(number) for number in range(MAX_LIVE)]
    live.add("new", Tally(1), "200")
    assert next(iter(live.hosts)) == "1"
