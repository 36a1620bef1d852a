"""A query of Common Crawl's index as an archive: the index says which captures of a URL pattern there are,
and each is a range of bytes of a WARC file on the data server.

The protocol is pywb's CDX server API (https://github.com/webrecorder/pywb/wiki/CDX-Server-API), spoken with
cdx_toolkit, but for its requests: those try again for ever where a server is busy.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING

from crawl.archives.archive import OUT_OF_SCOPE, Contents, Slice, Sorter, batches, ready
from crawl.archives.warc_record import take_record
from crawl.urls import absolute_url, canonical_url
from gr_toolkit.errors import GrError, UsageError
from gr_toolkit.settings import CrawlSettings

if TYPE_CHECKING:
    from requests import Response, Session

QUERY = re.compile(r"cc:(?:((?:CC-MAIN-[\w-]+|\d+)(?:,CC-MAIN-[\w-]+)*):)?(\S+)")
INDEX = "https://index.commoncrawl.org"
DATA = "https://data.commoncrawl.org"
FILTERS = ("=status:200", r"~mime-detected:(text/html|application/xhtml\+xml)$")
LATEST = "1"
BUSY = (429, 500, 502, 503, 504)
NOT_FOUND, PARTIAL = 404, 206
MAX_HEADER_BYTES = 1 << 20  # bytes of a capture beside the page

Capture = Mapping[str, str]


@dataclass(frozen=True)
class CommonCrawl:
    """What the index has for a pattern, such as `example.org/questions/*` or `*.example.org`.

    `crawls` are names (CC-MAIN-2026-10,CC-MAIN-2026-14), or how many of the latest.
    """

    pattern: str
    crawls: str = LATEST
    index: str = INDEX
    data: str = DATA
    is_remote = True

    @property
    def name(self) -> str:
        """The query as it is written."""
        return f"cc:{self.crawls}:{self.pattern}"

    def key(self, settings: CrawlSettings) -> str:
        """By pattern and names of the crawls, which never change. Raises UsageError, GrError."""
        with session(settings) as client:
            crawls = [_crawl(endpoint) for endpoint in self._endpoints(client, settings)]
        return f"cc {self.pattern} {' '.join(crawls)}"

    def slices(self, settings: CrawlSettings, known: Callable[[str], bool]) -> Iterator[Slice]:
        """The captures that are not stored yet, as many at a time as a shard has pages."""
        size = min(settings.shard_pages, settings.max_pages or settings.shard_pages)
        try:
            with session(settings) as client:
                for endpoint in self._endpoints(client, settings):
                    found = captures(client, endpoint, self.pattern, settings)
                    new = (each for each in found if not known(canonical_url(each["url"])))
                    for some in batches(new, size):
                        yield partial(read_captures, self.data, _crawl(endpoint), some, settings)
        except GrError as error:
            yield partial(ready, Contents(trouble=str(error), unfinished=True))

    def _endpoints(self, client: Session, settings: CrawlSettings) -> list[str]:
        """Where the index of each crawl is asked, the latest first."""
        from cdx_toolkit.commoncrawl import match_cc_crawls

        with _failures_named(self.index):
            response = client.get(f"{self.index}/collinfo.json", timeout=settings.timeout)
            response.raise_for_status()
            known = sorted(crawl["cdx-api"] for crawl in response.json())
            latest = _crawl(known[-1])
        asked = self.crawls.split(",")
        for name in asked:
            if not name.isdigit() and not any(_crawl(endpoint) == name for endpoint in known):
                raise UsageError(f"Common Crawl has no {name}; the latest crawl is {latest}")
        return sorted(match_cc_crawls(asked, known), reverse=True)


def captures(client: Session, endpoint: str, pattern: str, settings: CrawlSettings) -> Iterator[Capture]:
    """The HTML pages that a crawl's index has for the pattern. Raises GrError."""
    from cdx_toolkit import cdx_to_captures

    def ask(**query: str | int | Sequence[str]) -> Response:
        query |= {"url": pattern, "output": "json"}
        response = client.get(endpoint, params=query, timeout=settings.timeout)
        if response.status_code != NOT_FOUND:  # nothing here: no capture
            response.raise_for_status()
        return response

    with _failures_named(endpoint):
        size = ask(showNumPages="true")
        pages = 0 if size.status_code == NOT_FOUND else int(size.json()["pages"])
        for page in range(pages):
            time.sleep(settings.delay)
            for capture in cdx_to_captures(ask(page=page, filter=FILTERS)):
                if absolute_url(str(capture.get("url"))):
                    yield capture


def read_captures(data: str, crawl: str, some: Sequence[Capture], settings: CrawlSettings) -> Contents:
    """The pages of these captures, fetched a few at a time. What cannot be had now a later run asks for."""
    sorter = Sorter(crawl, settings)
    wanted = [capture for capture in some if sorter.scope.admits(capture["url"])]
    sorter.contents.others += Counter({OUT_OF_SCOPE: len(some) - len(wanted)})
    pool = ThreadPoolExecutor(settings.concurrency_per_host)
    try:
        with session(settings) as client:
            for record in pool.map(partial(fetch_capture, client, data, settings=settings), wanted):
                if isinstance(record, str):
                    sorter.other(f"capture not fetched ({record})")
                    sorter.contents.unfinished = True
                else:
                    take_capture(record, sorter)
    finally:
        pool.shutdown(cancel_futures=True)
    return sorter.contents


def fetch_capture(client: Session, data: str, capture: Capture, settings: CrawlSettings) -> bytes | str:
    """The gzip member of a capture's record, or why it was not to be had."""
    from requests import RequestException
    from urllib3.exceptions import HTTPError

    try:
        start, length = int(capture["offset"]), int(capture["length"])
        url, range = f"{data}/{capture['filename']}", f"bytes={start}-{start + length - 1}"
        with client.get(url, headers={"Range": range}, stream=True, timeout=settings.timeout) as response:
            if response.status_code != PARTIAL:
                return f"status {response.status_code}"
            return bytes(response.raw.read(min(length, settings.max_bytes + MAX_HEADER_BYTES)))
    except (RequestException, HTTPError) as error:
        return type(error).__name__
    except (KeyError, ValueError):
        return "broken index"


def take_capture(member: bytes, sorter: Sorter) -> None:
    """Sort in the one record that a gzip member holds."""
    from fastwarc.warc import ArchiveIterator

    try:
        for record in ArchiveIterator(BytesIO(member), parse_http=False):
            take_record(record, sorter)
    except OSError:
        sorter.other("capture that is no WARC record")


def session(settings: CrawlSettings) -> Session:
    """A client that introduces itself, and tries again where the server is busy, later each time."""
    from requests import Session
    from requests.adapters import HTTPAdapter
    from urllib3.util import Retry

    retries = Retry(settings.retries, backoff_factor=1, status_forcelist=BUSY, raise_on_status=False)
    client = Session()
    for scheme in ("http://", "https://"):
        client.mount(scheme, HTTPAdapter(max_retries=retries, pool_maxsize=settings.concurrency_per_host))
    client.headers["User-Agent"] = settings.introduction
    return client


@contextmanager
def _failures_named(server: str) -> Iterator[None]:
    """Say in one line what went wrong with a request or its answer."""
    from requests import RequestException

    try:
        yield
    except (ValueError, LookupError, TypeError) as error:  # the first is raised by requests, too
        raise GrError(f"{server} does not answer as an index of Common Crawl does: {error}") from error
    except RequestException as error:
        raise GrError(f"{server} cannot be asked: {error}. Run the same command again later") from error


def _crawl(endpoint: str) -> str:
    """CC-MAIN-2026-10 of https://index.commoncrawl.org/CC-MAIN-2026-10-index."""
    return endpoint.rpartition("/")[2].removesuffix("-index")
