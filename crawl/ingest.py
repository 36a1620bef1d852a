"""Archives -> pages: adds the pages of archives to table `pages`, like fetched pages.

Slices are read in parallel, but their rows are added in order. So the same archives always produce the same
rows, and the first of two pages with the same URL is kept.
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

MAX_ERRORS_SHOWN = 10  # in the summary's notes


@dataclass
class Tally:
    """Counts of a run's archives: pages read, known pages, non-pages by type, errors, archives skipped."""

    pages: int = 0
    known: int = 0
    non_pages: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)
    already_read: int = 0


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
    """Add the pages of the archives that are not stored yet, and record the finished archives.

    Calls `advance` with the number of rows added. Raises CannotWrite, StoreError, MissingExtra, and NoPages
    if no page was found and an archive had an error. Rows added before an error stay.
    """
    tally = Tally()
    new = unread_archives(archives, frontier, settings, tally)
    try:
        ingest_slices(
            read_archives(new, writer.has, settings, engine, workers), writer, frontier, tally, advance
        )
    finally:
        add_notes(tally, writer.summary)
    if tally.errors and not tally.pages:
        raise NoPages(f"no page was found: {tally.errors[0]}")


def unread_archives(
    archives: Sequence[Archive], frontier: Frontier, settings: CrawlSettings, tally: Tally
) -> dict[str, Archive]:
    """The archives to read, without repeats, keyed by archive and URL filters. Raises UsageError."""
    filters = json.dumps([settings.allow, settings.deny, settings.part])
    new: dict[str, Archive] = {}
    for archive in archives:
        try:
            key = f"{archive.key(settings)} {filters}"
        except UsageError:
            raise
        except GrError as error:
            tally.errors.append(str(error))
            continue
        if frontier.is_ingested(key):
            tally.already_read += 1
        else:
            new.setdefault(key, archive)
    return new


def read_archives(
    archives: Mapping[str, Archive],
    known: Callable[[str], bool],
    settings: CrawlSettings,
    engine: str,
    workers: int,
) -> Iterator[tuple[str, Contents | None]]:
    """Yield the contents of each slice with its archive's key, and None at the end of an archive."""
    for is_remote, group in groupby(archives.items(), key=lambda item: item[1].is_remote):
        keys, members = zip(*group, strict=True)
        tasks = (
            (number, slice)
            for number, archive in enumerate(members)
            for slice in archive.slices(settings, known)
        )
        current = 0
        placement = ("local", 1) if is_remote else (engine, workers)
        for (number, _), contents in spread(read, tasks, engine=placement[0], workers=placement[1]):
            yield from ((key, None) for key in keys[current:number])
            current = number
            yield keys[number], contents
        yield from ((key, None) for key in keys[current:])


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
    """Write rows until `max_pages` new ones are added. An archive is done when its last row is written."""
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
                is_new = writer.add_if_new(row)
                advance(is_new)
                tally.known += not is_new
                if most and writer.summary.rows + len(writer.waiting) >= most:
                    return
                writer.flush_if_due()
            if writer.summary.shards > shards:  # the shards written include every row before this slice
                mark_done(frontier, done)
                shards = writer.summary.shards
    finally:
        writer.flush()
        mark_done(frontier, done)


def count(found: Contents, tally: Tally, summary: Summary) -> None:
    """Add a slice's counts to the tally and the summary."""
    summary.rows_in += len(found.rows) + found.others.total()
    tally.pages += len(found.rows)
    tally.non_pages.update(found.others)
    if found.trouble:
        tally.errors.append(found.trouble)


def mark_done(frontier: Frontier, done: list[str]) -> None:
    """Record these archives as finished, so that no run reads them again. Empties the list."""
    for key in done:
        frontier.set_ingested(key)
    done.clear()


def add_notes(tally: Tally, summary: Summary) -> None:
    """Add the tally to the summary's notes, with up to MAX_ERRORS_SHOWN errors."""
    if tally.already_read:
        summary.notes.append(f"{tally.already_read} archives were read by an earlier run")
    if tally.known:
        summary.notes.append(f"{tally.known} pages in archives are already stored")
    if tally.non_pages:
        types = describe(tally.non_pages, most=8)
        summary.notes.append(f"{tally.non_pages.total()} records in archives are not pages: {types}")
    summary.notes += tally.errors[:MAX_ERRORS_SHOWN]
    if len(tally.errors) > MAX_ERRORS_SHOWN:
        summary.notes.append(f"{len(tally.errors) - MAX_ERRORS_SHOWN} more errors in archives")
