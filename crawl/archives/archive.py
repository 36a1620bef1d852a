"""Archives: what carries pages itself, so that nothing is asked of their sites.

An archive is cut into slices, each small enough for a shard, and a slice is read as a whole, anywhere: it is
a function without arguments that can be pickled.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Protocol, TypeVar

from crawl.response import HTML_TYPES, media_type, read_page
from crawl.urls import Scope
from gr_toolkit.settings import CrawlSettings
from gr_toolkit.store.table import Row

Item = TypeVar("Item")
OUT_OF_SCOPE = "not asked for by allow, deny and part"


@dataclass
class Contents:
    """What a slice holds: rows of `pages`, and counts by type of non-pages.

    `trouble` says what could not be read. Where a later run may fare better, `unfinished` is set.
    """

    rows: list[Row] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)
    trouble: str | None = None
    unfinished: bool = False


Slice = Callable[[], Contents]


class Archive(Protocol):
    """One archive. What is wrong with its contents its slices say; it raises nothing but GrError."""

    @property
    def name(self) -> str:
        """What a person calls it."""

    @property
    def is_remote(self) -> bool:
        """Whether its slices come from a server of others, which is asked by one process alone."""

    def key(self, settings: CrawlSettings) -> str:
        """What changes with its contents; an archive whose key was taken in before is not read again."""

    def slices(self, settings: CrawlSettings, known: Callable[[str], bool]) -> Iterator[Slice]:
        """Its slices in order; `known` says of a canonical URL whether the page is stored already."""


class Sorter:
    """Sorts what an archive holds into a `Contents`: a row, or a count.

    A row is what claims to be a page: a response with status 2xx and an HTML type or none. Anything else is
    counted only: an archive of a crawl has images, redirects and missing pages in their millions, and a row
    for a missing page would keep out the page itself where another archive has it, since a URL has one row.
    """

    def __init__(self, source: str, settings: CrawlSettings) -> None:
        self.source = source
        self.scope = Scope(settings)
        self.most = settings.max_bytes
        self.contents = Contents()

    def other(self, kind: str) -> None:
        """Count what is no page."""
        self.contents.others[kind] += 1

    def take(
        self,
        url: str,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
        *,
        fetched_at: datetime | None,
        reason: str | None = None,
    ) -> None:
        """A response, its body unpacked, its headers by lower-case name, and `reason` if it is not whole."""
        media = media_type(headers.get("content-type", ""))
        if not 200 <= status < 300:
            self.other(f"status {status}")
        elif media and media not in HTML_TYPES:
            self.other(f"not HTML ({media})")
        elif not self.scope.admits(url):
            self.other(OUT_OF_SCOPE)
        else:
            if len(body) > self.most:
                body, reason = b"", "too large"
            about = {"source": self.source, "fetched_at": fetched_at, "with_links": False}
            self.contents.rows.append(read_page(url, 0, status, headers, body, reason, **about).row)  # type: ignore[arg-type]


def batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """The items in lists of that size; the last may be shorter."""
    rest = iter(items)
    while some := list(islice(rest, size)):
        yield some


def ready(contents: Contents) -> Contents:
    """A slice that is read already is `partial(ready, contents)`."""
    return contents
