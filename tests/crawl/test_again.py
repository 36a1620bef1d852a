"""Later runs: they continue, pick up changes and repair lost or damaged files."""

from __future__ import annotations

from pathlib import Path

import pytest

from crawl.extract import extract
from crawl.fetch import FRONTIER, plan
from crawl.frontier.frontier import Frontier
from files import contents
from gr_toolkit.errors import StoreError
from gr_toolkit.settings import Settings
from rows import fill, rows_of


def test_a_second_run_sends_no_request_and_notes_it(site, page, crawl, outcomes):
    site.replies = {"/a": page("root", "/b", "/missing"), "/b": page("b", "/a"), "/robots.txt": page("none")}
    crawl(site.url + "/a")
    before, hits = outcomes(), site.hits.total()
    summary = crawl(site.url + "/a")
    assert (summary.rows_in, summary.rows, site.hits.total()) == (0, 0, hits)
    assert "nothing is queued" in summary.notes[-1]
    assert outcomes() == before


def test_a_temporary_failure_is_retried_by_the_next_run(site, page, reply, crawl, outcomes):
    site.replies = {"/": page("root", "/busy"), "/busy": reply(b"later", status=503)}
    assert crawl(site.url + "/").notes == ["1 URLs not fetched: status 503 1"]
    assert outcomes() == {"/": None}
    site.replies["/busy"] = page("now")
    assert crawl().rows == 1
    assert outcomes() == {"/": None, "/busy": None}


def test_a_page_that_was_too_deep_is_fetched_when_named_as_a_source(site, page, crawl, outcomes, tmp_path):
    site.replies = {"/": page("root", "/a"), "/a": page("a", "/b")}
    crawl(site.url + "/", max_depth=0)
    (tmp_path / "urls.txt").write_text(f"{site.url}/\n{site.url}/a\n")
    assert crawl(str(tmp_path / "urls.txt"), max_depth=0).rows == 1
    assert outcomes() == {"/": None, "/a": None}


def test_a_page_that_was_too_deep_is_fetched_when_a_sitemap_lists_it(site, page, reply, crawl, outcomes):
    listing = f"<urlset><url><loc>{site.url}/a</loc></url></urlset>"
    site.replies = {"/": page("root", "/a"), "/a": page("a"), "/map.xml": reply(listing.encode())}
    crawl(site.url + "/", max_depth=0)
    crawl(site.url + "/map.xml", max_depth=0)
    assert outcomes() == {"/": None, "/a": None}


def test_a_queued_page_that_is_then_named_has_depth_0(site, page, crawl, store):
    site.replies = {f"/{number}": page(f"page {number}", f"/{number + 1}") for number in range(5)}
    crawl(site.url + "/0", max_pages=2, max_depth=2)
    crawl(site.url + "/2", max_depth=2)
    assert [row["depth"] for row in rows_of(store, "pages")] == [0, 1, 0, 1, 2]


def test_a_sitemap_fetched_as_a_page_is_read_when_named_as_a_source(site, page, reply, crawl, outcomes):
    listing = f"<urlset><url><loc>{site.url}/lonely</loc></url></urlset>"
    site.replies = {
        "/": page("root", "/map.xml"),
        "/map.xml": reply(listing.encode(), type="text/xml"),
        "/lonely": page("lonely"),
    }
    crawl(site.url + "/")
    assert outcomes() == {"/": None, "/map.xml": "not HTML (text/xml)"}
    crawl(site.url + "/map.xml")
    assert outcomes() == {"/": None, "/map.xml": "not HTML (text/xml)", "/lonely": None}
    assert crawl(site.url + "/map.xml").rows == 0


@pytest.mark.parametrize("seconds", [0, 0.5])
def test_the_depth_does_not_depend_on_the_latency_of_a_sitemap(
    site, page, reply, late, crawl, store, seconds
):
    """The root's links are requested at depth 1 before the response for its sitemap arrives."""
    listing = f"<urlset><url><loc>{site.url}/a</loc></url></urlset>"
    site.replies = {
        "/robots.txt": reply(b"Sitemap: /map.xml\n", type="text/plain"),
        "/map.xml": reply(late(listing.encode(), seconds), type="text/xml"),
        "/": page("root", "/a", "/b"),
        "/a": page("a", "/c"),
        "/b": page("b"),
        "/c": page("c"),
    }
    crawl(site.url, max_depth=1)
    depths = {row["url"].removeprefix(site.url): row["depth"] for row in rows_of(store, "pages")}
    assert depths == {"/": 0, "/a": 0, "/b": 1, "/c": 1}


def test_a_lost_frontier_is_rebuilt_from_the_table(site, page, crawl, outcomes, store):
    site.replies = {
        f"/{number}": page(f"page {number}", f"/{number + 1}", f"/no/{number}") for number in range(6)
    }
    crawl(site.url + "/0", max_pages=3, deny=["/no/"])
    for left in store.state.glob(f"{FRONTIER}*"):
        left.unlink()
    hits = site.hits.copy()
    crawl(deny=["/no/"])
    assert list(outcomes()) == [f"/{number}" for number in range(6)] + ["/6"]
    assert site.hits["/0"] == hits["/0"]


def test_a_corrupt_shard_is_moved_aside_and_its_pages_are_fetched_and_extracted_again(
    site, page, crawl, outcomes, store, capsys
):
    site.replies = {f"/{number}": page(f"page {number}", f"/{number + 1}") for number in range(12)}
    crawl(site.url + "/0", max_depth=20)
    extract(store, Settings(data=store.data, workers=1), [])
    before, shards = outcomes(), store.table("pages").shards()
    texts_before = {row["id"] for row in rows_of(store, "texts")}
    for shard in shards:
        store.table("pairs").write(shard, [fill("pairs", shard)])

    with open(f"{store.data}/pages/{shards[1]}.parquet", "r+b") as file:
        file.truncate(100)
    crawl(max_depth=20)
    extract(store, Settings(data=store.data, workers=1), [])
    stderr = capsys.readouterr().err
    assert "cannot be read; moved it" in stderr
    assert f"moved the shards derived from them to {store.data}/corrupt: texts 1, pairs 1" in stderr
    assert outcomes() == before
    assert store.table("pages").shards() == [shards[0], shards[2], "000004"]
    texts = [str(row["id"]) for row in rows_of(store, "texts")]
    assert len(texts) == len(texts_before)
    assert set(texts) == texts_before
    assert store.table("pairs").shards() == [shards[0], shards[2]]
    corrupt = [path.name for path in (Path(store.data) / "corrupt").iterdir()]
    assert sorted(corrupt) == [f"{table}-{shards[1]}.parquet" for table in ("pages", "pairs", "texts")]


def test_a_damaged_frontier_raises_an_error_with_the_remedy(crawl, store):
    path = store.state / FRONTIER
    frontier = Frontier(path, max_depth=8)
    frontier.add((f"http://e.org/{number}" for number in range(5000)), 0)
    frontier.close()
    with path.open("r+b") as file:
        file.seek(8 * 4096)
        file.write(bytes(path.stat().st_size - file.tell()))
    with pytest.raises(StoreError, match=rf"{FRONTIER} is damaged: .*Remove it and run the same command"):
        crawl()


def test_a_plan_sends_no_request_and_writes_nothing(site, page, reply, crawl, settings, store, tmp_path):
    summary = plan(store, Settings(crawl=settings), [site.url + "/"])
    assert "would start from 1 page URLs, 0 sitemap URLs and 0 URLs" in summary.notes[0]
    assert site.hits.total() == 0
    assert not Path(store.data).exists()

    site.replies = {"/": page("root", "/busy", "/a", "/b", "/c"), "/busy": reply(b"later", status=503)}
    crawl(site.url + "/", max_pages=2)  # /busy failed, /a is stored, /b and /c are pending
    before, hits = contents(tmp_path), site.hits.total()
    assert "and 3 URLs that an earlier run left pending" in plan(store, Settings(crawl=settings), []).notes[0]
    assert contents(tmp_path) == before
    assert site.hits.total() == hits


def test_a_plan_counts_urls_that_a_killed_run_had_in_flight(settings, store):
    frontier = Frontier(store.state / FRONTIER, max_depth=8)
    frontier.add(["http://e.org/a", "http://e.org/b"], 0)
    frontier.take("e.org")
    assert "and 2 URLs that an earlier run left pending" in plan(store, Settings(crawl=settings), []).notes[0]
    frontier.close()
