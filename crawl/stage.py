"""The whole stage `gr crawl`: fetches pages, and extracts text from finished shards while the crawl runs."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from crawl.archives.warc_out import ENDING, warc_of
from crawl.extract import text_rows
from crawl.fetch import fetch_sources, sources_to_crawl
from gr_toolkit.console import Summary
from gr_toolkit.engine import run_spread
from gr_toolkit.engine.beside import Beside, run_beside
from gr_toolkit.settings import Settings
from gr_toolkit.steps import step_of
from gr_toolkit.store import Store
from gr_toolkit.store.folder import Folder


def crawl(
    store: Store,
    settings: Settings,
    names: Sequence[str],
    summaries: list[Summary],
    *,
    url_column: str | None = None,
    warc: bool = False,
) -> None:
    """Fetch the sources into table `pages`, extract `texts`, and write WARC files if `warc` is set.

    Raises the errors of `fetch` (crawl/fetch.py) and `run_spread`. Appends a summary of each step when the
    step begins.
    """
    sources = sources_to_crawl(store, settings, names, url_column)
    with extracting(store, settings, summaries) as beside:
        fetch_sources(store, settings, sources, summaries, beside)
    if warc:
        write_warcs(store, settings, summaries)


@contextmanager
def extracting(store: Store, settings: Settings, summaries: list[Summary]) -> Iterator[Beside | None]:
    """Extract text from each shard of `pages` that the body writes, in other processes while the body runs.

    Yields the object to which the body passes each new shard. If the engine is Ray or there is one worker,
    yields None. After the body, extracts text from all shards that have none yet.
    """
    summary, function = Summary(step_of("texts").name, table="texts"), partial(text_rows, store)
    beside: Beside | None = None
    try:
        if settings.engine == "ray" or settings.workers == 1:
            yield None
        else:
            with run_beside(store, summary, function, settings.workers) as beside:
                yield beside
    except BaseException as error:
        if beside and error is beside.error:  # the extraction failed, and not the body
            summaries.append(summary)
        elif summary.shards:  # insert it before the summary of the failed step
            summaries.insert(max(0, len(summaries) - 1), summary)
        raise
    summaries.append(summary)
    run_spread(store, summary, function, engine=settings.engine, workers=settings.workers)


def write_warcs(store: Store, settings: Settings, summaries: list[Summary]) -> None:
    """Write a WARC file into folder `warc` for every shard of `pages` that has none yet."""
    started = time.monotonic()
    summary = Summary("crawl warc", table="warc")
    summaries.append(summary)
    pages, folder = store.table("pages"), Folder(f"{store.data}/warc")
    with pages.writing():
        written = {name.removesuffix(ENDING) for name in folder.names(ENDING)}
        for shard in sorted(set(pages.shards()) - written):
            rows = pages.rows(shard)
            folder.write(shard + ENDING, warc_of(shard + ENDING, rows, settings.crawl.introduction))
            summary.shards += 1
            summary.rows_in += len(rows)
            summary.rows += sum(row["kept"] and row["source"] == "web" for row in rows)
    summary.kept = summary.rows
    summary.seconds = time.monotonic() - started
