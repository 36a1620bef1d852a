"""URLs: which may be fetched, which are one and the same, and which a crawl is allowed to follow."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import urldefrag, urljoin, urlsplit, urlunsplit

from w3lib.url import canonicalize_url, safe_url_string

from errors import UsageError

LONGEST = 2083  # characters, the longest URL that browsers used to take
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
    return urlunsplit(parts._replace(path=parts.path or "/")) if fetchable and len(url) <= LONGEST else None


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


class Patterns:
    """The regular expressions that a followed URL must match (any of `allow`) and must not (`deny`)."""

    def __init__(self, allow: Sequence[str], deny: Sequence[str]) -> None:
        self.allow = [_compile("allow", pattern) for pattern in allow]
        self.deny = [_compile("deny", pattern) for pattern in deny]

    def admit(self, url: str) -> bool:
        """Whether a link to `url` is followed."""
        wanted = not self.allow or any(pattern.search(url) for pattern in self.allow)
        return wanted and not any(pattern.search(url) for pattern in self.deny)

    def follow(self, links: Iterable[str], host: str) -> Iterator[str]:
        """Those of a page's links that are followed: to its own host, and admitted."""
        return (link for link in links if host_of(link) == host and self.admit(link))


def _compile(name: str, pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise UsageError(f"crawl.{name}: {pattern!r} is not a regular expression: {error}") from error
