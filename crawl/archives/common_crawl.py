"""A query of Common Crawl's index as an archive. The index lists the captures of a URL pattern; each capture
is a byte range of a WARC file on the data server.

The protocol is pywb's CDX server API (https://github.com/webrecorder/pywb/wiki/CDX-Server-API). cdx_toolkit
parses the responses. This module sends the requests, since cdx_toolkit retries forever if a server is busy.
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
from gr_toolkit.runs.redaction import redact
from gr_toolkit.settings import CrawlSettings

if TYPE_CHECKING:
    from requests import Response, Session

QUERY = re.compile(r"cc:(?:((?:CC-MAIN-[\w-]+|\d+)(?:,CC-MAIN-[\w-]+)*):)?(\S+)")
INDEX = "https://index.commoncrawl.org"
DATA = "https://data.commoncrawl.org"
FILTERS = ("=status:200", r"~mime-detected:(text/html|application/xhtml\+xml)$")
LATEST = "1"  # the number of latest crawls
BUSY = (429, 500, 502, 503, 504)  # statuses that are retried
NOT_FOUND, PARTIAL = 404, 206
MAX_HEADER_BYTES = 1 << 20  # bytes read of a capture for its headers, in addition to max_bytes for the page

Capture = Mapping[str, str]


@dataclass(frozen=True)
class CommonCrawl:
    """The captures of a URL pattern, such as `example.org/questions/*` or `*.example.org`.

    `crawls` is a list of names (CC-MAIN-2026-10,CC-MAIN-2026-14), or a number N for the N latest crawls.
    """

    pattern: str
    crawls: str = LATEST
    index: str = INDEX
    data: str = DATA
    is_remote = True

    @property
    def name(self) -> str:
        """The query in the form that `gr crawl` accepts as a source."""
        return f"cc:{self.crawls}:{self.pattern}"

    def key(self, settings: CrawlSettings) -> str:
        """The pattern and the crawls' names. These suffice, since a crawl never changes.

        Raises UsageError and GrError.
        """
        with session(settings) as client:
            crawls = [_crawl(endpoint) for endpoint in self._endpoints(client, settings)]
        return f"cc {self.pattern} {' '.join(crawls)}"

    def slices(self, settings: CrawlSettings, known: Callable[[str], bool]) -> Iterator[Slice]:
        """Yield slices of at most one shard's number of captures, without pages that are stored already."""
        size = min(settings.shard_pages, settings.max_pages or settings.shard_pages)
        try:
            with session(settings) as client:
                for endpoint in self._endpoints(client, settings):
                    found = captures(client, endpoint, self.pattern, settings)
                    new = (each for each in found if not known(canonical_url(each["url"])))
                    for batch in batches(new, size):
                        yield partial(read_captures, self.data, _crawl(endpoint), batch, settings)
        except GrError as error:
            yield partial(ready, Contents(error=str(error), unfinished=True))

    def _endpoints(self, client: Session, settings: CrawlSettings) -> list[str]:
        """The index URLs of the selected crawls, the latest first."""
        from cdx_toolkit.commoncrawl import match_cc_crawls

        with _translate_errors(self.index):
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
    """Yield the HTML captures of a pattern that the index at `endpoint` lists. Raises GrError."""
    from cdx_toolkit import cdx_to_captures

    def request(**query: str | int | Sequence[str]) -> Response:
        query |= {"url": pattern, "output": "json"}
        response = client.get(endpoint, params=query, timeout=settings.timeout)
        if response.status_code != NOT_FOUND:  # 404: the crawl has no captures of the pattern
            response.raise_for_status()
        return response

    with _translate_errors(endpoint):
        size = request(showNumPages="true")
        pages = 0 if size.status_code == NOT_FOUND else int(size.json()["pages"])
        for page in range(pages):
            time.sleep(settings.delay)
            for capture in cdx_to_captures(request(page=page, filter=FILTERS)):
                if absolute_url(str(capture.get("url"))):
                    yield capture


def read_captures(data: str, crawl: str, batch: Sequence[Capture], settings: CrawlSettings) -> Contents:
    """Fetch a batch of captures, a few at a time. Failed captures are retried on the next run."""
    sorter = Sorter(crawl, settings)
    wanted = [capture for capture in batch if sorter.scope.admits(capture["url"])]
    sorter.contents.non_pages += Counter({OUT_OF_SCOPE: len(batch) - len(wanted)})
    pool = ThreadPoolExecutor(settings.concurrency_per_host)
    try:
        with session(settings) as client:
            for record in pool.map(partial(fetch_capture, client, data, settings=settings), wanted):
                if isinstance(record, str):
                    sorter.count(f"capture not fetched ({record})")
                    sorter.contents.unfinished = True
                else:
                    take_capture(record, sorter)
    finally:
        pool.shutdown(cancel_futures=True)
    return sorter.contents


def fetch_capture(client: Session, data: str, capture: Capture, settings: CrawlSettings) -> bytes | str:
    """Return a capture's record as a gzip member, or the reason why it could not be fetched."""
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
        return "invalid index entry"


def take_capture(member: bytes, sorter: Sorter) -> None:
    """Add the record in a gzip member to the sorter."""
    from fastwarc.warc import ArchiveIterator

    try:
        for record in ArchiveIterator(BytesIO(member), parse_http=False):
            take_record(record, sorter)
    except OSError:
        sorter.count("capture that is not a WARC record")


def session(settings: CrawlSettings) -> Session:
    """Return a client that sends the configured User-Agent and, if a server is busy, retries with backoff."""
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
def _translate_errors(server: str) -> Iterator[None]:
    """Turn failed requests and malformed responses into a GrError of one line."""
    from requests import RequestException

    try:
        yield
    except (ValueError, LookupError, TypeError) as error:  # some of requests' errors are ValueErrors
        raise GrError(f"{server} did not answer like a Common Crawl index: {redact(str(error))}") from error
    except RequestException as error:
        why = redact(str(error))
        raise GrError(f"request to {server} failed: {why}. Run the same command again later") from error


def _crawl(endpoint: str) -> str:
    """The crawl's name in an index URL such as https://index.commoncrawl.org/CC-MAIN-2026-10-index."""
    return endpoint.rpartition("/")[2].removesuffix("-index")
