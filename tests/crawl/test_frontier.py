"""The frontier keeps the queue's order, knows every URL once, and comes back after a crash."""

import pytest

from crawl.frontier import Frontier
from errors import CannotWrite


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


def test_urls_come_out_once_in_the_order_in_which_they_went_in(frontier):
    urls = [f"http://e.org/{number}" for number in (3, 1, 2)]
    assert frontier.add([*urls, "http://e.org/1?utm_source=x", "http://other.org/"], 0) == {
        "e.org",
        "other.org",
    }
    assert taken(frontier) == urls
    assert frontier.has_queued()
    assert frontier.hosts() == ["other.org"]


def test_a_new_process_finds_the_queue_and_fetches_again_what_was_in_flight(frontier):
    frontier.add(["http://e.org/a", "http://e.org/b"], 0)
    frontier.take("e.org")
    again = Frontier(frontier.path, max_depth=2)
    again.requeue([], forbidden=False)
    assert taken(again) == ["http://e.org/a", "http://e.org/b"]
    again.close()


def test_failed_urls_are_tried_by_the_next_run_and_forbidden_ones_only_when_asked(frontier):
    frontier.add(["http://e.org/down", "http://e.org/private", "http://e.org/loop"], 0)
    down, private, loop = (frontier.take("e.org") for _ in range(3))
    frontier.settle(down, "failed", "timeout")
    frontier.settle(private, "refused", "robots.txt")
    frontier.settle(loop, "refused", "too many redirects")
    assert frontier.outcome("http://e.org/down") == ("failed", "timeout")
    frontier.requeue([], forbidden=False)
    assert taken(frontier) == ["http://e.org/down"]
    frontier.requeue([], forbidden=True)
    assert taken(frontier) == ["http://e.org/down", "http://e.org/private"]


def test_the_pages_of_a_lost_shard_are_queued_again_and_their_content_forgotten(frontier):
    frontier.arrive("http://e.org/a", "http://e.org/a", 0, "sha-a")
    frontier.arrive("http://e.org/b", "http://e.org/b", 0, "sha-b")
    frontier.store(["http://e.org/a"], "000001")
    frontier.store(["http://e.org/b"], "000002")
    assert frontier.shards() == {"000001", "000002"}
    frontier.requeue(["000001"], forbidden=False)
    assert taken(frontier) == ["http://e.org/a"]
    assert not frontier.has_content("sha-a")
    assert frontier.has_content("sha-b")
    assert frontier.is_stored("http://e.org/b")


def test_what_is_too_deep_waits_for_a_run_that_allows_it(frontier):
    frontier.add(["http://e.org/deep"], 3)
    assert not frontier.has_queued()
    deeper = Frontier(frontier.path, max_depth=3)
    deeper.requeue([], forbidden=False)
    assert taken(deeper) == ["http://e.org/deep"]
    deeper.close()


def test_what_is_found_nearer_is_queued_again_at_the_end(frontier):
    frontier.add(["http://e.org/deep"], 3)
    frontier.add(["http://e.org/a"], 0)
    assert frontier.add(["http://e.org/deep", "http://e.org/a"], 2) == {"e.org"}
    assert taken(frontier) == ["http://e.org/a", "http://e.org/deep"]


def with_a_fault(frontier):
    with frontier.transaction():
        frontier.add(["http://e.org/a"], 0)
        return 1 / 0


def test_a_transaction_that_fails_leaves_nothing(frontier):
    with pytest.raises(ZeroDivisionError):
        with_a_fault(frontier)
    assert frontier.is_empty()


def test_a_file_that_is_no_database_is_moved_aside(tmp_path, capsys):
    path = tmp_path / "frontier.sqlite"
    path.write_bytes(b"not a database" * 100)
    frontier = Frontier(path, max_depth=2)
    frontier.add(["http://e.org/a"], 0)
    assert taken(frontier) == ["http://e.org/a"]
    assert (tmp_path / "frontier.corrupt").exists()
    assert "cannot be read" in capsys.readouterr().err
    frontier.close()


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "state").write_text("a file")
    with pytest.raises(CannotWrite, match=r"frontier\.sqlite"):
        Frontier(tmp_path / "state" / "frontier.sqlite", max_depth=2)
