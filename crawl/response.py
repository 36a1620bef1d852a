"""What came back for a URL, as pure functions of the response: a page's row and the links on it."""

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
from gr_toolkit.store.table import Row

HTML_TYPES = {"text/html", "application/xhtml+xml"}
HTML_START = re.compile(rb"\s*<(!doctype html|!--|html|head|body|title|meta|h1|div|p)", re.IGNORECASE)
SIGNATURES = (b"%PDF-", b"\x89PNG", b"GIF8", b"\xff\xd8\xff", b"PK\x03\x04", b"\x1f\x8b", b"\x7fELF", b"RIFF")
UTF_16_OR_32 = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
CONTROL = bytes(set(range(32)) - set(b"\t\n\r\f\x1b"))
SNIFFED = 4096  # bytes
MAX_CONTROL_SHARE = 0.02  # share of control characters from which bytes are no text
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
    """The row of a response and its links as absolute URLs; `reason`, if given, turns the row down.

    `source` is "web", or the archive that the response comes from.
    """
    url = absolute_url(url) or url
    content_type = headers.get("content-type", "")
    reason = reason or turned_down(status, content_type, body)
    digest = hashlib.sha256(body).hexdigest()
    row: Row = {
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
    """The links on a page, looked for only now where they were not before."""
    return links_on(page.row) if page.links is None else page.links


def links_on(row: Row) -> list[str]:
    """The links on the page of a row; none where it was turned down."""
    html = row["html"]
    assert isinstance(html, bytes)
    return find_links(decode(decompress(html), str(row["content_type"])), str(row["url"])) if html else []


def turned_down(status: int, content_type: str, body: bytes) -> str | None:
    """Why a response is no page to keep; None where it is one."""
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
    """`text/html` of `Text/HTML; charset=utf-8`."""
    return content_type.partition(";")[0].strip().lower()


def is_binary(body: bytes, content_type: str) -> bool:
    """Whether bytes that are called HTML cannot be: by signature or by their control characters."""
    head = body[:SNIFFED]
    if head.startswith(SIGNATURES):
        return True
    if head.startswith(UTF_16_OR_32) or re.search(r"charset=\W*(utf-?16|utf-?32|ucs)", content_type, re.I):
        return False
    return len(head) - len(head.translate(None, CONTROL)) > MAX_CONTROL_SHARE * len(head)


def find_links(html: str, url: str) -> list[str]:
    """The http(s) URLs a page links to, in its order, each once; a meta refresh counts as a link."""
    tree = parse(html)
    if tree is None:
        return []
    base = absolute_url(next(iter(strings(tree, "//base/@href")), ""), url) or url
    links = strings(tree, LINKS) + _refresh(html, base)
    found = (absolute_url(link, base) for link in links)
    return list(dict.fromkeys(link for link in found if link))


def _refresh(html: str, base: str) -> list[str]:
    try:
        target = get_meta_refresh(html, base)[1]
    except ValueError:  # it names no URL, such as http://[
        return []
    return [target] if target else []


def compress(body: bytes) -> bytes:
    """zstd, as column `html` holds it."""
    return bytes(pa.compress(body, codec="zstd", asbytes=True))


def decompress(html: bytes) -> bytes:
    """The bytes that `compress` was given."""
    with pa.CompressedInputStream(pa.BufferReader(html), "zstd") as stream:
        return bytes(stream.read())
