"""Rows of `pages` as a WARC file (ISO 28500, version 1.1), written with warcio.

A function of the rows alone: the same shard gives the same bytes. `pages` holds a body unpacked, and of a
response's header what matters, so a record has just that: the status, Content-Type, ETag and Last-Modified as
they came, and the length of the body as it stands here. A request is its first line, host and user agent.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from http.client import responses
from io import BytesIO
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import UUID, uuid5

from crawl.response import decompress
from gr_toolkit.store.table import Row

if TYPE_CHECKING:
    from warcio.statusandheaders import StatusAndHeaders
    from warcio.warcwriter import WARCWriter

ENDING = ".warc.gz"
NOTE = "bodies are unpacked; of the headers status, Content-Type, ETag and Last-Modified are as they came"
HEADERS = {"content_type": "Content-Type", "etag": "ETag", "last_modified": "Last-Modified"}


def warc_of(name: str, rows: Sequence[Row], user_agent: str) -> bytes:
    """A gzipped WARC file called `name`, with request and response of every row that was fetched and kept.

    What was turned down has no body to write, and what an archive held nobody requested.
    """
    from warcio.warcwriter import WARCWriter

    fetched = [row for row in rows if row["kept"] and row["source"] == "web"]
    file = BytesIO()
    writer = WARCWriter(file, gzip=True, warc_version="WARC/1.1")
    _write_info(writer, name, fetched, user_agent)
    for row in fetched:
        _write_page(writer, row, user_agent)
    return file.getvalue()


def _write_info(writer: WARCWriter, name: str, rows: Sequence[Row], user_agent: str) -> None:
    info = {
        "software": "gr-toolkit",
        "format": "WARC File Format 1.1",
        "description": NOTE,
        "http-header-user-agent": user_agent,
    }
    record = writer.create_warcinfo_record(name, info)
    last = max((_date(row) for row in rows), default=datetime.fromtimestamp(0, UTC))
    record.rec_headers.replace_header("WARC-Record-ID", _urn(uuid5(UUID(int=0), name)))
    record.rec_headers.replace_header("WARC-Date", _iso(last))
    writer.write_record(record)


def _write_page(writer: WARCWriter, row: Row, user_agent: str) -> None:
    """A row's id is 128 bits, and so it is the record's."""
    url, id, html = str(row["url"]), UUID(str(row["id"])), row["html"]
    assert isinstance(html, bytes)
    body = decompress(html)
    date = _iso(_date(row))
    response = writer.create_warc_record(
        url,
        "response",
        payload=BytesIO(body),
        http_headers=_response_header(row, len(body)),
        warc_headers_dict={"WARC-Record-ID": _urn(id), "WARC-Date": date},
    )
    request = writer.create_warc_record(
        url,
        "request",
        http_headers=_request_header(url, user_agent),
        warc_headers_dict={
            "WARC-Record-ID": _urn(uuid5(id, "request")),
            "WARC-Date": date,
            "WARC-Concurrent-To": _urn(id),
        },
    )
    writer.write_record(request)
    writer.write_record(response)


def _response_header(row: Row, length: int) -> StatusAndHeaders:
    from warcio.statusandheaders import StatusAndHeaders

    status = int(str(row["status"]))
    headers = [(name, " ".join(str(row[column]).split())) for column, name in HEADERS.items() if row[column]]
    headers.append(("Content-Length", str(length)))
    return StatusAndHeaders(f"{status} {responses.get(status, '')}", headers, protocol="HTTP/1.1")


def _request_header(url: str, user_agent: str) -> StatusAndHeaders:
    from warcio.statusandheaders import StatusAndHeaders

    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    host = parts.netloc.rpartition("@")[2]
    headers = [("Host", host), ("User-Agent", user_agent)]
    return StatusAndHeaders(f"GET {target} HTTP/1.1", headers, is_http_request=True)


def _date(row: Row) -> datetime:
    date = row["fetched_at"]
    assert isinstance(date, datetime)
    return date


def _iso(date: datetime) -> str:
    return date.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _urn(id: UUID) -> str:
    return f"<urn:uuid:{id}>"
