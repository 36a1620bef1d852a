"""The records passed between the parts of a crawl: a URL to fetch and its result."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from gr_toolkit.store.tables import PageRow

Kind = Literal["page", "sitemap"]


@dataclass(frozen=True)
class Entry:
    """A URL to fetch. `known` means that the page is already stored; the request is then conditional."""

    id: int
    url: str
    canonical: str
    host: str
    depth: int
    kind: Kind
    known: bool = False
    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True)
class Page:
    """An HTTP response: its row of `pages`, its size in bytes, and its links (None if not extracted yet)."""

    row: PageRow
    size: int
    links: list[str] | None


@dataclass(frozen=True)
class Unchanged:
    """The server reports that the page has not changed since it was last fetched."""


@dataclass(frozen=True)
class Listing:
    """The pages and sitemaps that a sitemap or robots.txt lists. `changed`: last change by URL, Unix time."""

    pages: list[str]
    sitemaps: list[str]
    changed: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class FetchFailure:
    """A request that returned no page or sitemap, and why.

    It is retried unless `refused`. `wait` is the time in seconds that the server asks to wait before a retry.
    """

    reason: str
    refused: bool = False
    wait: float | None = None


Result = Page | Unchanged | Listing | FetchFailure
