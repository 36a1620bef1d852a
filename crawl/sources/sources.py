"""The sources of a crawl: URLs and sitemaps, lists of URLs, and archives that contain pages."""

from __future__ import annotations

import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from os.path import expanduser
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from crawl.archives.archive import Archive
from crawl.archives.common_crawl import DATA, INDEX, LATEST, QUERY, CommonCrawl
from crawl.archives.html_folder import HtmlFolder
from crawl.archives.warc import WarcFile, is_warc, warc_files
from crawl.credentials import check_credentials, variable_of
from crawl.sources.url_lists import UrlList, url_list
from crawl.urls import absolute_url, has_user, host_of
from gr_toolkit.errors import UsageError
from gr_toolkit.runs.redaction import redact_url

SITEMAP = re.compile(r"\.xml(\.gz)?$", re.IGNORECASE)
# URLs that fsspec may open, such as s3://bucket/folder.
REMOTE = re.compile(r"(?!https?:|ftp:)[a-z][a-z0-9+.-]*://", re.IGNORECASE)
HAS_NO_URL, HAS_USER = "without a URL", "with a user name in the URL"  # why an entry of a list is skipped
MAX_NAMED = 10  # line numbers listed in a note on invalid entries
BATCH = 10_000  # URLs yielded at a time


@dataclass
class Urls:
    """URLs to start from. `robots` holds the URLs of robots.txt files, which may list sitemaps."""

    pages: list[str] = field(default_factory=list)
    robots: list[str] = field(default_factory=list)
    sitemaps: list[str] = field(default_factory=list)

    def add(self, url: str) -> None:
        """Add one URL: to `sitemaps` if its path ends in .xml or .xml.gz, else to `pages`.

        The URL of a site's root also adds the site's robots.txt.
        """
        parts = urlsplit(url)
        if SITEMAP.search(parts.path):
            self.sitemaps.append(url)
            return
        if parts.path in ("", "/") and not parts.query:
            self.robots.append(urljoin(url, "/robots.txt"))
        self.pages.append(url)


@dataclass
class Sources:
    """All sources of a crawl. Reading the lists adds notes on invalid entries to `notes`."""

    named: Urls = field(default_factory=Urls)
    lists: list[UrlList] = field(default_factory=list)
    archives: list[Archive] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def batches(self) -> Iterator[Urls]:
        """Yield the URLs that were named directly, then the URLs of each list in batches of BATCH.

        Raises GrError if a list cannot be read, and UsageError if a list has no valid URL or its URL column
        cannot be determined.
        """
        yield self.named
        for each in self.lists:
            yield from self._read(each)

    def _read(self, urls: UrlList) -> Iterator[Urls]:
        found, count = Urls(), 0
        skipped, numbers = Counter[str](), defaultdict[str, list[str]](list)  # by what is wrong
        for number, text in urls.read():
            url = absolute_url(text)
            if url is None or has_user(text):
                wrong = HAS_USER if has_user(text) else HAS_NO_URL
                numbers[wrong] += [str(number)] if skipped[wrong] < MAX_NAMED else []
                skipped[wrong] += 1
                continue
            found.add(url)
            count += 1
            if count % BATCH == 0:
                yield found
                found = Urls()
        if not count and HAS_USER not in skipped:
            raise UsageError(f"{urls.name} has no URL; expected http://... or https://... in its {urls.unit}")
        yield found
        for wrong, number_skipped in skipped.items():
            named = ", ".join(numbers[wrong]) + (", ..." if number_skipped > MAX_NAMED else "")
            note = f"{urls.name}: skipped {number_skipped} {urls.unit} {wrong}: number {named}"
            self.notes += [note] if note not in self.notes else []


def read_sources(
    names: Sequence[str], url_column: str | None = None, *, index: str = INDEX, data: str = DATA
) -> Sources:
    """Return the sources that the names refer to. Opens no list or archive.

    `index` and `data` are the URLs of Common Crawl's servers. Raises StoreError if a folder cannot be listed,
    and UsageError if a name is not a source, if it holds a password, if the credentials of a host are
    malformed, or if `url_column` is set and no source is a table.
    """
    check_credentials(os.environ)
    for setting, server in (("common_crawl_index", index), ("common_crawl_data", data)):
        if has_user(server):
            raise UsageError(f"crawl.{setting} must not hold a user name or password")
    sources = Sources()
    for name in map(expanduser, names):  # a shell does not expand a quoted ~
        if has_user(name):
            raise UsageError(_user_message(name))
        if url := absolute_url(name):
            sources.named.add(url)
        elif archives := _archives(name, index, data):
            sources.archives += archives
        elif urls := url_list(name, url_column):
            sources.lists.append(urls)
        else:
            raise UsageError(
                f"{redact_url(name)!r} is not a URL (http://... or https://...), an existing file or folder, "
                "or a query such as cc:example.org/* or hf:owner/dataset"
            )
    if url_column and not any(urls.has_columns for urls in sources.lists):
        raise UsageError("--url-column names a column of a table, but none of the sources is a table")
    return sources


def _user_message(name: str) -> str:
    """Why a URL with a user name is refused, and where its credentials belong."""
    url = absolute_url(name)
    advice = (
        f"set the environment variable {variable_of(host_of(url))} to user:password"
        if url
        else ("give the credentials of a store by its own environment variables or files")
    )
    return f"{redact_url(name)!r} holds a user name or password: remove it, and {advice}"


def _archives(name: str, index: str, data: str) -> Sequence[Archive]:
    """The archives that a name refers to; empty if the name refers to another kind of source."""
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
