"""Archives -> pages: what archives hold goes into table `pages` as what was fetched does, shard by shard.

Slices are read side by side, and taken in one after another in their order. So the same archives give the
same rows, and of two pages with one URL it is the first that stays.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from crawl.archives.archive import Archive, Contents, Slice
from crawl.frontier.frontier import Frontier
from crawl.page_writer import PageWriter
from gr_toolkit.console import Advance, Summary, describe
from gr_toolkit.engine import spread
from gr_toolkit.errors import GrError, NoPages, UsageError
from gr_toolkit.settings import CrawlSettings

MAX_NAMED = 10


@dataclass
class Tally:
    """What a run has come across in its archives, beside the rows that are new."""

    pages: int = 0
    known: int = 0
    others: Counter[str] = field(default_factory=Counter)
    troubles: list[str] = field(default_factory=list)
    read_before: int = 0


def ingest(
    archives: Sequence[Archive],
    writer: PageWriter,
    frontier: Frontier,
    settings: CrawlSettings,
    *,
    engine: str,
    workers: int,
    advance: Advance = lambda _: None,
) -> None:
    """Take in the pages of the archives that are not stored yet, and remember which archives are done.

    `advance` is called with the number of rows that came. Raises CannotWrite, StoreError, MissingExtra, and
    NoPages where not one page was found and something was wrong. What came in before stays.
    """
    tally = Tally()
    new = not_read_before(archives, frontier, settings, tally)
    try:
        ingest_slices(
            contents_of(new, writer.has, settings, engine, workers), writer, frontier, tally, advance
        )
    finally:
        tell(tally, writer.summary)
    if tally.troubles and not tally.pages:
        raise NoPages(f"no page was found: {tally.troubles[0]}")


def not_read_before(
    archives: Sequence[Archive], frontier: Frontier, settings: CrawlSettings, tally: Tally
) -> dict[str, Archive]:
    """The archives to read, each once, by their keys and what was asked of them. Raises UsageError."""
    asked = json.dumps([settings.allow, settings.deny, settings.part])
    new: dict[str, Archive] = {}
    for archive in archives:
        try:
            key = f"{archive.key(settings)} {asked}"
        except UsageError:
            raise
        except GrError as error:
            tally.troubles.append(str(error))
            continue
        if frontier.is_ingested(key):
            tally.read_before += 1
        else:
            new.setdefault(key, archive)
    return new


def contents_of(
    archives: Mapping[str, Archive],
    known: Callable[[str], bool],
    settings: CrawlSettings,
    engine: str,
    workers: int,
) -> Iterator[tuple[str, Contents | None]]:
    """What each slice holds, with the key of its archive; None where an archive ends."""
    for is_remote, group in groupby(archives.items(), key=lambda item: item[1].is_remote):
        keys, members = zip(*group, strict=True)
        tasks = (
            (number, slice)
            for number, archive in enumerate(members)
            for slice in archive.slices(settings, known)
        )
        at = 0
        where = ("local", 1) if is_remote else (engine, workers)
        for (number, _), contents in spread(read, tasks, engine=where[0], workers=where[1]):
            yield from ((key, None) for key in keys[at:number])
            at = number
            yield keys[number], contents
        yield from ((key, None) for key in keys[at:])


def read(task: tuple[int, Slice]) -> Contents:
    """Read a slice."""
    return task[1]()


def ingest_slices(
    contents: Iterator[tuple[str, Contents | None]],
    writer: PageWriter,
    frontier: Frontier,
    tally: Tally,
    advance: Advance,
) -> None:
    """Pass the rows on until `max_pages` are new. An archive is done once its last row is written."""
    most, shards = writer.settings.max_pages, writer.summary.shards
    done: list[str] = []
    unfinished: set[str] = set()
    try:
        for key, found in contents:
            if found is None:
                done += [key] if key not in unfinished else []
                continue
            count(found, tally, writer.summary)
            if found.unfinished:
                unfinished.add(key)
            for row in found.rows:
                is_new = writer.take(row)
                advance(is_new)
                tally.known += not is_new
                if most and writer.summary.rows + len(writer.waiting) >= most:
                    return
                writer.flush_if_due()
            if writer.summary.shards > shards:  # among what was written is all that came before this slice
                remember(frontier, done)
                shards = writer.summary.shards
    finally:
        writer.flush()
        remember(frontier, done)


def count(found: Contents, tally: Tally, summary: Summary) -> None:
    """Add up what a slice holds."""
    summary.rows_in += len(found.rows) + found.others.total()
    tally.pages += len(found.rows)
    tally.others.update(found.others)
    if found.trouble:
        tally.troubles.append(found.trouble)


def remember(frontier: Frontier, done: list[str]) -> None:
    """These archives need not be read again. Empties the list."""
    for key in done:
        frontier.set_ingested(key)
    done.clear()


def tell(tally: Tally, summary: Summary) -> None:
    """Notes on what is no new row."""
    if tally.read_before:
        summary.notes.append(f"{tally.read_before} archives were read by an earlier run")
    if tally.known:
        summary.notes.append(f"{tally.known} pages in archives are stored already")
    if tally.others:
        others = describe(tally.others, most=8)
        summary.notes.append(f"{tally.others.total()} records in archives are no pages: {others}")
    summary.notes += tally.troubles[:MAX_NAMED]
    if len(tally.troubles) > MAX_NAMED:
        summary.notes.append(f"and {len(tally.troubles) - MAX_NAMED} more things are wrong with archives")
