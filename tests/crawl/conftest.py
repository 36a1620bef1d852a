"""A real web site on loopback, with whatever faults a test needs, and what a crawl of it stored."""

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
    """What the site answers at one path; a body in parts is streamed without a length."""

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
    """A body that comes after a while: `seconds`, or a new random one each time."""

    def __init__(self, body: bytes, seconds: float | None = None) -> None:
        self.body = body
        self.seconds = seconds

    def __iter__(self) -> Iterator[bytes]:
        time.sleep(random.random() / 50 if self.seconds is None else self.seconds)
        return iter([self.body])


class Site(ThreadingHTTPServer):
    """`replies` by path and query, or functions of the request's headers; `hits` counts the requests."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.replies: dict[str, Reply | Callable[[Message], Reply]] = {}
        self.hits: Counter[str] = Counter()
        self.url = f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up on a large page is no news."""


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
        """Quiet."""


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def settings() -> CrawlSettings:
    """No waiting, no second try."""
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
    """Crawl and return the summary."""

    def run(*sources, **changes):
        summaries: list[Summary] = []
        crawl = settings.model_copy(update=changes)
        fetch(store, Settings(data=store.data, crawl=crawl), sources, summaries)
        (summary,) = summaries
        return summary

    return run


@pytest.fixture
def outcomes(store, site):
    """Path to reason, for every row."""

    def read():
        found = rows_of(store, "pages")
        paths = [row["url"].removeprefix(site.url) for row in found]
        assert len(paths) == len(set(paths)), "a page stands twice"
        return dict(zip(paths, (row["reason"] for row in found), strict=True))

    return read


@pytest.fixture
def frontier_states(store):
    """How many URLs the frontier has in each state."""

    def read():
        with closing(sqlite3.connect(store.state / FRONTIER)) as database:
            return dict(database.execute("SELECT state, count(*) FROM urls GROUP BY state").fetchall())

    return read
