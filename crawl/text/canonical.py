"""What a page calls its own URL: `<link rel="canonical" href="...">` (RFC 6596)."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import urlsplit

from crawl.urls import absolute_url, host_of

HEAD = 200_000  # bytes in which link elements are looked for
LINK = re.compile(rb"<link\b[^>]{1,2000}>", re.IGNORECASE)
ATTRIBUTE = re.compile(rb"""\b(rel|href)\s*=\s*(?:"([^">]*)"|'([^'>]*)'|([^\s>"']+))""", re.IGNORECASE)


def declared_canonical(body: bytes, url: str) -> str | None:
    """The canonical URL that the page at `url` declares, where it is to be believed.

    That is on the page's own host, and not the site's root: there are sites whose every page names that.
    """
    for link in LINK.findall(body[:HEAD]):
        named = {name.lower(): b"".join(values) for name, *values in ATTRIBUTE.findall(link)}
        if b"canonical" in named.get(b"rel", b"").lower().split():
            found = absolute_url(unescape(named.get(b"href", b"").decode("utf-8", "replace")), url)
            believed = found and host_of(found) == host_of(url) and urlsplit(found).path != "/"
            return found if believed else None
    return None
