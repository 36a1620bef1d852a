"""WARC files for tests, and helpers to ingest archives and read the resulting pages."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from crawl.fetch import last_shard, open_frontier
from crawl.ingest import ingest
from crawl.page_writer import PageWriter
from crawl.sources.sources import read_sources
from gr_toolkit.console import Summary
from gr_toolkit.settings import CrawlSettings
from gr_toolkit.store import Store
from rows import rows_of

DATE = "2026-03-04T05:06:07Z"
HTML = {"Content-Type": "text/html; charset=utf-8"}


def html(text: str) -> bytes:
    return f"<html><body><p>{text}</p></body></html>".encode()


class Warc:
    """A WARC file under construction; `gz` puts each record in a separate gzip member."""

    def __init__(self, gz: bool = True) -> None:
        self.file = BytesIO()
        self.writer = WARCWriter(self.file, gzip=gz)
        self.writer.write_record(self.writer.create_warcinfo_record("test.warc", {"software": "test"}))
        self.starts: list[int] = []  # of the added records

    def add(
        self,
        url: str,
        body: bytes | None = None,
        headers: dict[str, str] = HTML,
        *,
        status: int = 200,
        kind: str = "response",
        warc: dict[str, str] | None = None,
    ) -> Warc:
        """Add a record about `url`, by default a response with an HTML page that contains the URL."""
        http = StatusAndHeaders(f"{status} Any", list(headers.items()), protocol="HTTP/1.1")
        about = {"WARC-Date": DATE, **(warc or {})}
        record = self.writer.create_warc_record(
            url,
            kind,
            payload=BytesIO(html(url) if body is None else body),
            http_headers=http if kind == "response" else None,
            warc_content_type="" if kind == "response" else headers["Content-Type"],
            warc_headers_dict=about,
        )
        self.starts.append(self.file.tell())
        self.writer.write_record(record)
        return self

    @property
    def content(self) -> bytes:
        return self.file.getvalue()


def warc_of_pages(count: int, *, gz: bool = True, prefix: str = "http://e.org/") -> Warc:
    """A WARC with `count` different pages."""
    made = Warc(gz)
    for number in range(count):
        made.add(f"{prefix}{number}", html(f"{prefix} {number} " + "words " * 100))
    return made


def raw_record(block: bytes, url: str = "http://e.org/raw") -> bytes:
    """An uncompressed response record with exactly this block."""
    header = (
        f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: {url}\r\nWARC-Date: {DATE}\r\n"
        f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(block)}\r\n\r\n"
    )
    return header.encode() + block + b"\r\n\r\n"


def ingest_sources(
    store: Store,
    settings: CrawlSettings,
    *names: str,
    engine: str = "local",
    workers: int = 1,
    servers: dict[str, str] | None = None,
    **changes: object,
) -> Summary:
    """Ingest the archives of these names like a crawl."""
    settings = settings.model_copy(update=changes)
    archives = read_sources(names, **(servers or {})).archives
    pages = store.table("pages")
    with pages.writing(), open_frontier(store, settings) as frontier:
        writer = PageWriter(pages, frontier, settings, last_shard(store) + 1)
        ingest(archives, writer, frontier, settings, engine=engine, workers=workers)
    return writer.summary


def pages_of(store: Store, columns: Sequence[str] = ("url", "reason")) -> list[tuple[object, ...]]:
    """Some columns of all pages, in order."""
    return [tuple(row[column] for column in columns) for row in rows_of(store, "pages")]
