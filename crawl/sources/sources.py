"""The sources of a crawl: URLs and sitemaps, lists of them, and archives, which contain the pages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from os.path import expanduser
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from crawl.archives.archive import Archive
from crawl.archives.common_crawl import DATA, INDEX, LATEST, QUERY, CommonCrawl
from crawl.archives.html_folder import HtmlFolder
from crawl.archives.warc import WarcFile, is_warc, warc_files
from crawl.sources.url_lists import UrlList, url_list
from crawl.urls import absolute_url
from gr_toolkit.errors import UsageError

SITEMAP = re.compile(r"\.xml(\.gz)?$", re.IGNORECASE)
REMOTE = re.compile(r"(?!https?:|ftp:)[a-z][a-z0-9+.-]*://", re.IGNORECASE)  # URLs that fsspec may open
MAX_NAMED = 10  # line numbers in a note
BATCH = 10_000  # URLs yielded at a time


@dataclass
class Urls:
    """URLs to start from. `robots` are the robots.txt files that may list sitemaps."""

    pages: list[str] = field(default_factory=list)
    robots: list[str] = field(default_factory=list)
    sitemaps: list[str] = field(default_factory=list)

    def add(self, url: str) -> None:
        """Add one URL. A sitemap is recognized by its name; a site's root also adds its robots.txt."""
        parts = urlsplit(url)
        if SITEMAP.search(parts.path):
            self.sitemaps.append(url)
            return
        if parts.path in ("", "/") and not parts.query:
            self.robots.append(urljoin(url, "/robots.txt"))
        self.pages.append(url)


@dataclass
class Sources:
    """All sources of a crawl. `notes` on invalid entries are added while the lists are read."""

    named: Urls = field(default_factory=Urls)
    lists: list[UrlList] = field(default_factory=list)
    archives: list[Archive] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def batches(self) -> Iterator[Urls]:
        """Yield the URLs named directly, then those in the lists in batches of BATCH.

        Raises UsageError if a list has no valid URL or its column is unknown, and GrError if a list cannot
        be read.
        """
        yield self.named
        for each in self.lists:
            yield from self._read(each)

    def _read(self, urls: UrlList) -> Iterator[Urls]:
        found, count, junk, numbers = Urls(), 0, 0, list[str]()
        for number, text in urls.read():
            if url := absolute_url(text):
                found.add(url)
                count += 1
                if count % BATCH == 0:
                    yield found
                    found = Urls()
            else:
                junk += 1
                numbers += [str(number)] if junk <= MAX_NAMED else []
        if not count:
            raise UsageError(f"{urls.name} has no URL; expected http://... or https://... in its {urls.unit}")
        yield found
        if junk:
            named = ", ".join(numbers) + (", ..." if junk > MAX_NAMED else "")
            note = f"{urls.name}: skipped {junk} {urls.unit} without a URL: number {named}"
            self.notes += [note] if note not in self.notes else []


def read_sources(
    names: Sequence[str], url_column: str | None = None, *, index: str = INDEX, data: str = DATA
) -> Sources:
    """Resolve the names of sources; `index` and `data` are Common Crawl's servers. Opens no list or archive.

    Raises UsageError for an unknown kind of name, and StoreError for a folder that cannot be listed.
    """
    sources = Sources()
    for name in map(expanduser, names):  # a shell does not expand a quoted ~
        if url := absolute_url(name):
            sources.named.add(url)
        elif archives := _archives(name, index, data):
            sources.archives += archives
        elif urls := url_list(name, url_column):
            sources.lists.append(urls)
        else:
            raise UsageError(
                f"{name!r} is neither a URL (http://... or https://...), a file or a folder, nor a query "
                "such as cc:example.org/* or hf:owner/dataset"
            )
    if url_column and not any(urls.has_columns for urls in sources.lists):
        raise UsageError("--url-column names a column of a table, but none of the sources is a table")
    return sources


def _archives(name: str, index: str, data: str) -> Sequence[Archive]:
    """The archives that a name refers to; empty if it refers to another kind of source."""
    if query := QUERY.fullmatch(name):
        return [CommonCrawl(query[2], query[1] or LATEST, index, data)]
    is_remote = bool(REMOTE.match(name))
    if is_warc(name) and (is_remote or Path(name).is_file()):
        return [WarcFile(*_split(name))]
    if is_remote or (name and Path(name).is_dir()):
        return warc_files(name) or ([] if is_remote else [HtmlFolder(Path(name))])
    return []


def _split(name: str) -> tuple[str, str]:
    """Folder and file of a path or URL."""
    folder, slash, file = name.rpartition("/")
    return folder or slash or ".", file
