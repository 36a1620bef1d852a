"""URLs: normalization, canonical form, and the scope of a crawl."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from math import inf
from urllib.parse import urldefrag, urljoin, urlsplit, urlunsplit

from w3lib.url import canonicalize_url, safe_url_string

from gr_toolkit.settings import CrawlSettings

MAX_URL = 2083  # characters; the longest URL that old browsers accepted
USER = re.compile(r"https?://[^/?#]*@|[a-z][a-z0-9+.-]*://[^/?#:]*:[^/?#]*@", re.IGNORECASE)
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
DEFAULT_PORTS = {"http": ":80", "https": ":443"}
# Query parameters that identify the visit, not the page.
TRACKING = re.compile(
    r"utm_\w+|g(?:ad_)?clid|gclsrc|[gw]braid|dclid|fbclid|msclkid|yclid|ysclid|twclid|ttclid|li_fat_id"
    r"|mc_[ce]id|igshid|_hs(?:enc|mi)|mkt_tok|vero_id|oly_(?:anon|enc)_id|_openstat|wickedid|s_cid",
    re.IGNORECASE,
)


def absolute_url(link: str, base: str = "") -> str | None:
    """Resolve `link` against `base`, without the fragment, user name and password.

    Return None if the result is no http(s) URL.
    """
    try:
        url = safe_url_string(urldefrag(urljoin(base, link.strip())).url)
        parts = urlsplit(url)
        fetchable = parts.scheme in DEFAULT_PORTS and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    if not fetchable or len(url) > MAX_URL:
        return None
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], path=parts.path or "/"))


def has_user(url: str) -> bool:
    """Whether the URL holds a user name or, if it is no http(s) URL, a user name and a password.

    A user name alone is part of the addresses of some object stores. The URL need not be valid.
    """
    return USER.match(url.strip()) is not None


@lru_cache(maxsize=20_000)  # many pages of a site link to the same URLs
def canonical_url(url: str) -> str:
    """Return the URL with sorted query parameters, without fragment, tracking parameters and default port."""
    parts = urlsplit(canonicalize_url(url))
    query = "&".join(
        part for part in parts.query.split("&") if not TRACKING.fullmatch(part.partition("=")[0])
    )
    netloc = parts.netloc.removesuffix(DEFAULT_PORTS.get(parts.scheme, ""))
    return urlunsplit(parts._replace(netloc=netloc, query=query))


def host_of(url: str) -> str:
    """The host name in lower case, with the port unless it is the scheme's default."""
    parts = urlsplit(url)
    netloc = parts.netloc.rpartition("@")[2].lower()
    return netloc.removesuffix(DEFAULT_PORTS.get(parts.scheme, ""))


def origin_of(url: str) -> str:
    """The URL's origin (scheme, host name and port). Each origin has its own robots.txt."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


class Scope:
    """Decides which URLs a crawl fetches. A URL must match a regular expression in `allow` (if there are any)
    and none in `deny`, and its host must be in this machine's part.
    """

    def __init__(self, settings: CrawlSettings) -> None:
        self.allow = [re.compile(pattern) for pattern in settings.allow]
        self.deny = [re.compile(pattern) for pattern in settings.deny]
        self.part, self.parts = map(int, (settings.part or "1/1").split("/"))

    def has_host(self, url: str) -> bool:
        """Whether the URL's host belongs to this machine's part."""
        if self.parts == 1:
            return True
        digest = hashlib.sha256((urlsplit(url).hostname or "").encode()).digest()
        return int.from_bytes(digest[:8], "big") % self.parts == self.part - 1

    def admits(self, url: str) -> bool:
        """Whether to fetch a discovered URL; a URL that the user names is exempt from `allow` and `deny`."""
        wanted = not self.allow or any(pattern.search(url) for pattern in self.allow)
        return wanted and not any(pattern.search(url) for pattern in self.deny) and self.has_host(url)

    def follow(self, links: Iterable[str], host: str) -> Iterator[str]:
        """Yield the links to follow from a page on `host`: the admitted links to the same host."""
        return (link for link in links if host_of(link) == host and self.admits(link))


def seconds_of(duration: str) -> float:
    """Convert a duration such as `30d` to seconds; `never` becomes infinity."""
    return inf if duration == "never" else float(duration[:-1]) * SECONDS[duration[-1]]
