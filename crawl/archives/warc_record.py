"""One record of a WARC file, as FastWARC reads it, to a row of `pages` or a count."""

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
    """Sort a record in; False where the file ends before the record does."""
    from fastwarc.warc import WarcRecordType

    if "Content-Length" not in record.headers:
        return False
    kind, length = record.record_type, record.content_length
    if kind == WarcRecordType.response and record.is_http:
        return _take_response(record, sorter)
    if kind == WarcRecordType.resource:
        return _take_body(record, 200, {"content-type": record.headers.get("Content-Type") or ""}, sorter)
    if kind == WarcRecordType.response:
        sorter.other("no HTTP response")
    elif kind == WarcRecordType.revisit:
        sorter.other("revisit")
    return record.consume() == length


def _take_response(record: WarcRecord, sorter: Sorter) -> bool:
    """An HTTP response. One whose header makes no sense is counted."""
    try:
        record.parse_http()
        header = record.http_headers
        status = None if "\n" in (header.status_line or "") else header.status_code
    except OSError:
        status = None
    if status is None:
        sorter.other("broken HTTP header")
        return True
    return _take_body(record, status, {name.lower(): value for name, value in header.items()}, sorter)


def _take_body(record: WarcRecord, status: int, headers: dict[str, str], sorter: Sorter) -> bool:
    """No more of a body is read than a page may be long, packed as well as unpacked."""
    length = record.content_length
    raw = record.reader.read(sorter.most + 1)
    is_whole = len(raw) == min(length, sorter.most + 1)
    url = absolute_url((record.headers.get("WARC-Target-URI") or "").strip("<>"))
    if url is None:
        sorter.other("no address on the web")
        return is_whole
    cut = not is_whole or "WARC-Truncated" in record.headers
    sorter.take(
        url,
        status,
        headers,
        unpack(raw, headers, sorter.most),
        fetched_at=_time(record.headers.get("WARC-Date") or ""),
        reason="truncated" if cut else None,
    )
    return is_whole


def unpack(body: bytes, headers: dict[str, str], most: int) -> bytes:
    """The body without its transfer and content encodings, up to `most` bytes and one.

    A body that is not in the encoding that its header names is taken as it is: many archives hold bodies
    unpacked, and the headers as they were.
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
                body = reader(BytesIO(body)).read(most + 1)
            except OSError:
                continue
    return body


def _time(date: str) -> datetime | None:
    """The time of a WARC-Date, None where it is none."""
    try:
        time = datetime.fromisoformat(date)
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)
