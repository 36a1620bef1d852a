"""Ingest Common Crawl: a loopback server speaks the index's protocol and serves ranges of a WARC file."""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from crawl.archives.common_crawl import CommonCrawl
from gr_toolkit.errors import GrError, UsageError
from rows import rows_of
from warcs import Warc, html, ingest_sources, pages_of

OLD, NEW = "CC-MAIN-2026-05", "CC-MAIN-2026-10"
PAGE_SIZE = 4  # captures in a page of the index


@dataclass
class Crawl:
    """The WARC file of one crawl, and its index: a dictionary for each capture."""

    warc: Warc = field(default_factory=Warc)
    captures: list[dict[str, str]] = field(default_factory=list)

    def add(self, url: str, text: str, status: int = 200, mime: str = "text/html") -> None:
        self.warc.add(url, html(text), {"Content-Type": mime}, status=status)
        self.captures.append({"url": url, "status": str(status), "mime": mime, "mime-detected": mime})


class Server(ThreadingHTTPServer):
    """`crawls` by name; `faults` are the statuses of the next responses for a path."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.crawls: dict[str, Crawl] = {OLD: Crawl(), NEW: Crawl()}
        self.faults: dict[str, list[int]] = {}
        self.hits: Counter[str] = Counter()
        self.agents: set[str | None] = set()
        self.together = self.most_together = 0

    def index(self, crawl: str) -> list[dict[str, str]]:
        """The captures with the positions of their records."""
        made = self.crawls[crawl]
        ends = [*made.warc.starts[1:], len(made.warc.content)]
        ranges = zip(made.warc.starts, ends, strict=True)
        return [
            {
                **capture,
                "filename": f"crawl-data/{crawl}.warc.gz",
                "offset": str(start),
                "length": str(end - start),
            }
            for capture, (start, end) in zip(made.captures, ranges, strict=True)
        ]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        path, query = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
        server = self.server
        server.hits[path] += 1
        server.agents.add(self.headers["User-Agent"])
        if server.faults.get(path):
            return self.answer(server.faults[path].pop(0), b"busy")
        if path == "/collinfo.json":
            listed = [{"id": name, "cdx-api": f"{server.url}/{name}-index"} for name in (NEW, OLD)]
            return self.answer(200, json.dumps(listed).encode())
        if path.endswith("-index"):
            return self.answer(*self.search(path[1:].removesuffix("-index"), query))
        server.together += 1
        server.most_together = max(server.most_together, server.together)
        first, last = map(int, self.headers["Range"].removeprefix("bytes=").split("-"))
        content = server.crawls[path.rpartition("/")[2].removesuffix(".warc.gz")].warc.content
        server.together -= 1
        return self.answer(206, content[first : last + 1])

    def search(self, crawl: str, query: dict[str, list[str]]) -> tuple[int, bytes]:
        """Like pywb: pages of the index, filtered page by page."""
        prefix = query["url"][0].removesuffix("*")
        found = [
            each for each in self.server.index(crawl) if each["url"].partition("://")[2].startswith(prefix)
        ]
        pages = -(-len(found) // PAGE_SIZE)
        if "showNumPages" in query:
            return 200, json.dumps({"pages": pages, "pageSize": PAGE_SIZE, "blocks": pages}).encode()
        page = int(query["page"][0])
        if page >= pages:
            return 400, b'{"message": "Page %d invalid"}' % page
        assert query["output"] == ["json"]
        shown = found[page * PAGE_SIZE : (page + 1) * PAGE_SIZE]
        shown = [each for each in shown if all(passes(each, rule) for rule in query["filter"])]
        if not shown:
            return 404, b'{"message": "No Captures found for: %s"}' % prefix.encode()
        return 200, b"".join(json.dumps(each).encode() + b"\n" for each in shown)

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


def passes(capture: dict[str, str], rule: str) -> bool:
    """pywb's filters: = compares the whole field, ~ matches a regular expression at its start."""
    name, _, value = rule[1:].partition(":")
    return capture[name] == value if rule[0] == "=" else bool(re.match(value, capture[name]))


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as made:
        threading.Thread(target=made.serve_forever, args=(0.02,), daemon=True).start()
        for number in range(10):
            made.crawls[NEW].add(f"http://e.org/{number}", f"new {number}")
            made.crawls[OLD].add(f"http://e.org/{number + 5}", f"old {number + 5}")
        made.crawls[NEW].add("http://other.org/", "another site")
        made.crawls[NEW].add("http://e.org/gone", "gone", status=404)
        made.crawls[NEW].add("http://e.org/a.png", "image", mime="image/png")
        yield made
        made.shutdown()


@pytest.fixture
def ask(store, settings, server):
    """Ingest the results of a query."""

    def run(name: str, **changes: object):
        return ingest_sources(
            store, settings, name, servers={"index": server.url, "data": server.url}, **changes
        )

    return run


def test_a_query_without_crawls_fetches_the_captures_of_the_latest_crawl(ask, store, server):
    summary = ask("cc:e.org/*")
    assert pages_of(store, ["url", "source"]) == [(f"http://e.org/{number}", NEW) for number in range(10)]
    assert (summary.rows_in, summary.rows, summary.kept, summary.notes) == (10, 10, 10, [])
    assert server.hits[f"/crawl-data/{NEW}.warc.gz"] == 10
    assert server.hits[f"/{OLD}-index"] == 0


@pytest.mark.parametrize("query", [f"cc:{OLD},{NEW}:e.org/*", "cc:2:e.org/*"])
def test_several_crawls_fetch_each_page_once_from_the_latest(ask, store, server, query):
    ask(query)
    new = [(f"http://e.org/{number}", NEW) for number in range(10)]
    assert pages_of(store, ["url", "source"]) == [
        *new,
        *((f"http://e.org/{number}", OLD) for number in range(10, 15)),
    ]
    assert server.hits[f"/crawl-data/{OLD}.warc.gz"] == 5


def test_a_second_run_requests_only_the_list_of_crawls(ask, store, server):
    ask("cc:e.org/*")
    server.hits.clear()
    assert ask("cc:e.org/*").notes == ["1 archives were read by an earlier run"]
    assert server.hits == {"/collinfo.json": 1}


def test_a_run_stopped_by_max_pages_resumes_with_the_missing_captures(ask, store, server):
    assert ask("cc:e.org/*", max_pages=4).rows == 4
    assert server.hits[f"/crawl-data/{NEW}.warc.gz"] == 4
    assert ask("cc:e.org/*").rows == 6
    assert server.hits[f"/crawl-data/{NEW}.warc.gz"] == 10


def test_a_busy_server_is_retried(ask, store, server):
    server.faults = {
        "/collinfo.json": [503],
        f"/{NEW}-index": [429],
        f"/crawl-data/{NEW}.warc.gz": [500, 503],
    }
    assert ask("cc:e.org/*", retries=2).kept == 10


def test_failed_captures_are_counted_and_retried_on_the_next_run(ask, store, server):
    server.faults = {f"/crawl-data/{NEW}.warc.gz": [503, 404, 200]}
    summary = ask("cc:e.org/*", concurrency_per_host=1)
    assert summary.kept == 7
    (note,) = summary.notes
    assert note.startswith("3 records in archives are not pages: ")
    assert all(f"capture not fetched (status {status}) 1" in note for status in (503, 404, 200))
    assert ask("cc:e.org/*").kept == 3
    assert sorted(url for url, _ in pages_of(store)) == [f"http://e.org/{number}" for number in range(10)]


def test_captures_excluded_by_allow_are_not_fetched(ask, store, server):
    ask("cc:e.org/*", allow=["/[12]$"])
    assert pages_of(store) == [("http://e.org/1", None), ("http://e.org/2", None)]
    assert server.hits[f"/crawl-data/{NEW}.warc.gz"] == 2


def test_a_broken_capture_does_not_affect_the_others(ask, store, server):
    content = bytearray(server.crawls[NEW].warc.content)
    start = server.crawls[NEW].warc.starts[3]
    content[start : start + 50] = bytes(50)
    server.crawls[NEW].warc.file.seek(0)
    server.crawls[NEW].warc.file.write(content)
    summary = ask("cc:e.org/*")
    assert summary.kept == 9
    assert summary.notes == ["1 records in archives are not pages: capture that is not a WARC record 1"]


def test_a_pattern_without_captures_is_not_an_error(ask, store):
    summary = ask("cc:nowhere.org/*")
    assert (summary.rows_in, pages_of(store)) == (0, [])


def test_requests_send_the_user_agent_and_respect_the_concurrency_limit(ask, server):
    ask("cc:e.org/*", concurrency_per_host=2, user_agent="me/1", contact="me@e.org", shard_pages=100)
    assert all(agent and "me/1" in agent and "me@e.org" in agent for agent in server.agents)
    assert server.most_together <= 2


def test_an_unknown_crawl_is_a_usage_error_that_names_the_latest(ask):
    with pytest.raises(UsageError, match=f"has no CC-MAIN-2020-99; the latest crawl is {NEW}"):
        ask("cc:CC-MAIN-2020-99:e.org/*")


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [("/collinfo.json", 503, r"request to .* failed: "), (f"/{NEW}-index", 500, r"request to .* failed: ")],
)
def test_a_server_that_stays_busy_is_a_one_line_error(ask, server, path, status, message):
    server.faults = {path: [status] * 9}
    with pytest.raises(GrError, match=message) as caught:
        ask("cc:e.org/*")
    assert "\n" not in str(caught.value)


def test_another_server_or_no_server_is_a_one_line_error(store, settings, site, reply):
    site.replies["/collinfo.json"] = reply(b"<html>hello</html>")
    servers = {"index": site.url, "data": site.url}
    with pytest.raises(GrError, match="did not answer like a Common Crawl index"):
        ingest_sources(store, settings, "cc:e.org/*", servers=servers)
    servers = {"index": "http://127.0.0.1:9", "data": site.url}
    with pytest.raises(GrError, match=r"request to .* failed"):
        ingest_sources(store, settings, "cc:e.org/*", servers=servers)


@pytest.mark.parametrize(
    ("crawls", "pattern", "name"),
    [
        ("1", "*.e.org", "cc:*.e.org"),
        ("1", "http://e.org:8080/a", "cc:http://e.org:8080/a"),
        ("3", "e.org", "cc:3:e.org"),
        ("CC-MAIN-2026-05,CC-MAIN-2026-10", "e.org/*", "cc:CC-MAIN-2026-05,CC-MAIN-2026-10:e.org/*"),
    ],
)
def test_a_query_is_parsed_into_crawls_and_pattern(crawls, pattern, name):
    from crawl.sources.sources import read_sources

    (archive,) = read_sources([name]).archives
    assert isinstance(archive, CommonCrawl)
    assert (archive.crawls, archive.pattern) == (crawls, pattern)


def test_fetched_at_is_the_time_of_the_capture(ask, store):
    ask("cc:e.org/*")
    assert {row["fetched_at"].isoformat() for row in rows_of(store, "pages")} == {"2026-03-04T05:06:07+00:00"}
