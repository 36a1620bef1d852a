"""`gr crawl SOURCES`: web -> pages."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager

from console import Summary, describe, progress, say
from crawl.decode import decode
from crawl.frontier import Frontier, waiting_by_host
from crawl.harvest import Harvest, record_arrival
from crawl.response import decompress, find_links
from crawl.sources import Sources, read_sources
from crawl.urls import Patterns
from errors import GrError, UsageError
from settings import CrawlSettings
from store import Store, Table
from store.tables import FUNNEL, NEEDS

FRONTIER = "frontier.sqlite"
NOTHING_QUEUED = "nothing is queued: every URL known was fetched or refused, or is too deep"


def fetch(store: Store, settings: CrawlSettings, names: Sequence[str], summaries: list[Summary]) -> None:
    """Fetch what the named sources lead to, and what an earlier run left over, into table `pages`.

    A summary is appended as the crawl begins. Raises UsageError, Locked, CannotWrite, StoreError, and GrError
    where no source could be fetched at all. What came in before stays stored, and the same call goes on from
    there.
    """
    started = time.monotonic()
    sources = read_sources(names)
    pages = store.table("pages")
    with pages.writing(), open_frontier(store, settings) as frontier:
        queue_sources(frontier, sources, settings.max_depth)
        if frontier.is_empty():
            raise UsageError("nothing to crawl yet; give a SOURCE: gr crawl https://example.org/")
        harvest = Harvest(pages, frontier, settings, last_shard(store) + 1)
        summary = harvest.summary
        summaries.append(summary)
        summary.notes += sources.notes
        try:
            if harvest.anything_left():
                fetch_all(harvest)
            else:
                summary.notes.append(
                    "nothing is queued: every URL known was fetched or refused, or is too deep"
                )
        finally:
            if harvest.missed:
                missed = f"{harvest.missed.total()} URLs not fetched: {describe(harvest.missed)}"
                summary.notes.append(missed)
            summary.seconds = time.monotonic() - started
        if not summary.rows:
            refuse_if_all_failed(frontier, sources)


def plan(store: Store, settings: CrawlSettings, names: Sequence[str]) -> Summary:
    """What `fetch` would start from; no request is sent and nothing is written."""
    sources = read_sources(names)
    waiting = sum(waiting_by_host(store.state / FRONTIER, settings.max_depth).values())
    note = (
        f"would start from {len(sources.pages)} pages and {len(sources.sitemaps)} sitemaps, "
        f"and {waiting} URLs that an earlier run left to do"
    )
    return Summary(step="crawl", table="pages", notes=[*sources.notes, note])


@contextmanager
def open_frontier(store: Store, settings: CrawlSettings) -> Iterator[Frontier]:
    """The frontier, in line with the shards that table `pages` has; the caller holds that table's lock."""
    pages = store.table("pages")
    for line in pages.check():
        say(line)
    with closing(Frontier(store.state / FRONTIER, settings.max_depth)) as frontier:
        shards, recorded = set(pages.shards()), frontier.shards()
        lost = recorded - shards
        if lost:
            set_aside_below(store, lost)
        for shard in sorted(shards - recorded):
            adopt(frontier, pages, shard, Patterns(settings.allow, settings.deny))
        frontier.requeue(lost, forbidden=not settings.obey_robots)
        yield frontier


def set_aside_below(store: Store, lost: set[str]) -> None:
    """Move aside what was made from lost shards of `pages`: their pages come back, in shards of new names."""
    moved: Counter[str] = Counter()
    for table in (store.table(name) for name in NEEDS if name != "pages"):
        for shard in sorted(lost.intersection(table.shards())):
            with table.writing():
                table.set_aside(shard)
            moved[table.name] += 1
    if moved:
        tables = describe(moved, most=len(moved))
        say(f"moved what was made from lost shards of table pages to {store.data}/corrupt: {tables} shards")


def adopt(frontier: Frontier, pages: Table, shard: str, patterns: Patterns) -> None:
    """Record a shard that the frontier does not know, and queue what its pages link to."""
    rows = pages.rows(shard)
    with frontier.transaction():
        for row in rows:
            record_arrival(frontier, row)
            html, url, depth = row["html"], str(row["url"]), row["depth"]
            assert isinstance(html, bytes)
            assert isinstance(depth, int)
            links = find_links(decode(decompress(html), str(row["content_type"])), url) if row["kept"] else []
            frontier.add(patterns.follow(links, str(row["host"])), depth + 1)
    frontier.store((str(row["canonical_url"]) for row in rows), shard)


def queue_sources(frontier: Frontier, sources: Sources, max_depth: int) -> None:
    """Queue what is new among the sources, the sitemaps first; at depth 0 only what is named itself."""
    sitemaps = [*(sources.robots if max_depth else []), *sources.sitemaps]
    with frontier.transaction():
        frontier.take_for_sitemaps(sitemaps)
        frontier.add(sitemaps, 0, "sitemap")
        frontier.add(sources.pages, 0)


def last_shard(store: Store) -> int:
    """The greatest number that names a shard in any table, so that a new name is new to all of them."""
    names = (shard for table in FUNNEL for shard in store.table(table).shards())
    return max((int(name) for name in names if name.isdecimal()), default=0)


def fetch_all(harvest: Harvest) -> None:
    """Run Scrapy until the harvest has nothing left."""
    from crawl.spider import run_spider

    with progress("crawl", harvest.settings.max_pages or None) as harvest.advance:
        asyncio.run(run_spider(harvest))


def refuse_if_all_failed(frontier: Frontier, sources: Sources) -> None:
    """Raise GrError if every source ended without a page; name the first."""
    named = [*sources.pages, *sources.sitemaps]
    outcomes = [frontier.outcome(url) for url in named]
    if not named or any(state not in ("failed", "refused") for state, _ in outcomes):
        return
    others = f" (and {len(named) - 1} more sources likewise)" if len(named) > 1 else ""
    raise GrError(
        f"nothing was fetched: {named[0]}: {outcomes[0][1]}{others}. "
        "Check the address and that the site is up and admits crawlers, then run the same command again"
    )
