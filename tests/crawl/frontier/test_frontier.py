"""The frontier keeps the queue's order, stores every URL once, and survives a crash."""

import time
from contextlib import closing

import pytest

from crawl.frontier.frontier import Frontier
from crawl.frontier.hosts import Tally
from crawl.response import read_page
from crawl.result import FetchFailure
from gr_toolkit.errors import CannotWrite


def row_of(name):
    """The row of the page http://e.org/NAME, whose text is NAME."""
    return read_page(f"http://e.org/{name}", 0, 200, {"content-type": "text/html"}, name.encode()).row


@pytest.fixture
def frontier(tmp_path):
    frontier = Frontier(tmp_path / "state" / "frontier.sqlite", max_depth=2)
    yield frontier
    frontier.close()


def taken(frontier, host="e.org"):
    urls = []
    while entry := frontier.take(host):
        urls.append(entry.url)
    return urls


def test_urls_are_taken_once_in_the_order_in_which_they_were_added(frontier):
    urls = [f"http://e.org/{number}" for number in (3, 1, 2)]
    assert frontier.add([*urls, "http://e.org/1?utm_source=x", "http://other.org/"], 0) == {
        "e.org",
        "other.org",
    }
    assert taken(frontier) == urls
    assert frontier.host_after("") == "other.org"
    assert frontier.host_after("other.org") is None


def test_a_new_process_finds_the_queue_and_requeues_urls_in_flight(frontier):
    frontier.add(["http://e.org/a", "http://e.org/b"], 0)
    frontier.take("e.org")
    again = Frontier(frontier.path, max_depth=2)
    again.requeue([])
    assert taken(again) == ["http://e.org/a", "http://e.org/b"]
    again.close()


def test_requeue_retries_failed_urls_and_refused_ones_only_if_admitted(frontier):
    frontier.add(["http://e.org/down", "http://e.org/private", "http://e.org/loop"], 0)
    down, private, loop = (frontier.take("e.org") for _ in range(3))
    frontier.settle(down, "failed", "timeout")
    frontier.settle(private, "refused", "robots.txt")
    frontier.settle(loop, "refused", "too many redirects")
    assert frontier.outcome("http://e.org/down") == ("failed", "timeout")
    frontier.requeue([])
    assert taken(frontier) == ["http://e.org/down"]
    frontier.requeue([], ["robots.txt"])
    assert taken(frontier) == ["http://e.org/down", "http://e.org/private"]


def test_the_pages_of_a_lost_shard_are_requeued_and_their_content_forgotten(frontier):
    for shard, name in (("000001", "a"), ("000002", "b")):
        row = row_of(name)
        frontier.arrive(row, expanded=True)
        frontier.store([row], shard, {})
    assert frontier.shards() == {"000001", "000002"}
    frontier.requeue(["000001"])
    assert taken(frontier) == ["http://e.org/a"]
    assert not frontier.has_content(row_of("a")["content_sha256"])
    assert frontier.has_content(row_of("b")["content_sha256"])
    assert frontier.is_stored("http://e.org/b")


def test_too_deep_urls_are_not_added_and_those_of_a_deeper_run_wait_for_the_next_deep_run(frontier):
    frontier.add(["http://e.org/deep"], 3)
    assert frontier.is_empty()
    deeper = Frontier(frontier.path, max_depth=3)
    deeper.add(["http://e.org/deep"], 3)
    frontier.requeue([])
    assert taken(frontier) == []
    deeper.requeue([])
    assert taken(deeper) == ["http://e.org/deep"]
    deeper.close()


def test_pages_whose_links_are_not_queued_are_listed_until_expanded(frontier):
    for name, expanded in (("a", False), ("b", True)):
        row = row_of(name)
        frontier.arrive(row, expanded=expanded)
        frontier.store([row], name, {})
    assert frontier.unexpanded() == {"a": {"http://e.org/a": 0}}
    frontier.expand("http://e.org/a")
    assert frontier.unexpanded() == {}


def test_a_refused_url_found_at_a_smaller_depth_is_queued_again_at_the_end(frontier):
    frontier.add(["http://e.org/out"], 2)
    frontier.settle(frontier.take("e.org"), "refused", "redirects to another host")
    frontier.add(["http://e.org/a"], 0)
    assert frontier.add(["http://e.org/out", "http://e.org/a"], 1) == {"e.org"}
    assert taken(frontier) == ["http://e.org/a", "http://e.org/out"]


def test_a_stored_page_is_queued_again_if_it_is_old_or_listed_as_changed(frontier):
    row = row_of("a") | {"etag": '"1"'}
    frontier.arrive(row, expanded=True)
    frontier.store([row], "000001", {})
    at = row["fetched_at"].timestamp()
    frontier.requeue([], due=at - 1)
    frontier.ask_again({"http://e.org/a": at - 1, "http://e.org/new": at}, at + 9)
    frontier.ask_again({"http://e.org/a": at + 5}, at)  # requested since then
    assert frontier.take("e.org") is None
    frontier.ask_again({"http://e.org/a": at + 5}, at + 9)
    entry = frontier.take("e.org")
    assert (entry.known, entry.etag) == (True, '"1"')
    frontier.settle(entry, "stored")
    frontier.requeue([], due=at)
    assert frontier.take("e.org") is None  # requested only now
    frontier.requeue([], due=time.time() + 60)
    assert frontier.take("e.org").url == "http://e.org/a"


def test_a_paused_host_is_skipped_until_its_pause_is_over(frontier):
    frontier.book.pause("busy.org", 3600, "status 429")
    frontier.book.pause("free.org", -1, "status 503")
    assert frontier.book.paused() == {"busy.org": "status 429, asked to wait"}


def test_tallies_of_a_host_are_summed(frontier):
    frontier.book.add({"e.org": Tally(2, 1, 100, 0.5, 1, "timeout")})
    frontier.book.add({"e.org": Tally(1, 1, 50, 0.25)})
    found = frontier.database.execute("SELECT * FROM hosts").fetchall()
    assert found == [("e.org", 3, 2, 150, 0.75, 1, "timeout", 0)]


def test_a_result_is_kept_until_its_url_is_settled_or_stored(frontier):
    frontier.add(["http://e.org/a", "http://e.org/b"], 0)
    first, second = frontier.take("e.org"), frontier.take("e.org")
    frontier.keep_result(first, FetchFailure("timeout"))
    frontier.keep_result(second, read_page(second.url, 0, 200, {"content-type": "text/html"}, b"<p>b"))
    again = Frontier(frontier.path, max_depth=2)
    assert again.kept_result(first) == FetchFailure("timeout")
    row = again.kept_result(second).row
    again.arrive(row, expanded=True)
    again.store([row], "000001", {row["canonical_url"]: second.id})
    again.settle(first, "failed", "timeout")
    assert (again.kept_result(first), again.kept_result(second)) == (None, None)
    again.close()


def test_a_file_of_another_version_is_replaced(frontier, capsys):
    frontier.database.execute("PRAGMA user_version = 1")
    frontier.add(["http://e.org/a"], 0)
    frontier.close()
    with closing(Frontier(frontier.path, max_depth=2)) as replaced:
        assert replaced.is_empty()
    assert "was written by another version" in capsys.readouterr().err


def add_and_fail(frontier):
    with frontier.transaction():
        frontier.add(["http://e.org/a"], 0)
        return 1 / 0


def test_a_failed_transaction_is_rolled_back(frontier):
    with pytest.raises(ZeroDivisionError):
        add_and_fail(frontier)
    assert frontier.is_empty()


def test_a_file_that_is_not_a_database_is_moved_aside(tmp_path, capsys):
    path = tmp_path / "frontier.sqlite"
    path.write_bytes(b"not a database" * 100)
    frontier = Frontier(path, max_depth=2)
    frontier.add(["http://e.org/a"], 0)
    assert taken(frontier) == ["http://e.org/a"]
    assert (tmp_path / "frontier.corrupt").exists()
    assert "cannot be read" in capsys.readouterr().err
    frontier.close()


def test_an_unwritable_folder_is_an_error_with_its_path(tmp_path):
    (tmp_path / "state").write_text("a file")
    with pytest.raises(CannotWrite, match=r"frontier\.sqlite"):
        Frontier(tmp_path / "state" / "frontier.sqlite", max_depth=2)
