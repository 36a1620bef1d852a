"""`gr crawl SOURCES`: web -> pages."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import closing, contextmanager, nullcontext

from crawl.frontier.frontier import Frontier
from crawl.frontier.status import waiting_by_host
from crawl.ingest import ingest
from crawl.page_writer import PageWriter
from crawl.response import links_on
from crawl.sources.sources import Sources, read_sources
from crawl.urls import Scope, seconds_of
from crawl.web.result_handler import ResultHandler
from gr_toolkit.console import Summary, describe, progress, say
from gr_toolkit.engine.beside import Beside
from gr_toolkit.errors import GrError, NoPages, UsageError
from gr_toolkit.settings import CrawlSettings, Settings
from gr_toolkit.store import Store, Table
from gr_toolkit.store.tables import FUNNEL, NEEDS

FRONTIER = "frontier.sqlite"
NOTHING_QUEUED = "nothing is queued: every URL known was fetched or refused, or is too deep"


def fetch(
    store: Store,
    settings: Settings,
    names: Sequence[str],
    summaries: list[Summary],
    *,
    url_column: str | None = None,
    beside: Beside | None = None,
) -> None:
    """Bring what the named sources lead to, and what an earlier run left over, into table `pages`.

    `beside` is told of every shard. A summary is appended as the crawl begins. Raises UsageError, Locked,
    CannotWrite, StoreError, and GrError where no source could be fetched at all. What came in before stays
    stored, and the same call goes on from there.
    """
    started = time.monotonic()
    sources = find_sources(names, settings.crawl, url_column)
    scope = Scope(settings.crawl)
    pages = store.table("pages")
    locked = {beside.table.name} if beside else set[str]()
    with pages.writing(), open_frontier(store, settings.crawl, locked) as frontier:
        queue_sources(frontier, sources, scope, settings.crawl.max_depth)
        if frontier.is_empty() and not sources.archives:
            raise UsageError("nothing to crawl yet; give a SOURCE: gr crawl https://example.org/")
        writer = PageWriter(pages, frontier, settings.crawl, last_shard(store) + 1)
        if beside:
            writer.on_shard = beside.start
        handler = ResultHandler(frontier, writer, settings.crawl)
        summaries.append(writer.summary)
        writer.summary.notes += sources.notes
        try:
            trouble = ingest_archives(sources, writer, settings)
            if handler.anything_left():
                fetch_all(handler, beside.collect if beside else None)
            if trouble:
                raise trouble
        finally:
            writer.summary.notes += notes_on(handler)
            writer.summary.seconds = time.monotonic() - started
        if not writer.summary.rows and not handler.unchanged:
            refuse_if_all_failed(frontier, sources)
            if not (sources.archives or handler.missed):
                writer.summary.notes.append(NOTHING_QUEUED)


def find_sources(names: Sequence[str], settings: CrawlSettings, url_column: str | None) -> Sources:
    """What the names stand for."""
    index, data = settings.common_crawl_index, settings.common_crawl_data
    return read_sources(names, url_column, index=index, data=data)


def ingest_archives(sources: Sources, writer: PageWriter, settings: Settings) -> NoPages | None:
    """Take in the pages of the archives among the sources.

    Returns NoPages instead of raising it, so that the other sources still run.
    """
    if not sources.archives:
        return None
    with progress("crawl archives", None) as advance:
        try:
            ingest(
                sources.archives,
                writer,
                writer.frontier,
                settings.crawl,
                engine=settings.engine,
                workers=settings.workers,
                advance=advance,
            )
        except NoPages as error:
            return error
    return None


def plan(
    store: Store, settings: CrawlSettings, names: Sequence[str], url_column: str | None = None
) -> Summary:
    """What `fetch` would start from; no request is sent and nothing is written."""
    sources = find_sources(names, settings, url_column)
    waiting = sum(waiting_by_host(store.state / FRONTIER, settings.max_depth).values())
    pages, sitemaps = 0, 0
    for urls in sources.batches():
        pages += len(urls.pages)
        sitemaps += len(urls.sitemaps)
    archives = f", {len(sources.archives)} archives" if sources.archives else ""
    note = (
        f"would start from {pages} pages and {sitemaps} sitemaps{archives}, "
        f"and {waiting} URLs that an earlier run left to do"
    )
    return Summary(step="crawl", table="pages", notes=[*sources.notes, note])


@contextmanager
def open_frontier(
    store: Store, settings: CrawlSettings, locked: Set[str] = frozenset()
) -> Iterator[Frontier]:
    """The frontier, in line with the shards that table `pages` has.

    The caller holds the lock of that table, and of those that are `locked`.
    """
    pages = store.table("pages")
    for line in pages.check():
        say(line)
    with closing(Frontier(store.state / FRONTIER, settings.max_depth)) as frontier:
        shards, recorded = set(pages.shards()), frontier.shards()
        lost = recorded - shards
        if lost:
            set_aside_below(store, lost, locked)
        for shard in sorted(shards - recorded):
            adopt(frontier, pages, shard)
        admitted = ([] if settings.obey_robots else ["robots.txt"]) + (
            ["private address"] if settings.allow_private else []
        )
        frontier.requeue(lost, admitted, due=time.time() - seconds_of(settings.refetch_after))
        expand(frontier, pages, Scope(settings))
        yield frontier


def set_aside_below(store: Store, lost: set[str], locked: Set[str]) -> None:
    """Move aside what was made from lost shards of `pages`: their pages come back, in shards of new names.

    The caller holds the locks of the tables that are `locked`.
    """
    moved: Counter[str] = Counter()
    for table in (store.table(name) for name in NEEDS if name != "pages"):
        for shard in sorted(lost.intersection(table.shards())):
            with nullcontext() if table.name in locked else table.writing():
                table.set_aside(shard)
            moved[table.name] += 1
    if moved:
        tables = describe(moved, most=len(moved))
        say(f"moved what was made from lost shards of table pages to {store.data}/corrupt: {tables} shards")


def adopt(frontier: Frontier, pages: Table, shard: str) -> None:
    """Record a shard that the frontier does not know."""
    rows = pages.rows(shard)
    with frontier.transaction():
        for row in rows:
            frontier.arrive(row, expanded=not row["kept"] or row["source"] != "web")
        frontier.store(rows, shard, {})


def expand(frontier: Frontier, pages: Table, scope: Scope) -> None:
    """Queue the links of stored pages that an earlier run did not follow, for they were too deep for it."""
    for shard, depths in frontier.unexpanded().items():
        rows = pages.rows(shard, ["canonical_url", "url", "host", "content_type", "html"])
        with frontier.transaction():
            for row in rows:
                canonical = str(row["canonical_url"])
                if canonical in depths:
                    links = scope.follow(links_on(row), str(row["host"]))
                    frontier.add(links, depths[canonical] + 1)
                    frontier.expand(canonical)


def queue_sources(frontier: Frontier, sources: Sources, scope: Scope, max_depth: int) -> None:
    """Queue what is new among the sources, the sitemaps first; at depth 0 only what is named itself.

    Sitemaps are read again by every run that names them: they tell which pages are new or have changed.
    """
    now = time.time()
    with frontier.transaction():
        for urls in sources.batches():
            named = [*(urls.robots if max_depth else []), *urls.sitemaps]
            sitemaps = list(filter(scope.has_host, named))
            frontier.take_for_sitemaps(sitemaps)
            frontier.add(sitemaps, 0, "sitemap")
            frontier.ask_again(dict.fromkeys(sitemaps, now), now)
            frontier.add(filter(scope.has_host, urls.pages), 0)


def last_shard(store: Store) -> int:
    """The greatest number that names a shard in any table, so that a new name is new to all of them."""
    names = (shard for table in FUNNEL for shard in store.table(table).shards())
    return max((int(name) for name in names if name.isdecimal()), default=0)


def fetch_all(handler: ResultHandler, tick: Callable[[], None] | None = None) -> None:
    """Run Scrapy until nothing is left to fetch; `tick` is called now and then."""
    from crawl.web.spider import quiet_logs, run_spider

    with (
        progress("crawl", handler.settings.max_pages or None, handler.live.tell) as handler.advance,
        quiet_logs(),
    ):
        asyncio.run(run_spider(handler, tick or (lambda: None)))


def notes_on(handler: ResultHandler) -> list[str]:
    """What a crawl has to say beside its rows."""
    notes = []
    if handler.unchanged:
        notes.append(f"{handler.unchanged} pages unchanged since they were fetched")
    if handler.missed:
        notes.append(f"{handler.missed.total()} URLs not fetched: {describe(handler.missed)}")
    if handler.live.hosts and not (handler.settings.contact or handler.settings.allow_private):
        notes.append(
            "no contact is set; tell the sites who you are with contact = ... under [crawl] in gr.toml"
        )
    closed = handler.scheduler.closed
    if closed:
        named = ", ".join(f"{host} ({reason})" for host, reason in list(closed.items())[:3])
        more = f" and {len(closed) - 3} more" if len(closed) > 3 else ""
        notes.append(f"left alone until a later run: {named}{more}")
    return notes


def refuse_if_all_failed(frontier: Frontier, sources: Sources) -> None:
    """Raise GrError if every source ended without a page; name the first."""
    failed: list[tuple[str, str | None]] = []
    for urls in sources.batches():
        for url in (*urls.pages, *urls.sitemaps):
            state, reason = frontier.outcome(url)
            if state == "stored":
                return
            if state in ("failed", "refused"):  # others were left because their host failed
                failed.append((url, reason))
    if not failed:
        return
    url, reason = failed[0]
    others = f" (and {len(failed) - 1} more sources likewise)" if len(failed) > 1 else ""
    advice = (
        "Such addresses are fetched only with --allow-private"
        if reason == "private address"
        else "Check the address and that the site is up and admits crawlers, then run the same command again"
    )
    raise GrError(f"nothing was fetched: {url}: {reason}{others}. {advice}")
