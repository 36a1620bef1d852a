"""Sitemaps (https://www.sitemaps.org/protocol.html), sitemap indexes, and the sitemaps robots.txt names."""

from __future__ import annotations

import zlib

from lxml import etree

from crawl.response import Listing
from crawl.tree import strings
from crawl.urls import absolute_url

MOST_BYTES = 52_428_800  # the protocol's own limit, uncompressed
ROBOTS = "/robots.txt"
GZIP = b"\x1f\x8b"


def read_listing(url: str, body: bytes) -> Listing | None:
    """What a sitemap, a sitemap index (either may be gzipped) or robots.txt lists; None for anything else."""
    if url.endswith(ROBOTS):
        return Listing([], _absolute(_robots_sitemaps(body), url))
    root = _parse(body)
    if root is None:
        return None
    kind = etree.QName(root).localname
    found = _absolute(strings(root, "/*/*/*[local-name() = 'loc']/text()"), url)
    return {"urlset": Listing(found, []), "sitemapindex": Listing([], found)}.get(kind)


def _robots_sitemaps(body: bytes) -> list[str]:
    lines = (line.partition(":") for line in body.decode("utf-8", "replace").splitlines())
    return [value for name, _, value in lines if name.strip().lower() == "sitemap"]


def _parse(body: bytes) -> etree._Element | None:
    try:
        if body.startswith(GZIP):
            body = zlib.decompressobj(wbits=31).decompress(body, MOST_BYTES)
        parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, huge_tree=True)
        root: etree._Element | None = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, zlib.error, ValueError):
        return None
    return root


def _absolute(urls: list[str], base: str) -> list[str]:
    found = (absolute_url(str(url), base) for url in urls)
    return list(dict.fromkeys(url for url in found if url))
