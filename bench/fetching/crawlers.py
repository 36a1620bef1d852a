"""The crawlers to compare, each in a separate process: `gr crawl` and a plain Scrapy spider.

    python -m bench.fetching.crawlers ours|scrapy URL COUNT FOLDER

fetches URL/0, URL/1, ... with the same settings, and prints the number of pages, the elapsed seconds and the
CPU seconds as JSON. `ours` writes the table `pages` in FOLDER.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

AT_ONCE = 16
MAX_BYTES = 10_000_000


def ours(url: str, count: int, folder: Path) -> int:
    """Run `gr crawl URLS.txt --max-depth 0` without the extraction; return the number of pages."""
    from crawl.fetch import fetch
    from gr_toolkit.settings import Settings
    from gr_toolkit.store import Store

    crawl = {
        **{"allow_private": True, "delay": 0, "retries": 0, "max_depth": 0, "max_bytes": MAX_BYTES},
        **{"concurrency": AT_ONCE, "concurrency_per_host": AT_ONCE},
    }
    settings = Settings(data=str(folder), crawl=crawl)
    sources = folder / "urls.txt"
    sources.write_text("".join(f"{url}/{number}\n" for number in range(count)))
    store = Store(settings.data, settings.state)
    fetch(store, settings, [str(sources)], [])
    pages = store.table("pages")
    return pages.rows_in(pages.shards())


def scrapy(url: str, count: int, folder: Path) -> int:
    """Run a spider that counts its responses and stores nothing; return the number of pages."""
    from collections.abc import AsyncIterator

    from scrapy import Request, Spider
    from scrapy.crawler import AsyncCrawlerProcess
    from scrapy.http import Response

    class Counting(Spider):
        name = "counting"
        pages = 0

        async def start(self) -> AsyncIterator[Request]:
            for number in range(count):
                yield Request(f"{url}/{number}")

        def parse(self, response: Response) -> None:
            Counting.pages += 1

    settings = {
        **{"TWISTED_REACTOR_ENABLED": False, "LOG_ENABLED": False, "ROBOTSTXT_OBEY": True},
        **{"COOKIES_ENABLED": False, "RETRY_ENABLED": False, "DOWNLOAD_MAXSIZE": MAX_BYTES},
        **{"CONCURRENT_REQUESTS": AT_ONCE, "CONCURRENT_REQUESTS_PER_DOMAIN": AT_ONCE, "DOWNLOAD_DELAY": 0},
    }
    process = AsyncCrawlerProcess(settings)
    process.crawl(Counting)
    process.start()
    return Counting.pages


def main() -> None:
    """Run the named crawler."""
    import scrapy.core.downloader.handlers._aiohttp  # noqa: F401  # shared imports are not timed

    import crawl.web.spider  # noqa: F401

    name, url, count, folder = sys.argv[1:]
    began, cpu = time.monotonic(), time.process_time()
    crawler = {"ours": ours, "scrapy": globals()["scrapy"]}[name]
    pages = crawler(url, int(count), Path(folder))
    seconds = {"seconds": time.monotonic() - began, "cpu": time.process_time() - cpu}
    print(json.dumps({"pages": pages, **seconds}))


if __name__ == "__main__":
    main()
