"""The records that pass between the parts of a crawl: a URL to fetch, and what came back for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from gr_toolkit.store.table import Row

Kind = Literal["page", "sitemap"]


@dataclass(frozen=True)
class Entry:
    """A URL to fetch. If it is `known`, its page is in `pages`, and the request is conditional."""

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
    """An HTTP response: its row of `pages`, its size in bytes, and its links (None: not extracted yet)."""

    row: Row
    size: int
    links: list[str] | None


@dataclass(frozen=True)
class Unchanged:
    """The page has not changed since it was last fetched."""


@dataclass(frozen=True)
class Listing:
    """What a sitemap or robots.txt lists, and the Unix times at which some of the pages changed."""

    pages: list[str]
    sitemaps: list[str]
    changed: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class FetchFailure:
    """No page came. Unless `refused` it is retried, after `wait` seconds if the server asked for that."""

    reason: str
    refused: bool = False
    wait: float | None = None


Result = Page | Unchanged | Listing | FetchFailure
