"""Pure functions that turn an HTTP response into a row of `pages` and its links."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime

import pyarrow as pa
from w3lib.html import get_meta_refresh

from crawl.result import Page
from crawl.text.canonical import declared_canonical
from crawl.text.decode import decode
from crawl.text.tree import parse, strings
from crawl.urls import absolute_url, canonical_url, host_of
from gr_toolkit.store import content_id
from gr_toolkit.store.tables import PageRow

HTML_TYPES = {"text/html", "application/xhtml+xml"}
HTML_START = re.compile(rb"\s*<(!doctype html|!--|html|head|body|title|meta|h1|div|p)", re.IGNORECASE)
SIGNATURES = (b"%PDF-", b"\x89PNG", b"GIF8", b"\xff\xd8\xff", b"PK\x03\x04", b"\x1f\x8b", b"\x7fELF", b"RIFF")
UTF_16_OR_32 = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
CONTROL_BYTES = bytes(set(range(32)) - set(b"\t\n\r\f\x1b"))
SNIFF_BYTES = 4096  # bytes of the body to inspect
MAX_CONTROL_SHARE = 0.02  # share of control bytes in the inspected part above which a body is binary
LINKS = "//a/@href | //area/@href | //frame/@src | //link[@rel='next']/@href"


def read_page(
    url: str,
    depth: int,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    reason: str | None = None,
    *,
    source: str = "web",
    fetched_at: datetime | None = None,
    with_links: bool = True,
) -> Page:
    """Return the Page of a response: its row of `pages`, and its links as absolute URLs if `with_links`.

    If `reason` is not None, the row is rejected for that reason. `source` is "web" or the name of the archive
    that holds the response.
    """
    url = absolute_url(url) or url
    content_type = headers.get("content-type", "")
    reason = reason or rejection_reason(status, content_type, body)
    digest = hashlib.sha256(body).hexdigest()
    row: PageRow = {
        "id": content_id(url, digest),
        "url": url,
        "canonical_url": canonical_url(url if reason else declared_canonical(body, url) or url),
        "host": host_of(url),
        "fetched_at": fetched_at or datetime.now(UTC),
        "status": status,
        "content_type": content_type,
        "etag": headers.get("etag"),
        "last_modified": headers.get("last-modified"),
        "depth": depth,
        "source": source,
        "html": b"" if reason else compress(body),
        "content_sha256": digest,
        "kept": reason is None,
        "reason": reason,
    }
    links = find_links(decode(body, content_type), url) if with_links and not reason else []
    return Page(row, len(body), links if with_links or reason else None)


def links_of(page: Page) -> list[str]:
    """The links of a page. Parses the page's HTML if the links were not extracted yet."""
    return links_of_row(page.row) if page.links is None else page.links


def links_of_row(row: PageRow) -> list[str]:
    """The links in the HTML of a row of `pages`; empty if the row was rejected."""
    html = row["html"]
    return find_links(decode(decompress(html), row["content_type"]), row["url"]) if html else []


def rejection_reason(status: int, content_type: str, body: bytes) -> str | None:
    """The reason to reject a response; None if the response is a page to keep."""
    media = media_type(content_type)
    if not 200 <= status < 300:
        return f"status {status}"
    if not body.strip():
        return "empty" if media in HTML_TYPES or not media else f"not HTML ({media})"
    if not media and not HTML_START.match(body):
        return "not HTML (no content type)"
    if media and media not in HTML_TYPES:
        return f"not HTML ({media})"
    return "binary" if is_binary(body, content_type) else None


def media_type(content_type: str) -> str:
    """The media type in lower case: `text/html` for `Text/HTML; charset=utf-8`."""
    return content_type.partition(";")[0].strip().lower()


def is_binary(body: bytes, content_type: str) -> bool:
    """Whether a body declared as HTML is binary, judged by its signature and its control characters."""
    head = body[:SNIFF_BYTES]
    if head.startswith(SIGNATURES):
        return True
    if head.startswith(UTF_16_OR_32) or re.search(r"charset=\W*(utf-?16|utf-?32|ucs)", content_type, re.I):
        return False
    return len(head) - len(head.translate(None, CONTROL_BYTES)) > MAX_CONTROL_SHARE * len(head)


def find_links(html: str, url: str) -> list[str]:
    """The unique http(s) URLs a page links to, in document order; a meta refresh counts as a link."""
    tree = parse(html)
    if tree is None:
        return []
    base = absolute_url(next(iter(strings(tree, "//base/@href")), ""), url) or url
    links = strings(tree, LINKS) + _meta_refresh(html, base)
    found = (absolute_url(link, base) for link in links)
    return list(dict.fromkeys(link for link in found if link))


def _meta_refresh(html: str, base: str) -> list[str]:
    try:
        target = get_meta_refresh(html, base)[1]
    except ValueError:  # the target is not a URL, such as http://[
        return []
    return [target] if target else []


def compress(body: bytes) -> bytes:
    """Compress a body with zstd for column `html`."""
    return bytes(pa.compress(body, codec="zstd", asbytes=True))


def decompress(html: bytes) -> bytes:
    """Return the body that `compress` compressed."""
    with pa.CompressedInputStream(pa.BufferReader(html), "zstd") as stream:
        return bytes(stream.read())
