"""Rows of `pages` as a WARC file (ISO 28500, version 1.1), written with warcio.

The output depends on the rows alone: the same shard yields the same bytes. `pages` stores decoded bodies and
only a few headers. A response record therefore has only the status, the original Content-Type, ETag and
Last-Modified, and the length of the decoded body. A request record has the request line, host and user agent.
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
from gr_toolkit.store.tables import PageRow

if TYPE_CHECKING:
    from warcio.statusandheaders import StatusAndHeaders
    from warcio.warcwriter import WARCWriter

ENDING = ".warc.gz"
NOTE = "bodies are unpacked; of the headers status, Content-Type, ETag and Last-Modified are as they came"


def warc_of(name: str, rows: Sequence[PageRow], user_agent: str) -> bytes:
    """Return a gzipped WARC file with the request and response of every row that was fetched and kept.

    Other rows are skipped: rejected rows have no body, and rows from an archive were never requested. `name`
    is the file name that the first record states.
    """
    from warcio.warcwriter import WARCWriter

    fetched = [row for row in rows if row["kept"] and row["source"] == "web"]
    file = BytesIO()
    writer = WARCWriter(file, gzip=True, warc_version="WARC/1.1")
    _write_info(writer, name, fetched, user_agent)
    for row in fetched:
        _write_page(writer, row, user_agent)
    return file.getvalue()


def _write_info(writer: WARCWriter, name: str, rows: Sequence[PageRow], user_agent: str) -> None:
    info = {
        "software": "gr-toolkit",
        "format": "WARC File Format 1.1",
        "description": NOTE,
        "http-header-user-agent": user_agent,
    }
    record = writer.create_warcinfo_record(name, info)
    last = max((row["fetched_at"] for row in rows), default=datetime.fromtimestamp(0, UTC))
    record.rec_headers.replace_header("WARC-Record-ID", _urn(uuid5(UUID(int=0), name)))
    record.rec_headers.replace_header("WARC-Date", _iso(last))
    writer.write_record(record)


def _write_page(writer: WARCWriter, row: PageRow, user_agent: str) -> None:
    """Write a row's request and response. The row's id has 128 bits and becomes the record's UUID."""
    url, id, body, date = row["url"], UUID(row["id"]), decompress(row["html"]), _iso(row["fetched_at"])
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


def _response_header(row: PageRow, length: int) -> StatusAndHeaders:
    from warcio.statusandheaders import StatusAndHeaders

    fields = {
        "Content-Type": row["content_type"],
        "ETag": row["etag"],
        "Last-Modified": row["last_modified"],
    }
    headers = [(name, " ".join(value.split())) for name, value in fields.items() if value]
    headers.append(("Content-Length", str(length)))
    status = f"{row['status']} {responses.get(row['status'], '')}"
    return StatusAndHeaders(status, headers, protocol="HTTP/1.1")


def _request_header(url: str, user_agent: str) -> StatusAndHeaders:
    from warcio.statusandheaders import StatusAndHeaders

    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    host = parts.netloc.rpartition("@")[2]
    headers = [("Host", host), ("User-Agent", user_agent)]
    return StatusAndHeaders(f"GET {target} HTTP/1.1", headers, is_http_request=True)


def _iso(date: datetime) -> str:
    return date.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _urn(id: UUID) -> str:
    return f"<urn:uuid:{id}>"
