"""A folder of HTML files as an archive. Its `index.jsonl`, if any, lists the files and their URLs, such as
{"path": "a/b.html", "url": "https://example.org/b"}; other keys are ignored.

Without an index, every .html, .htm and .xhtml file in the folder and its subfolders is a page. A page without
a URL gets file:///FOLDER/a/b.html. FOLDER is the folder's name without its parent folders, so that the URL is
the same on every machine.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from urllib.parse import quote

from crawl.archives.archive import Contents, Slice, Sorter, batches, ready
from crawl.urls import absolute_url
from gr_toolkit.settings import CrawlSettings

INDEX = "index.jsonl"
SUFFIXES = {".html", ".htm", ".xhtml"}
HEADERS = {"content-type": "text/html"}
BROKEN_LINE = f"invalid line of {INDEX}"

Entry = tuple[str, str]  # path in the folder, URL


@dataclass(frozen=True)
class HtmlFolder:
    """A local folder of HTML files."""

    path: Path
    is_remote = False

    @property
    def name(self) -> str:
        """The folder's path."""
        return str(self.path)

    def key(self, settings: CrawlSettings) -> str:
        """The folder's path and a hash of the files' paths, URLs, sizes and modification times."""
        digest = hashlib.sha256()
        for path, url in entries(self.path, Contents()):
            try:
                about = (self.path / path).stat()
                digest.update(f"{path}\0{url}\0{about.st_size}\0{about.st_mtime_ns}\n".encode())
            except (OSError, ValueError):
                digest.update(f"{path}\0{url}\n".encode())
        return f"folder {self.path.resolve()} {digest.hexdigest()}"

    def slices(self, settings: CrawlSettings, known: Callable[[str], bool]) -> Iterator[Slice]:
        """Yield slices of at most one shard's number of files, then one with the errors of the listing."""
        left_out = Contents()
        is_empty = True
        for batch in batches(entries(self.path, left_out), settings.shard_pages):
            yield partial(read_files, self.path, batch, settings)
            is_empty = False
        if is_empty:
            left_out.error = left_out.error or f"{self.path} has no WARC files and no HTML files"
        yield partial(ready, left_out)


def read_files(folder: Path, batch: Sequence[Entry], settings: CrawlSettings) -> Contents:
    """Read a batch of files in the folder."""
    sorter = Sorter(f"folder {folder.resolve().name}", settings)
    root = folder.resolve()
    for path, url in batch:
        file = folder / path
        try:
            if not file.resolve().is_relative_to(root):
                sorter.count("file outside the folder")
            elif not file.is_file():
                sorter.count("missing file")
            else:
                _take_file(file, url, sorter)
        except (OSError, ValueError, RuntimeError) as error:  # also for a NUL in a path or a symlink loop
            sorter.count(f"unreadable file ({getattr(error, 'strerror', None) or type(error).__name__})")
            sorter.contents.unfinished = True
    return sorter.contents


def _take_file(file: Path, url: str, sorter: Sorter) -> None:
    with file.open("rb") as content:
        body = content.read(sorter.max_bytes + 1)
        changed = datetime.fromtimestamp(os.fstat(content.fileno()).st_mtime, UTC)
    sorter.take(url, 200, HEADERS, body, fetched_at=changed)


def entries(folder: Path, left_out: Contents) -> Iterator[Entry]:
    """Yield the files that the folder's index lists or, without an index, all its HTML files.

    Invalid lines, other files and errors are recorded in `left_out`.
    """
    if (folder / INDEX).is_file():
        yield from _indexed(folder, left_out)
    else:
        yield from _found(folder, left_out)


def _indexed(folder: Path, left_out: Contents) -> Iterator[Entry]:
    try:
        with (folder / INDEX).open(encoding="utf-8-sig", errors="replace") as lines:
            for line in lines:
                if line.strip():
                    if entry := _entry(folder, line):
                        yield entry
                    else:
                        left_out.non_pages[BROKEN_LINE] += 1
    except OSError as error:
        left_out.error, left_out.unfinished = f"cannot read {folder / INDEX}: {error.strerror}", True


def _entry(folder: Path, line: str) -> Entry | None:
    """The entry in a line of the index; None if the line is invalid."""
    try:
        named = json.loads(line)
    except (ValueError, RecursionError):
        return None
    path, url = (named.get("path"), named.get("url")) if isinstance(named, dict) else (None, None)
    if not isinstance(path, str) or not path or not isinstance(url, str | None):
        return None
    return (path, absolute_url(url) or _address(folder, path)) if url else (path, _address(folder, path))


def _found(folder: Path, left_out: Contents) -> Iterator[Entry]:
    def failed(error: OSError) -> None:
        left_out.non_pages[f"unreadable folder ({error.strerror})"] += 1
        left_out.unfinished = True

    for place, folders, files in os.walk(folder, onerror=failed):
        folders.sort()
        for file in sorted(files):
            path = (Path(place) / file).relative_to(folder).as_posix()
            if Path(file).suffix.lower() in SUFFIXES:
                yield path, _address(folder, path)
            else:
                left_out.non_pages[f"not HTML ({Path(file).suffix.lower() or 'no suffix'})"] += 1


def _address(folder: Path, path: str) -> str:
    return f"file:///{quote(folder.resolve().name)}/{quote(path)}"
