"""The canonical URL that a page declares: `<link rel="canonical" href="...">` (RFC 6596)."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import urlsplit

from crawl.urls import absolute_url, host_of

HEAD = 200_000  # bytes at the start of a page that are searched for link elements
LINK = re.compile(rb"<link\b[^>]{1,2000}>", re.IGNORECASE)
ATTRIBUTE = re.compile(rb"""\b(rel|href)\s*=\s*(?:"([^">]*)"|'([^'>]*)'|([^\s>"']+))""", re.IGNORECASE)


def declared_canonical(body: bytes, url: str) -> str | None:
    """Return the canonical URL that the page at `url` declares, or None if it is missing or not credible.

    A credible URL is on the page's host and is not the site's root, which some sites declare on every page.
    """
    for link in LINK.findall(body[:HEAD]):
        named = {name.lower(): b"".join(values) for name, *values in ATTRIBUTE.findall(link)}
        if b"canonical" in named.get(b"rel", b"").lower().split():
            found = absolute_url(unescape(named.get(b"href", b"").decode("utf-8", "replace")), url)
            believed = found and host_of(found) == host_of(url) and urlsplit(found).path != "/"
            return found if believed else None
    return None
