"""The page writer: which rows are new, when a shard is written, and what the summary counts."""

from __future__ import annotations

from contextlib import closing

import pytest

from crawl import page_writer
from crawl.frontier.frontier import Frontier
from crawl.page_writer import PageWriter
from crawl.response import read_page
from rows import rows_of


@pytest.fixture
def clock(monkeypatch):
    class Clock:
        now = 1000.0

        def monotonic(self):
            return self.now

    clock = Clock()
    monkeypatch.setattr(page_writer, "time", clock)
    return clock


@pytest.fixture
def shards():
    return []


@pytest.fixture
def writer(store, settings, shards):
    changed = settings.model_copy(update={"shard_pages": 3, "shard_seconds": 30.0})
    with closing(Frontier(store.state / "frontier.sqlite", max_depth=2)) as frontier:
        yield PageWriter(store.table("pages"), frontier, changed, 7, shards.append)


def row_of(name, body=None, status=200):
    text = f"<p>{name}" if body is None else body
    return read_page(f"http://e.org/{name}", 0, status, {"content-type": "text/html"}, text.encode()).row


def stored(store):
    return [(row["url"].rpartition("/")[2], row["reason"]) for row in rows_of(store, "pages")]


def test_a_url_that_waits_or_is_stored_is_not_new(writer, store):
    assert [writer.add_if_new(row_of(name, f"<p>{number}")) for number, name in enumerate("aab")] == [
        True,
        False,
        True,
    ]
    writer.flush()
    assert not writer.add_if_new(row_of("b", "<p>other"))
    writer.flush()
    assert stored(store) == [("a", None), ("b", None)]


def test_a_newer_version_of_a_stored_page_is_added(writer, store):
    for body in ("<p>1", "<p>2"):
        writer.add(row_of("a", body), expanded=True)
        writer.flush()
    assert stored(store) == [("a", None), ("a", None)]


def test_known_content_is_rejected_without_its_body(writer, store):
    writer.add_if_new(row_of("a", "<p>same"))
    writer.add_if_new(row_of("b", "<p>same"))
    writer.flush()
    writer.add_if_new(row_of("c", "<p>same"))
    writer.flush()
    assert stored(store) == [("a", None), ("b", "duplicate content"), ("c", "duplicate content")]
    assert [bool(row["html"]) for row in rows_of(store, "pages")] == [True, False, False]
    assert [row["kept"] for row in rows_of(store, "pages")] == [True, False, False]


def test_rejected_rows_with_the_body_of_another_keep_their_reasons(writer, store):
    for name, status in (("a", 404), ("b", 200), ("c", 404), ("d", 403)):
        writer.add_if_new(row_of(name, "<p>gone", status))
    writer.flush()
    assert stored(store) == [("a", "status 404"), ("b", None), ("c", "status 404"), ("d", "status 403")]


@pytest.mark.parametrize(("rows", "written"), [(2, []), (3, ["000007"]), (4, ["000007"])])
def test_a_shard_is_written_when_it_is_full(writer, shards, clock, rows, written):
    for name in "abcd"[:rows]:
        writer.add_if_new(row_of(name))
        writer.flush_if_due()
    assert shards == written
    assert len(writer.waiting) == rows % 3


@pytest.mark.parametrize(("seconds", "written"), [(29, []), (30, ["000007"])])
def test_a_smaller_shard_is_written_when_its_first_row_has_waited(writer, shards, clock, seconds, written):
    writer.add_if_new(row_of("a"))
    clock.now += 29
    writer.add_if_new(row_of("b"))
    clock.now += seconds - 29
    writer.flush_if_due()
    assert shards == written


def test_no_shard_is_written_without_rows(writer, shards, clock):
    clock.now += 1000
    writer.flush_if_due()
    writer.flush()
    assert (shards, writer.next_shard) == ([], 7)


def test_shards_are_numbered_and_reported_after_they_are_recorded(writer, store, shards):
    for name in "ab":
        writer.add_if_new(row_of(name))
        writer.flush()
    assert shards == store.table("pages").shards() == ["000007", "000008"]
    assert writer.frontier.shards() == {"000007", "000008"}


@pytest.mark.parametrize(
    ("status", "expanded", "unexpanded"), [(200, False, 1), (200, True, 0), (404, False, 0)]
)
def test_only_a_kept_page_whose_links_are_wanted_is_left_unexpanded(writer, status, expanded, unexpanded):
    writer.add(row_of("a", status=status), expanded=expanded)
    writer.flush()
    assert len(writer.frontier.unexpanded()) == unexpanded


def test_the_links_of_a_page_from_an_archive_are_not_followed(writer):
    writer.add_if_new(row_of("a"))
    writer.flush()
    assert writer.frontier.unexpanded() == {}


def test_the_summary_counts_rows_when_they_are_written(writer):
    for name, status in (("a", 200), ("b", 404), ("c", 404)):
        writer.add_if_new(row_of(name, status=status))
    summary = writer.summary
    assert (summary.shards, summary.rows, summary.kept, dict(summary.reasons)) == (0, 0, 0, {})
    writer.flush()
    assert (summary.shards, summary.rows, summary.kept) == (1, 3, 1)
    assert dict(summary.reasons) == {"status 404": 2}
    assert (summary.step, summary.table) == ("crawl", "pages")
