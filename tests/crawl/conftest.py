"""A real web server on loopback, with any faults a test needs, and fixtures to crawl it."""

from __future__ import annotations

import random
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from crawl.fetch import FRONTIER, fetch
from gr_toolkit.console import Summary
from gr_toolkit.settings import CrawlSettings, Settings
from rows import rows_of


@dataclass
class Reply:
    """The site's response at one path; an iterable body is streamed without a Content-Length."""

    body: bytes | Iterable[bytes] = b""
    status: int = 200
    type: str | None = "text/html; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)


def page(text: str, *links: str) -> Reply:
    anchors = " ".join(f'<a href="{link}">next</a>' for link in links)
    return Reply(
        f"<html><head><title>{text}</title></head><body><p>{text}</p>{anchors}</body></html>".encode()
    )


class Late:
    """A body sent after `seconds`, or after a new random delay each time."""

    def __init__(self, body: bytes, seconds: float | None = None) -> None:
        self.body = body
        self.seconds = seconds

    def __iter__(self) -> Iterator[bytes]:
        time.sleep(random.random() / 50 if self.seconds is None else self.seconds)
        return iter([self.body])


class Site(ThreadingHTTPServer):
    """`replies`: path and query -> Reply or a function of the headers. `hits` counts requests by path."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.replies: dict[str, Reply | Callable[[Message], Reply]] = {}
        self.hits: Counter[str] = Counter()
        self.url = f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore errors: clients close the connection on large pages."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Site

    def do_GET(self) -> None:
        self.server.hits[self.path] += 1
        reply = self.server.replies.get(self.path, Reply(b"not here", 404))
        if callable(reply):
            reply = reply(self.headers)
        self.send_response(reply.status)
        if reply.type is not None:
            self.send_header("Content-Type", reply.type)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if isinstance(reply.body, bytes):
            self.send_header("Content-Length", str(len(reply.body)))
        else:
            self.send_header("Connection", "close")
        self.end_headers()
        for part in [reply.body] if isinstance(reply.body, bytes) else reply.body:
            self.wfile.write(part)

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def settings() -> CrawlSettings:
    """Settings without delays or retries."""
    return CrawlSettings(allow_private=True, delay=0, retries=0, timeout=10, shard_pages=5)


@pytest.fixture(name="page")
def page_fixture():
    return page


@pytest.fixture(name="reply")
def reply_fixture():
    return Reply


@pytest.fixture(name="late")
def late_fixture():
    return Late


@pytest.fixture
def crawl(store, settings):
    """Crawl the sources and return the summary."""

    def run(*sources, **changes):
        summaries: list[Summary] = []
        crawl = settings.model_copy(update=changes)
        fetch(store, Settings(data=store.data, crawl=crawl), sources, summaries)
        (summary,) = summaries
        return summary

    return run


@pytest.fixture
def outcomes(store, site):
    """Map the path of every row to its reason."""

    def read():
        found = rows_of(store, "pages")
        paths = [row["url"].removeprefix(site.url) for row in found]
        assert len(paths) == len(set(paths)), "a page has two rows"
        return dict(zip(paths, (row["reason"] for row in found), strict=True))

    return read


@pytest.fixture
def frontier_states(store):
    """Count the frontier's URLs by state."""

    def read():
        with closing(sqlite3.connect(store.state / FRONTIER)) as database:
            return dict(database.execute("SELECT state, count(*) FROM urls GROUP BY state").fetchall())

    return read
