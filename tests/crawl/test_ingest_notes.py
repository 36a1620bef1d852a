"""Which archives a run reads, when one is done, and the notes about it (ingest.py)."""

from __future__ import annotations

from contextlib import closing

import pytest

from crawl.archives.archive import Contents
from crawl.archives.common_crawl import CommonCrawl
from crawl.archives.html_folder import HtmlFolder
from crawl.archives.warc import WarcFile
from crawl.frontier.frontier import Frontier
from crawl.ingest import MAX_ERRORS_SHOWN, Tally, add_notes, ingest, read_archives, unread_archives
from crawl.page_writer import PageWriter
from gr_toolkit.console import Summary
from gr_toolkit.errors import NoPages, UsageError
from warcs import html, ingest_sources, pages_of, warc_of_pages


@pytest.fixture
def warc(tmp_path):
    """Write a WARC file of some pages and return it."""

    def write(name, pages=1):
        (tmp_path / name).write_bytes(warc_of_pages(pages, prefix=f"http://{name}/").content)
        return WarcFile(str(tmp_path), name)

    return write


@pytest.fixture
def frontier(store):
    with closing(Frontier(store.state / "frontier.sqlite", max_depth=2)) as frontier:
        yield frontier


@pytest.fixture
def run(store, frontier, settings):
    """Ingest archives; return the summary and what `advance` was called with."""

    def ingest_all(*archives, **changes):
        changed = settings.model_copy(update=changes)
        writer, advanced = PageWriter(store.table("pages"), frontier, changed, 1), []
        ingest(archives, writer, frontier, changed, engine="local", workers=1, advance=advanced.append)
        return writer.summary, advanced

    return ingest_all


@pytest.mark.parametrize(
    "change", [{"allow": ["/"]}, {"deny": ["/none"]}, {"part": "1/1"}, {"allow": ["/"], "deny": ["/"]}]
)
def test_an_archive_is_read_again_with_other_filters_but_not_with_other_limits(store, settings, warc, change):
    source = warc("a.warc").name
    ingest_sources(store, settings, source)
    read = ["1 archives were read by an earlier run"]
    assert ingest_sources(store, settings, source, max_bytes=5, max_depth=0).notes == read
    assert ingest_sources(store, settings, source, **change).notes != read
    assert ingest_sources(store, settings, source, **change).notes == read


def test_an_archive_named_twice_is_read_once(run, warc):
    summary, _ = run(warc("a.warc"), warc("a.warc"))
    assert (summary.rows_in, summary.rows, summary.notes) == (1, 1, [])


def test_the_progress_counts_new_rows(run, warc):
    run(warc("a.warc", 2))
    copy = WarcFile(warc("a.warc").folder + "/.", "a.warc")
    _, advanced = run(warc("b.warc", 3), copy, deny=["/none"])
    assert sum(advanced) == 3


def test_an_index_that_is_down_is_noted_and_the_other_archives_are_read(run, frontier, warc, settings):
    down = CommonCrawl("e.org/*", index="http://127.0.0.1:9")
    summary, _ = run(down, warc("a.warc"))
    (note,) = summary.notes
    assert summary.rows == 1
    assert note.startswith("request to http://127.0.0.1:9 failed: ")
    with pytest.raises(NoPages, match=r"no page was found: request to http://127\.0\.0\.1:9 failed"):
        run(down)


def test_a_query_for_an_unknown_crawl_stops_the_run(site, reply, frontier, settings):
    site.replies["/collinfo.json"] = reply(b'[{"cdx-api": "http://e.org/CC-MAIN-2026-10-index"}]')
    query = CommonCrawl("e.org/*", "CC-MAIN-2020-01", index=site.url)
    with pytest.raises(UsageError, match="has no CC-MAIN-2020-01"):
        unread_archives([query], frontier, settings, Tally())


def test_slices_are_read_in_order_and_an_archive_ends_after_its_last_slice(warc, tmp_path, settings):
    (tmp_path / "empty").mkdir()
    archives = {
        "a": warc("a.warc", 3),
        "empty": HtmlFolder(tmp_path / "empty"),
        "missing": WarcFile(str(tmp_path), "missing.warc"),
        "b": warc("b.warc"),
    }
    changed = settings.model_copy(update={"shard_pages": 2})
    found = [
        (key, None if contents is None else len(contents.rows))
        for key, contents in read_archives(archives, lambda _: False, changed, "local", 1)
    ]
    assert found == [
        *(("a", 2), ("a", 1), ("a", None)),
        *(("empty", 0), ("empty", None)),
        *(("missing", 0), ("missing", None)),
        *(("b", 1), ("b", None)),
    ]


def test_only_a_finished_archive_is_done(run, frontier, warc, tmp_path, settings):
    good, gone = warc("good.warc", 7), WarcFile(str(tmp_path), "gone.warc")
    run(good, gone)
    tally = Tally()
    assert list(unread_archives([good, gone], frontier, settings, tally).values()) == [gone]
    assert tally.already_read == 1


@pytest.mark.parametrize(("most", "rows", "done"), [(1, 1, 0), (4, 4, 0), (5, 5, 1), (0, 5, 2)])
def test_max_pages_leaves_the_archive_that_it_interrupts_unfinished(
    run, frontier, warc, settings, most, rows, done
):
    archives = [warc("a.warc", 4), warc("b.warc", 1)]
    summary, _ = run(*archives, max_pages=most)
    tally = Tally()
    unread_archives(archives, frontier, settings, tally)
    assert (summary.rows, tally.already_read) == (rows, done)


def test_a_run_with_an_error_but_some_pages_succeeds(run, warc, tmp_path):
    summary, _ = run(WarcFile(str(tmp_path), "gone.warc"), warc("a.warc"))
    assert (summary.rows, summary.notes) == (1, [f"{tmp_path}/gone.warc no longer exists"])
    again, _ = run(WarcFile(str(tmp_path), "gone.warc"), warc("a.warc"), deny=["/none"])
    assert again.notes[0] == "1 pages in archives are already stored"


@pytest.mark.parametrize(
    ("errors", "last"), [(MAX_ERRORS_SHOWN, "error 9"), (MAX_ERRORS_SHOWN + 2, "2 more errors in archives")]
)
def test_the_notes_show_the_first_errors_and_count_the_others(errors, last):
    summary = Summary(step="crawl", table="pages")
    add_notes(Tally(errors=[f"error {number}" for number in range(errors)]), summary)
    assert summary.notes[:MAX_ERRORS_SHOWN] == [f"error {number}" for number in range(MAX_ERRORS_SHOWN)]
    assert summary.notes[-1] == last


def test_the_notes_name_the_most_frequent_types_of_records_that_are_not_pages():
    summary, contents = Summary(step="crawl", table="pages"), Contents()
    contents.non_pages.update({f"type {number}": number for number in range(1, 12)})
    add_notes(Tally(non_pages=contents.non_pages), summary)
    (note,) = summary.notes
    assert note.startswith("66 records in archives are not pages: type 11 11, type 10 10, ")
    assert "type 4 4" in note
    assert "type 3 3" not in note


def test_pages_of_a_folder_and_a_file_are_stored_in_the_order_of_the_sources(store, settings, warc, tmp_path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "a.html").write_bytes(html("a"))
    (tmp_path / "site" / "a.png").write_bytes(b"")
    summary = ingest_sources(
        store, settings, str(tmp_path / "site"), warc("z.warc").name, warc("b.warc").name
    )
    assert [url for url, _ in pages_of(store)] == [
        "file:///site/a.html",
        "http://z.warc/0",
        "http://b.warc/0",
    ]
    assert (summary.rows_in, summary.rows) == (4, 3)
