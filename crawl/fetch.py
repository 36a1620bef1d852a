"""`gr crawl SOURCE...`: fetches pages from the web into table `pages`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import closing, contextmanager

from crawl.frontier.frontier import Frontier
from crawl.frontier.status import waiting_by_host
from crawl.ingest import ingest
from crawl.page_writer import PageWriter
from crawl.response import links_of_row
from crawl.sources.sources import Sources, read_sources
from crawl.urls import Scope, seconds_of
from crawl.web.result_handler import ResultHandler
from gr_toolkit import interrupts
from gr_toolkit.console import Summary, describe, progress, say
from gr_toolkit.engine import require_engine
from gr_toolkit.engine.beside import Beside
from gr_toolkit.errors import GrError, NoPages, UsageError
from gr_toolkit.runs.redaction import redact
from gr_toolkit.settings import CrawlSettings, Settings
from gr_toolkit.steps import FUNNEL, derived_from
from gr_toolkit.store import Store, Table
from gr_toolkit.store.aside import set_aside
from gr_toolkit.store.table import CORRUPT
from gr_toolkit.store.tables import PageRow

FRONTIER = "frontier.sqlite"
NOTHING_KNOWN = "nothing to crawl yet; give a SOURCE: gr crawl https://example.org/"
NO_HOST = "none of the sources' hosts belongs to crawl.part"
NOTHING_QUEUED = "nothing is queued: every known URL was fetched, was refused, or is deeper than max_depth"


def fetch(
    store: Store,
    settings: Settings,
    names: Sequence[str],
    summaries: list[Summary],
    *,
    url_column: str | None = None,
) -> None:
    """Fetch the named sources, the pages they link to, and the URLs that an earlier run left pending.

    Writes table `pages`, and appends a summary when the crawl begins. Raises UsageError, MissingExtra,
    Locked, CannotWrite, StoreError, and GrError if no source could be fetched. Pages stored before an error
    stay; the same call then continues the crawl.
    """
    fetch_sources(store, settings, sources_to_crawl(store, settings, names, url_column), summaries)


def sources_to_crawl(
    store: Store, settings: Settings, names: Sequence[str], url_column: str | None
) -> Sources:
    """The sources named on the command line. Raises UsageError and MissingExtra if a crawl cannot begin."""
    require_engine(settings.engine)
    index, data = settings.crawl.common_crawl_index, settings.crawl.common_crawl_data
    sources = read_sources(names, url_column, index=index, data=data)
    if not (names or (store.state / FRONTIER).exists() or store.table("pages").shards()):
        raise UsageError(NOTHING_KNOWN)
    return sources


def fetch_sources(
    store: Store,
    settings: Settings,
    sources: Sources,
    summaries: list[Summary],
    beside: Beside | None = None,
) -> None:
    """Fetch what `fetch` does. Calls the `start` of `beside` with the name of every shard."""
    started = time.monotonic()
    scope = Scope(settings.crawl)
    pages = store.table("pages")
    locked = {beside.table.name} if beside else set[str]()
    with pages.writing(), open_frontier(store, settings.crawl, locked) as frontier:
        queue_sources(frontier, sources, scope, settings.crawl.max_depth)
        if sources == Sources() and frontier.is_empty():
            raise UsageError(NOTHING_KNOWN)
        writer = PageWriter(pages, frontier, settings.crawl, last_shard(store) + 1)
        if beside:
            writer.on_shard = beside.start
        handler = ResultHandler(frontier, writer, settings.crawl)
        summaries.append(writer.summary)
        writer.summary.notes += sources.notes
        try:
            archive_error = ingest_archives(sources, writer, settings)
            if handler.has_pending():
                fetch_all(handler, beside.collect if beside else None)
            if archive_error:
                raise archive_error
        finally:
            writer.summary.notes += crawl_notes(handler)
            writer.summary.seconds = time.monotonic() - started
        if not writer.summary.rows and not handler.unchanged:
            raise_if_all_failed(frontier, sources)
            if not (sources.archives or handler.not_fetched):
                writer.summary.notes.append(NO_HOST if frontier.is_empty() else NOTHING_QUEUED)


def ingest_archives(sources: Sources, writer: PageWriter, settings: Settings) -> NoPages | None:
    """Add the pages of all archives in `sources` to the table.

    Returns a NoPages error instead of raising it, so that the other sources are still fetched.
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


def plan(store: Store, settings: Settings, names: Sequence[str], url_column: str | None = None) -> Summary:
    """Return a summary of the URLs and archives that `fetch` would start from. Sends and writes nothing.

    Raises UsageError and MissingExtra like `fetch`.
    """
    sources = sources_to_crawl(store, settings, names, url_column)
    waiting = sum(waiting_by_host(store.state / FRONTIER, settings.crawl.max_depth).values())
    pages, sitemaps = 0, 0
    for urls in sources.batches():
        pages += len(urls.pages)
        sitemaps += len(urls.sitemaps)
    archives = f", {len(sources.archives)} archives" if sources.archives else ""
    note = (
        f"would start from {pages} page URLs, {sitemaps} sitemap URLs{archives} "
        f"and {waiting} URLs that an earlier run left pending"
    )
    return Summary(step="crawl", table="pages", notes=[*sources.notes, note])


@contextmanager
def open_frontier(
    store: Store, settings: CrawlSettings, locked: Set[str] = frozenset()
) -> Iterator[Frontier]:
    """Open the frontier and reconcile it with the shards of table `pages`.

    The caller holds the lock of `pages` and of every table named in `locked`.
    """
    pages = store.table("pages")
    for line in pages.check():
        say(line)
    with closing(Frontier(store.state / FRONTIER, settings.max_depth)) as frontier:
        shards, recorded = set(pages.shards()), frontier.shards()
        lost = recorded - shards
        if lost:
            set_aside_derived(store, lost, locked)
        for shard in sorted(shards - recorded):
            adopt_shard(frontier, pages, shard)
        admitted = ([] if settings.obey_robots else ["robots.txt"]) + (
            ["private address"] if settings.allow_private else []
        )
        frontier.requeue(lost, admitted, due=time.time() - seconds_of(settings.refetch_after))
        queue_deeper_links(frontier, pages, Scope(settings))
        yield frontier


def set_aside_derived(store: Store, lost: set[str], locked: Set[str]) -> None:
    """Move aside the shards of other tables that were derived from the `lost` shards of `pages`.

    The lost pages are fetched again, into shards with new names. The caller holds the locks of the tables
    named in `locked`; this function locks the other tables itself.
    """
    moved = set_aside(store, derived_from("pages"), lost, CORRUPT, locked)
    if moved:
        tables = describe(moved, most=len(moved))
        corrupt = f"{store.data}/{CORRUPT}"
        say(f"shards of table pages are missing; moved the shards derived from them to {corrupt}: {tables}")


def adopt_shard(frontier: Frontier, pages: Table[PageRow], shard: str) -> None:
    """Add the rows of a shard of `pages` to the frontier, which does not list the shard yet."""
    rows = pages.rows(shard)
    with frontier.transaction():
        for row in rows:
            frontier.arrive(row, expanded=not row["kept"] or row["source"] != "web")
        frontier.store(rows, shard, {})


def queue_deeper_links(frontier: Frontier, pages: Table[PageRow], scope: Scope) -> None:
    """Queue the links of stored pages that an earlier run, with a smaller `max_depth`, did not follow."""
    for shard, depths in frontier.unexpanded().items():
        rows = pages.rows(shard)
        with frontier.transaction():
            for row in rows:
                canonical = row["canonical_url"]
                if canonical in depths:
                    links = scope.follow(links_of_row(row), row["host"])
                    frontier.add(links, depths[canonical] + 1)
                    frontier.expand(canonical)


def queue_sources(frontier: Frontier, sources: Sources, scope: Scope, max_depth: int) -> None:
    """Queue the new URLs of the sources, sitemaps first.

    If `max_depth` is 0, sitemaps listed in a site's robots.txt are ignored. A sitemap is read again in
    every run that names it, because it may list new or changed pages.
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
    """The highest shard number in any table, or 0. A new shard with a higher number clashes with none."""
    names = (shard for table in FUNNEL for shard in store.table(table).shards())
    return max((int(name) for name in names if name.isdecimal()), default=0)


def fetch_all(handler: ResultHandler, tick: Callable[[], None] | None = None) -> None:
    """Run Scrapy until no URL is pending; call `tick` periodically."""
    from crawl.web.spider import quiet_logs, run_spider

    with (
        progress("crawl", handler.settings.max_pages or None, handler.live.tell) as handler.advance,
        quiet_logs(),
    ):
        interrupts.run(run_spider(handler, tick or (lambda: None)))


def crawl_notes(handler: ResultHandler) -> list[str]:
    """Return the summary's notes: unchanged pages, failures, a missing contact, closed hosts."""
    notes = []
    if handler.unchanged:
        notes.append(f"{handler.unchanged} pages unchanged since the last fetch")
    if handler.not_fetched:
        notes.append(f"{handler.not_fetched.total()} URLs not fetched: {describe(handler.not_fetched)}")
    if handler.live.hosts and not (handler.settings.contact or handler.settings.allow_private):
        notes.append(
            "no contact is set; identify yourself to site owners with contact = ... under [crawl] in gr.toml"
        )
    closed = handler.scheduler.closed
    if closed:
        named = ", ".join(f"{host} ({reason})" for host, reason in list(closed.items())[:3])
        more = f" and {len(closed) - 3} more" if len(closed) > 3 else ""
        notes.append(f"hosts skipped until a later run: {named}{more}")
    return notes


def raise_if_all_failed(frontier: Frontier, sources: Sources) -> None:
    """Raise GrError if no source is stored and any source failed. The message names the first failed one."""
    failed: list[tuple[str, str | None]] = []
    for urls in sources.batches():
        for url in (*urls.pages, *urls.sitemaps):
            state, reason = frontier.outcome(url)
            if state == "stored":
                return
            if state in ("failed", "refused"):  # else the URL was skipped: its host failed
                failed.append((url, reason))
    if not failed:
        return
    url, reason = failed[0]
    others = f" (and {len(failed) - 1} more sources failed)" if len(failed) > 1 else ""
    advice = (
        "Private addresses are fetched only with --allow-private"
        if reason == "private address"
        else "Check that the address is correct and that the site is up and allows crawlers, then try again"
    )
    raise GrError(f"nothing was fetched: {redact(url)}: {reason}{others}. {advice}")
