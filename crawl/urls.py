"""URLs: which may be fetched, which are one and the same, and which a crawl is allowed to follow."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from math import inf
from urllib.parse import urldefrag, urljoin, urlsplit, urlunsplit

from w3lib.url import canonicalize_url, safe_url_string

from gr_toolkit.errors import UsageError
from gr_toolkit.settings import CrawlSettings

MAX_URL = 2083  # characters, the longest URL that browsers used to take
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
DEFAULT_PORTS = {"http": ":80", "https": ":443"}
# Query parameters that name the visit and not the page.
TRACKING = re.compile(
    r"utm_\w+|g(?:ad_)?clid|gclsrc|[gw]braid|dclid|fbclid|msclkid|yclid|ysclid|twclid|ttclid|li_fat_id"
    r"|mc_[ce]id|igshid|_hs(?:enc|mi)|mkt_tok|vero_id|oly_(?:anon|enc)_id|_openstat|wickedid|s_cid",
    re.IGNORECASE,
)


def absolute_url(link: str, base: str = "") -> str | None:
    """The http(s) URL that `link` means on the page `base`, without fragment; None where it is none."""
    try:
        url = safe_url_string(urldefrag(urljoin(base, link.strip())).url)
        parts = urlsplit(url)
        fetchable = parts.scheme in DEFAULT_PORTS and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    return urlunsplit(parts._replace(path=parts.path or "/")) if fetchable and len(url) <= MAX_URL else None


@lru_cache(maxsize=20_000)  # the pages of a site link to much the same
def canonical_url(url: str) -> str:
    """One spelling for all URLs of a page: query sorted, fragment, tracking and default port removed."""
    parts = urlsplit(canonicalize_url(url))
    query = "&".join(
        part for part in parts.query.split("&") if not TRACKING.fullmatch(part.partition("=")[0])
    )
    netloc = parts.netloc.removesuffix(DEFAULT_PORTS.get(parts.scheme, ""))
    return urlunsplit(parts._replace(netloc=netloc, query=query))


def host_of(url: str) -> str:
    """Host name in lower case, with the port where it is not the scheme's own."""
    parts = urlsplit(url)
    netloc = parts.netloc.rpartition("@")[2].lower()
    return netloc.removesuffix(DEFAULT_PORTS.get(parts.scheme, ""))


def origin_of(url: str) -> str:
    """Scheme, host name and port: whatever one robots.txt speaks for."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


class Scope:
    """Which URLs a crawl takes: by regular expression (any of `allow`, none of `deny`) and by its part of the
    hosts. Raises UsageError for what is no expression, and for a part that is none.
    """

    def __init__(self, settings: CrawlSettings) -> None:
        self.allow = [_compile("allow", pattern) for pattern in settings.allow]
        self.deny = [_compile("deny", pattern) for pattern in settings.deny]
        self.part, self.parts = _part(settings.part)

    def has_host(self, url: str) -> bool:
        """Whether the URL's host belongs to this machine's part."""
        if self.parts == 1:
            return True
        digest = hashlib.sha256((urlsplit(url).hostname or "").encode()).digest()
        return int.from_bytes(digest[:8], "big") % self.parts == self.part - 1

    def admits(self, url: str) -> bool:
        """Whether a URL that was found, and not named, is fetched."""
        wanted = not self.allow or any(pattern.search(url) for pattern in self.allow)
        return wanted and not any(pattern.search(url) for pattern in self.deny) and self.has_host(url)

    def follow(self, links: Iterable[str], host: str) -> Iterator[str]:
        """Those of a page's links that are followed: to its own host, and admitted."""
        return (link for link in links if host_of(link) == host and self.admits(link))


def _part(text: str) -> tuple[int, int]:
    """3/16 is (3, 16), and nothing is all of it."""
    number, count = map(int, (text or "1/1").split("/"))
    if number > count:
        raise UsageError(f"crawl.part: {text} is not a part; the last of {count} is {count}/{count}")
    return number, count


def seconds_of(duration: str) -> float:
    """30d in seconds; infinity for `never`."""
    return inf if duration == "never" else float(duration[:-1]) * SECONDS[duration[-1]]


def _compile(name: str, pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise UsageError(f"crawl.{name}: {pattern!r} is not a regular expression: {error}") from error
