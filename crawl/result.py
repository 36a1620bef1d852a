"""The records that pass between the parts of a crawl: a URL to fetch, and what came back for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from gr_toolkit.store.table import Row

Kind = Literal["page", "sitemap"]


@dataclass(frozen=True)
class Entry:
    """A URL whose turn has come. One that is `known` stands in `pages`, and is asked whether it changed."""

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
    """An HTTP response: its row of table `pages`, its size in bytes, and the links on it; None where nobody
    looked for them yet.
    """

    row: Row
    size: int
    links: list[str] | None


@dataclass(frozen=True)
class Unchanged:
    """The page is as it was when it was last asked for."""


@dataclass(frozen=True)
class Listing:
    """What a sitemap or robots.txt lists, and the Unix times at which some of the pages changed."""

    pages: list[str]
    sitemaps: list[str]
    changed: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Miss:
    """No page came. `refused` is for good; else it is tried again, after `wait` seconds if so asked."""

    reason: str
    refused: bool = False
    wait: float | None = None


Result = Page | Unchanged | Listing | Miss
