"""Turn a WARC record that FastWARC has read into a row of `pages`, or only count it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING

from crawl.archives.archive import Sorter
from crawl.urls import absolute_url

if TYPE_CHECKING:
    from fastwarc.stream_io import WarcReader
    from fastwarc.warc import WarcRecord


def take_record(record: WarcRecord, sorter: Sorter) -> bool:
    """Add a record to the sorter; return False if the file ends before the record does."""
    from fastwarc.warc import WarcRecordType

    if "Content-Length" not in record.headers:
        return False
    kind, length = record.record_type, record.content_length
    if kind == WarcRecordType.response and record.is_http:
        return _take_response(record, sorter)
    if kind == WarcRecordType.resource:
        return _take_body(record, 200, {"content-type": record.headers.get("Content-Type") or ""}, sorter)
    if kind == WarcRecordType.response:
        sorter.count("not an HTTP response")
    elif kind == WarcRecordType.revisit:
        sorter.count("revisit")
    return record.consume() == length


def _take_response(record: WarcRecord, sorter: Sorter) -> bool:
    """Add an HTTP response, or only count it if its header is unparsable. Returns False like take_record."""
    try:
        record.parse_http()
        header = record.http_headers
        status = None if "\n" in (header.status_line or "") else header.status_code
    except OSError:
        status = None
    if status is None:
        sorter.count("broken HTTP header")
        return True
    return _take_body(record, status, {name.lower(): value for name, value in header.items()}, sorter)


def _take_body(record: WarcRecord, status: int, headers: dict[str, str], sorter: Sorter) -> bool:
    """Add a record's body. Reads at most `max_bytes` + 1 bytes, and decodes at most as many."""
    length = record.content_length
    raw = record.reader.read(sorter.max_bytes + 1)
    is_whole = len(raw) == min(length, sorter.max_bytes + 1)
    url = absolute_url((record.headers.get("WARC-Target-URI") or "").strip("<>"))
    if url is None:
        sorter.count("no http(s) URL")
        return is_whole
    cut = not is_whole or "WARC-Truncated" in record.headers
    sorter.take(
        url,
        status,
        headers,
        unpack(raw, headers, sorter.max_bytes),
        fetched_at=_time(record.headers.get("WARC-Date") or ""),
        reason="truncated" if cut else None,
    )
    return is_whole


def unpack(body: bytes, headers: dict[str, str], max_bytes: int) -> bytes:
    """Remove the body's transfer and content encodings. Returns at most `max_bytes` + 1 bytes.

    A body that is not in the declared encoding is returned unchanged: many archives store decoded bodies with
    the original headers.
    """
    from fastwarc.stream_io import BrotliReader, ChunkedReader, GzipReader, ZstdReader

    readers: dict[str, Callable[[BytesIO], WarcReader]] = {
        "chunked": ChunkedReader,
        "gzip": GzipReader,
        "x-gzip": GzipReader,
        "deflate": partial(GzipReader, zlib=True),
        "br": BrotliReader,
        "zstd": ZstdReader,
    }
    encodings = headers.get("content-encoding", "").split(",")
    for name in [headers.get("transfer-encoding", ""), *reversed(encodings)]:
        if reader := readers.get(name.strip().lower()):
            try:
                body = reader(BytesIO(body)).read(max_bytes + 1)
            except OSError:
                continue
    return body


def _time(date: str) -> datetime | None:
    """The time of a WARC-Date; None if unparsable."""
    try:
        time = datetime.fromisoformat(date)
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)
