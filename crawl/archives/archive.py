"""Archives: sources that contain the pages themselves, so that no request goes to the original sites.

An archive is split into slices, each small enough for one shard. A slice is a picklable function without
arguments, so that any worker process can read it.
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
from gr_toolkit.store.tables import PageRow

Item = TypeVar("Item")
OUT_OF_SCOPE = "excluded by allow, deny or part"


@dataclass
class Contents:
    """The contents of a slice: rows of `pages`, and counts of the non-pages by type.

    `trouble` is an error message for the unreadable part. `unfinished` is set if a later run may succeed.
    """

    rows: list[PageRow] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)
    trouble: str | None = None
    unfinished: bool = False


Slice = Callable[[], Contents]


class Archive(Protocol):
    """One archive. Its slices report damage in `Contents.trouble`; it raises nothing but GrError."""

    @property
    def name(self) -> str:
        """The archive's name in messages."""

    @property
    def is_remote(self) -> bool:
        """Whether the slices come from a remote server, to which only one process may send requests."""

    def key(self, settings: CrawlSettings) -> str:
        """A key that changes with the contents; an archive whose key is ingested is not read again."""

    def slices(self, settings: CrawlSettings, known: Callable[[str], bool]) -> Iterator[Slice]:
        """The slices in order; `known` returns whether the page of a canonical URL is stored already."""


class Sorter:
    """Collects the records of an archive in a `Contents`: each becomes a row or a count.

    A response becomes a row if it claims to be a page: status 2xx, and an HTML type or no type. All others
    are only counted, because crawl archives hold millions of images, redirects and missing pages. Besides,
    a URL has only one row: a row for a missing page would keep out the page itself from another archive.
    """

    def __init__(self, source: str, settings: CrawlSettings) -> None:
        self.source = source
        self.scope = Scope(settings)
        self.max_bytes = settings.max_bytes
        self.contents = Contents()

    def count(self, kind: str) -> None:
        """Count a record that is not a page."""
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
        """Add a response: body decoded, header names in lower case, and `reason` if it is incomplete."""
        media = media_type(headers.get("content-type", ""))
        if not 200 <= status < 300:
            self.count(f"status {status}")
        elif media and media not in HTML_TYPES:
            self.count(f"not HTML ({media})")
        elif not self.scope.admits(url):
            self.count(OUT_OF_SCOPE)
        else:
            if len(body) > self.max_bytes:
                body, reason = b"", "too large"
            page = read_page(
                url,
                0,
                status,
                headers,
                body,
                reason,
                source=self.source,
                fetched_at=fetched_at,
                with_links=False,
            )
            self.contents.rows.append(page.row)


def batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Yield the items in lists of `size`; the last may be shorter."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def ready(contents: Contents) -> Contents:
    """Return the contents. `partial(ready, contents)` is a slice whose contents are already read."""
    return contents
