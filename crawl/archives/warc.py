"""WARC files as archives (ISO 28500: https://iipc.github.io/warc-specifications/), read with FastWARC.

A gzipped WARC has each record in a separate gzip member, so that reading can start at any record. A file that
is compressed as a whole must be read from its beginning, so the main process reads it instead of a worker.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, BinaryIO

from crawl.archives.archive import Contents, Slice, Sorter, ready
from crawl.archives.warc_record import take_record
from gr_toolkit.errors import StoreError
from gr_toolkit.settings import CrawlSettings
from gr_toolkit.store.folder import Folder

if TYPE_CHECKING:
    from fastwarc.warc import WarcRecord

ENDINGS = (".warc", ".warc.gz", ".warc.zst")
STARTS = (b"WARC", b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd")  # a record's first bytes: uncompressed, gzip, zstd
GZIP = STARTS[1]
INTACT = "; its intact records were ingested"
TRUNCATED = f"is truncated{INTACT}"
NOT_WARC = "is not a WARC file, or is empty"
BLOCK = 1 << 20  # bytes read at a time
MAX_TRIES = 1000  # byte positions that one search tries as the start of a gzip member


@dataclass(frozen=True)
class WarcFile:
    """A WARC file in a folder, either local or at an fsspec URL."""

    folder: str
    file: str
    is_remote = False

    @property
    def name(self) -> str:
        """The full path or URL."""
        return f"{self.folder}/{self.file}"

    def key(self, settings: CrawlSettings) -> str:
        """The path, the size, and the modification time or ETag."""
        folder = Folder(self.folder)
        path = f"{folder.path}/{self.file}"
        try:
            about = folder.filesystem.info(path)
        except Exception:  # error types differ by file system; reading the file reports the error
            about = {}
        changed = next((about[key] for key in ("mtime", "ETag", "LastModified") if key in about), "")
        return f"warc {path} {about.get('size')} {changed}"

    def slices(self, settings: CrawlSettings, known: Callable[[str], bool]) -> Iterator[Slice]:
        """Yield byte ranges as slices. Each starts at a record and has at most a shard's number of pages."""
        start = 0
        try:
            with Folder(self.folder).open(self.file) as file:
                if not _is_splittable(file):
                    yield from (partial(ready, contents) for contents in _read_whole(self, file, settings))
                    return
                for stop in _split_points(file, settings.shard_pages):
                    yield partial(read_slice, self, start, stop, settings)
                    start = stop
        except (StoreError, FileNotFoundError) as error:
            yield partial(ready, Contents(error=_unreadable(self, error), unfinished=True))
            return
        yield partial(read_slice, self, start, None, settings)


def warc_files(folder: str) -> list[WarcFile]:
    """The WARC files in a folder and its subfolders. Raises StoreError."""
    place = Folder(folder)
    try:
        found = place.filesystem.find(place.path)
    except Exception as error:  # error types differ by file system
        raise StoreError(f"cannot list {folder}: {getattr(error, 'strerror', None) or error}") from error
    below = (str(path).removeprefix(f"{place.path}/") for path in found)
    return [WarcFile(folder.rstrip("/") or "/", path) for path in sorted(below) if is_warc(path)]


def is_warc(name: str) -> bool:
    """Whether a file name has a WARC ending, such as .warc.gz."""
    return name.lower().endswith(ENDINGS)


def read_slice(warc: WarcFile, start: int, stop: int | None, settings: CrawlSettings) -> Contents:
    """Read the records that begin in the bytes from `start` up to `stop` (None: the end of the file)."""
    sorter = Sorter(warc.file.rpartition("/")[2], settings)
    try:
        with Folder(warc.folder).open(warc.file) as file:
            sorter.contents.error = _with_name(warc, _read_range(file, start, stop, sorter))
    except (StoreError, FileNotFoundError) as error:
        sorter.contents.error, sorter.contents.unfinished = _unreadable(warc, error), True
    return sorter.contents


def _read_range(file: BinaryIO, start: int, stop: int | None, sorter: Sorter) -> str | None:
    """Add a byte range's records to the sorter. Return an error message, or None if all were read."""
    file.seek(start)
    position = None
    try:
        for record in _records(file):
            position = record.stream_pos
            if stop is not None and position >= stop:
                return None
            if not take_record(record, sorter):
                return TRUNCATED
    except OSError as error:
        damage = _damage(error)
        return NOT_WARC if position is None and (start, stop) == (0, None) else damage
    if position is None:
        return NOT_WARC
    return None if _is_complete(file, position) else TRUNCATED


def _read_whole(warc: WarcFile, file: BinaryIO, settings: CrawlSettings) -> Iterator[Contents]:
    """Read a file that cannot be split. Yield `Contents` with at most one shard's number of pages each."""
    file.seek(0)
    source = warc.file.rpartition("/")[2]
    sorter = Sorter(source, settings)
    try:
        for record in _records(file):
            if not take_record(record, sorter):
                break
            if len(sorter.contents.rows) >= settings.shard_pages:
                yield sorter.contents
                sorter = Sorter(source, settings)
        trouble = None if _is_complete(file, 0) else TRUNCATED
    except OSError as error:
        trouble = _damage(error)
    sorter.contents.error = _with_name(warc, trouble)
    yield sorter.contents


def _records(stream: BinaryIO) -> Iterator[WarcRecord]:
    from fastwarc.warc import ArchiveIterator

    return iter(ArchiveIterator(stream, parse_http=False))


def _is_splittable(file: BinaryIO) -> bool:
    """Whether reading can start inside the file: at the position that FastWARC reports for record 2."""
    try:
        records = _records(file)
        next(records)
        position = next(records).stream_pos
    except (StopIteration, OSError):
        return True  # nothing to split; reading the file reports the error
    file.seek(position)
    return file.read(4).startswith(STARTS)


def _split_points(file: BinaryIO, responses: int) -> Iterator[int]:
    """Yield the positions between slices: after every `responses` responses, and after each damaged part."""
    from fastwarc.warc import WarcRecordType

    bodies = WarcRecordType.response | WarcRecordType.resource
    at: int | None = 0
    while at is not None:
        file.seek(at)
        seen = 0
        try:
            for record in _records(file):
                at = record.stream_pos
                if record.record_type & bodies:
                    if seen and seen % responses == 0:
                        yield at
                    seen += 1
            return
        except OSError:  # the slice that contains the damage reports it
            at = _next_member(file, at + 1)
            if at is not None:
                yield at


def _next_member(file: BinaryIO, position: int) -> int | None:
    """The start of the next gzip member with a record; None if the file ends or after MAX_TRIES tries."""
    file.seek(position)
    before, tries = b"", 0
    while block := file.read(BLOCK):
        block = before + block
        found = block.find(GZIP)
        while found >= 0 and tries < MAX_TRIES:
            if _holds_record(file, position + found):
                return position + found
            tries += 1
            found = block.find(GZIP, found + 1)
        before = block[1 - len(GZIP) :]
        position += len(block) - len(before)
        file.seek(position + len(before))
    return None


def _holds_record(file: BinaryIO, position: int) -> bool:
    file.seek(position)
    try:
        return next(_records(file), None) is not None
    except OSError:
        return False


def _is_complete(file: BinaryIO, position: int) -> bool:
    """Whether the gzip data from `position` to the end is complete; True if the file is not gzip."""
    file.seek(position)
    if file.read(len(GZIP)) != GZIP:
        return True
    file.seek(position)
    try:
        with gzip.GzipFile(fileobj=file) as members:
            while members.read(BLOCK):
                pass
    except (EOFError, OSError, zlib.error):
        return False
    return True


def _damage(error: OSError) -> str:
    """Describe why FastWARC cannot read a file. Re-raises the error if the operating system caused it."""
    if error.errno is not None:
        raise error
    return f"is damaged ({error}){INTACT}"


def _with_name(warc: WarcFile, trouble: str | None) -> str | None:
    return trouble and f"{warc.name} {trouble}"


def _unreadable(warc: WarcFile, error: Exception) -> str:
    return f"{warc.name} no longer exists" if isinstance(error, FileNotFoundError) else str(error)
