"""WARC files as archives (ISO 28500: https://iipc.github.io/warc-specifications/), read with FastWARC.

A gzipped WARC has each record in a gzip member of its own, so that reading may begin at any record. One that
is compressed as a whole has to be read from its beginning, and so it is by this process.
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
STARTS = (b"WARC", b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd")  # of a record: as it is, gzip, zstd
GZIP = STARTS[1]
WHOLE = "; what is whole in it was taken in"
CUT_SHORT = f"is cut short{WHOLE}"
NO_WARC = "is no WARC file, or an empty one"
BLOCK = 1 << 20
MAX_TRIES = 1000


@dataclass(frozen=True)
class WarcFile:
    """A WARC file in a folder, either local or behind a URL of fsspec's."""

    folder: str
    file: str
    is_remote = False

    @property
    def name(self) -> str:
        """Its whole path or URL."""
        return f"{self.folder}/{self.file}"

    def key(self, settings: CrawlSettings) -> str:
        """By path, size and time."""
        folder = Folder(self.folder)
        path = f"{folder.path}/{self.file}"
        try:
            about = folder.filesystem.info(path)
        except Exception:  # each file system has its own; reading the file will say what is wrong
            about = {}
        changed = next((about[key] for key in ("mtime", "ETag", "LastModified") if key in about), "")
        return f"warc {path} {about.get('size')} {changed}"

    def slices(self, settings: CrawlSettings, known: Callable[[str], bool]) -> Iterator[Slice]:
        """Ranges of bytes that begin at a record, each with as many responses as a shard has pages."""
        start = 0
        try:
            with Folder(self.folder).open(self.file) as file:
                if not _can_be_cut(file):
                    yield from (partial(ready, contents) for contents in _read_whole(self, file, settings))
                    return
                for stop in _cuts(file, settings.shard_pages):
                    yield partial(read_slice, self, start, stop, settings)
                    start = stop
        except (StoreError, FileNotFoundError) as error:
            yield partial(ready, Contents(trouble=_unreadable(self, error), unfinished=True))
            return
        yield partial(read_slice, self, start, None, settings)


def warc_files(folder: str) -> list[WarcFile]:
    """The WARC files in a folder and in those below it. Raises StoreError."""
    place = Folder(folder)
    try:
        found = place.filesystem.find(place.path)
    except Exception as error:  # each file system has its own
        raise StoreError(f"cannot list {folder}: {getattr(error, 'strerror', None) or error}") from error
    below = (str(path).removeprefix(f"{place.path}/") for path in found)
    return [WarcFile(folder.rstrip("/") or "/", path) for path in sorted(below) if is_warc(path)]


def is_warc(name: str) -> bool:
    """Whether a file is one by its name."""
    return name.lower().endswith(ENDINGS)


def read_slice(warc: WarcFile, start: int, stop: int | None, settings: CrawlSettings) -> Contents:
    """The records that begin in this range of bytes; None is the end of the file."""
    sorter = Sorter(warc.file.rpartition("/")[2], settings)
    try:
        with Folder(warc.folder).open(warc.file) as file:
            sorter.contents.trouble = _named(warc, _read_range(file, start, stop, sorter))
    except (StoreError, FileNotFoundError) as error:
        sorter.contents.trouble, sorter.contents.unfinished = _unreadable(warc, error), True
    return sorter.contents


def _read_range(file: BinaryIO, start: int, stop: int | None, sorter: Sorter) -> str | None:
    """Sort the records in; what is wrong with the file, if anything is."""
    file.seek(start)
    position = None
    try:
        for record in _records(file):
            position = record.stream_pos
            if stop is not None and position >= stop:
                return None
            if not take_record(record, sorter):
                return CUT_SHORT
    except OSError as error:
        damage = _damage(error)
        return NO_WARC if position is None and (start, stop) == (0, None) else damage
    if position is None:
        return NO_WARC
    return None if _ends_whole(file, position) else CUT_SHORT


def _read_whole(warc: WarcFile, file: BinaryIO, settings: CrawlSettings) -> Iterator[Contents]:
    """What a file that cannot be cut holds, as many responses at a time as a shard has pages."""
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
        trouble = None if _ends_whole(file, 0) else CUT_SHORT
    except OSError as error:
        trouble = _damage(error)
    sorter.contents.trouble = _named(warc, trouble)
    yield sorter.contents


def _records(stream: object) -> Iterator[WarcRecord]:
    from fastwarc.warc import ArchiveIterator

    return iter(ArchiveIterator(stream, parse_http=False))  # type: ignore[arg-type]


def _can_be_cut(file: BinaryIO) -> bool:
    """Whether the second record, too, begins where its position says."""
    try:
        records = _records(file)
        next(records)
        position = next(records).stream_pos
    except (StopIteration, OSError):
        return True  # there is nothing to cut, and what is wrong will be said when it is read
    file.seek(position)
    return file.read(4).startswith(STARTS)


def _cuts(file: BinaryIO, responses: int) -> Iterator[int]:
    """The positions at which that many responses more have begun, and those after something damaged."""
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
        except OSError:  # the slice that ends here will say so
            at = _next_member(file, at + 1)
            if at is not None:
                yield at


def _next_member(file: BinaryIO, position: int) -> int | None:
    """Where the next gzip member begins that holds a record; None after too much that only looks like one."""
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


def _ends_whole(file: BinaryIO, position: int) -> bool:
    """Whether the gzip member that begins there is whole, and what follows it; true for what is no gzip."""
    file.seek(position)
    if file.read(len(GZIP)) != GZIP:
        return True
    file.seek(position)
    try:
        with gzip.GzipFile(fileobj=file) as rest:
            while rest.read(BLOCK):
                pass
    except (EOFError, OSError, zlib.error):
        return False
    return True


def _damage(error: OSError) -> str:
    """What is wrong with a file that FastWARC cannot read. Raises again what is wrong with the disk."""
    if error.errno is not None:
        raise error
    return f"is damaged ({error}){WHOLE}"


def _named(warc: WarcFile, trouble: str | None) -> str | None:
    return trouble and f"{warc.name} {trouble}"


def _unreadable(warc: WarcFile, error: Exception) -> str:
    return f"{warc.name} is gone" if isinstance(error, FileNotFoundError) else str(error)
