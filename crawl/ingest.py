"""Adds the pages of archives to table `pages`, in the same form as fetched pages.

An archive is split into slices. Slices are read in parallel, but their rows are added in order. So the same
archives always produce the same rows, and of two pages with the same URL the first is kept.
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
from gr_toolkit import interrupts
from gr_toolkit.console import Advance, Summary, describe
from gr_toolkit.engine import spread
from gr_toolkit.errors import GrError, NoPages, UsageError
from gr_toolkit.settings import CrawlSettings

MAX_ERRORS_SHOWN = 10  # in the summary's notes


@dataclass
class Tally:
    """What one run found in its archives."""

    pages: int = 0  # number of pages read
    known: int = 0  # number of pages that are already stored
    non_pages: Counter[str] = field(default_factory=Counter)  # number of other records, by type
    errors: list[str] = field(default_factory=list)  # messages
    already_read: int = 0  # number of archives skipped because an earlier run read them


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
    """Add the archives' pages that are not stored yet, and record which archives are finished.

    Calls `advance` for every row: with 1 if the row was added, otherwise 0. Raises CannotWrite, StoreError,
    MissingExtra, and NoPages if no page was found and an archive had an error. Rows added before an error
    stay.
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
    """Return the archives that are not ingested yet, without duplicates, by the key that marks them ingested.

    The key includes the URL filters. Skipped archives and errors are added to `tally`. Raises UsageError.
    """
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
    """Yield (archive key, contents) for each slice, and (archive key, None) at the end of each archive."""
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
    """Read the slice of a task, which is a pair (archive number, slice)."""
    return task[1]()


def ingest_slices(
    contents: Iterator[tuple[str, Contents | None]],
    writer: PageWriter,
    frontier: Frontier,
    tally: Tally,
    advance: Advance,
) -> None:
    """Add rows until `max_pages` of them were new. Record an archive as finished once its rows are stored."""
    shards = writer.summary.shards
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
            with interrupts.on_interrupt():  # a row is added to the waiting pages and to the frontier
                if add_rows(found, writer, tally, advance):
                    return
            if writer.summary.shards > shards:  # the rows of all earlier slices are stored
                mark_done(frontier, done)
                shards = writer.summary.shards
    finally:
        with interrupts.on_interrupt():
            writer.flush()
            mark_done(frontier, done)


def add_rows(found: Contents, writer: PageWriter, tally: Tally, advance: Advance) -> bool:
    """Add the rows of a slice that are new. Return whether `max_pages` is reached."""
    most = writer.settings.max_pages
    for row in found.rows:
        is_new = writer.add_if_new(row)
        advance(is_new)
        tally.known += not is_new
        if most and writer.summary.rows + len(writer.waiting) >= most:
            return True
        writer.flush_if_due()
    return False


def count(found: Contents, tally: Tally, summary: Summary) -> None:
    """Add a slice's counts to the tally and the summary."""
    summary.rows_in += len(found.rows) + found.non_pages.total()
    tally.pages += len(found.rows)
    tally.non_pages.update(found.non_pages)
    if found.error:
        tally.errors.append(found.error)


def mark_done(frontier: Frontier, done: list[str]) -> None:
    """Record the archives with the keys in `done` as finished, so that later runs skip them; empty `done`."""
    for key in done:
        frontier.set_ingested(key)
    done.clear()


def add_notes(tally: Tally, summary: Summary) -> None:
    """Add the tally's counts and its first MAX_ERRORS_SHOWN errors to the summary's notes."""
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
