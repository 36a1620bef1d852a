"""Archives: sources that contain the pages themselves, so that no request goes to the original sites.

An archive is split into slices, each small enough for one shard. A slice is a picklable function without
arguments that reads and returns its contents, so that any worker process can call it.
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

    `error` is a message about the part that could not be read. `unfinished` means that a later run
    may be able to read more, and reads the archive again.
    """

    rows: list[PageRow] = field(default_factory=list)
    non_pages: Counter[str] = field(default_factory=Counter)
    error: str | None = None
    unfinished: bool = False


Slice = Callable[[], Contents]


class Archive(Protocol):
    """One archive. Its methods raise only GrError; its slices report damage in `Contents.error`."""

    @property
    def name(self) -> str:
        """The archive's name in messages."""

    @property
    def is_remote(self) -> bool:
        """Whether slices send requests to a server that only one process at a time may use."""

    def key(self, settings: CrawlSettings) -> str:
        """A key that changes with the contents. An archive is not read again if its key was ingested."""

    def slices(self, settings: CrawlSettings, known: Callable[[str], bool]) -> Iterator[Slice]:
        """Yield the slices in order; `known` returns whether a canonical URL's page is stored already."""


class Sorter:
    """Collects an archive's records in `contents`: each record becomes a row, or is only counted.

    A response becomes a row if its URL is in scope, its status is 2xx and its type is HTML or missing. Other
    responses are only counted, because crawl archives hold millions of images, redirects and missing pages.
    Besides, a URL has only one row: with a row for a missing page, the page itself could not be added later.
    """

    def __init__(self, source: str, settings: CrawlSettings) -> None:
        self.source = source
        self.scope = Scope(settings)
        self.max_bytes = settings.max_bytes
        self.contents = Contents()

    def count(self, kind: str) -> None:
        """Count a record that is not a page."""
        self.contents.non_pages[kind] += 1

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
        """Add a response: `body` decoded, header names in lower case, `reason` set if it is incomplete."""
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
