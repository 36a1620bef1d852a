"""Parses sitemaps (https://www.sitemaps.org/protocol.html), sitemap indexes, and robots.txt for sitemaps."""

from __future__ import annotations

import zlib
from calendar import monthrange
from datetime import UTC, datetime

from lxml import etree

from crawl.result import Listing
from crawl.text.tree import elements, strings
from crawl.urls import absolute_url

MAX_BYTES = 52_428_800  # the protocol's limit for an uncompressed sitemap
ROBOTS = "/robots.txt"
GZIP = b"\x1f\x8b"


def read_listing(url: str, body: bytes) -> Listing | None:
    """Parse a robots.txt, or a sitemap or sitemap index (may be gzipped). Return None for other content."""
    if url.endswith(ROBOTS):
        return Listing([], _absolute(_robots_sitemaps(body), url))
    root = _parse(body)
    if root is None:
        return None
    kind = etree.QName(root).localname
    found = _absolute(strings(root, "/*/*/*[local-name() = 'loc']/text()"), url)
    if kind == "sitemapindex":
        return Listing([], found)
    return Listing(found, [], _changed(root, url)) if kind == "urlset" else None


def _changed(root: etree._Element, base: str) -> dict[str, float]:
    """Map URLs to the Unix time of their last change; URLs without a valid `lastmod` are omitted."""
    changed: dict[str, float] = {}
    for lastmod in elements(root, "/*/*/*[local-name() = 'lastmod']"):
        loc = "".join(strings(lastmod, "../*[local-name() = 'loc']/text()"))
        at, page = time_of(lastmod.text or ""), absolute_url(loc, base)
        if at is not None and page:
            changed[page] = at
    return changed


def time_of(lastmod: str) -> float | None:
    """Convert a date, with or without a time (https://www.w3.org/TR/NOTE-datetime), to Unix time. A date
    without time stands for the end of its day, month or year. Return None if `lastmod` is not a date.
    """
    text = lastmod.strip()
    try:
        if len(text) > len("2026-01-01"):
            at = datetime.fromisoformat(text)
            return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
        year, month, day = (*(int(part) for part in text.split("-")), 0, 0)[:3]
        last = day or monthrange(year, month or 12)[1]
        return datetime(year, month or 12, last, 23, 59, 59, tzinfo=UTC).timestamp()
    except (ValueError, OverflowError):
        return None


def _robots_sitemaps(body: bytes) -> list[str]:
    lines = (line.partition(":") for line in body.decode("utf-8", "replace").splitlines())
    return [value for name, _, value in lines if name.strip().lower() == "sitemap"]


def _parse(body: bytes) -> etree._Element | None:
    try:
        if body.startswith(GZIP):
            body = zlib.decompressobj(wbits=31).decompress(body, MAX_BYTES)
        parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, huge_tree=True)
        root: etree._Element | None = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, zlib.error, ValueError):
        return None
    return root


def _absolute(urls: list[str], base: str) -> list[str]:
    found = (absolute_url(str(url), base) for url in urls)
    return list(dict.fromkeys(url for url in found if url))
