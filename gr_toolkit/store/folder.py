"""A folder of files, local or at any fsspec URL. Files are written atomically."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import fsspec
from fsspec.implementations.local import LocalFileSystem

from gr_toolkit.errors import CannotWrite, GrError, MissingExtra, StoreError, UsageError
from gr_toolkit.files import TEMPORARY, write_whole

FULL = (errno.ENOSPC, errno.EDQUOT)  # of the errors of a full disk


class Folder:
    """One folder under a URL such as `gr-data/pages` or `s3://bucket/run/pages`."""

    def __init__(self, url: str) -> None:
        try:
            self.filesystem, self.path = fsspec.core.url_to_fs(url)
        except ImportError as error:
            scheme = url.split("://", maxsplit=1)[0]
            extra = "'gr-toolkit[s3]'" if scheme == "s3" else f"PACKAGE (which fsspec needs for {scheme})"
            raise MissingExtra(url, f"pip install {extra}") from error
        except ValueError as error:
            raise UsageError(f"{url} is not a data folder: {error}") from error
        self.url = url
        self.is_local = isinstance(self.filesystem, LocalFileSystem)

    def exists(self) -> bool:
        """Whether the folder exists. Raises StoreError."""
        with _failing_as(StoreError, f"cannot look for {self.url}"):
            return bool(self.filesystem.exists(self.path))

    def names(self, ending: str) -> list[str]:
        """The names of the finished files with this ending, sorted. Raises StoreError."""
        with _failing_as(StoreError, f"cannot list {self.url}"):
            try:
                found = self.filesystem.ls(self.path, detail=False, refresh=True)
            except FileNotFoundError:
                return []
        names = (str(path).rsplit("/", 1)[-1] for path in found)
        return sorted(name for name in names if name.endswith(ending) and not name.startswith(TEMPORARY))

    def read(self, name: str) -> bytes:
        """The bytes of a file. Raises FileNotFoundError, StoreError."""
        with self.open(name) as file:
            return file.read()

    @contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        """Open a file for reading. Raises FileNotFoundError, and StoreError if opening or reading fails."""
        with (
            _failing_as(StoreError, f"cannot read {self.url}/{name}", but=FileNotFoundError),
            self.filesystem.open(f"{self.path}/{name}", "rb") as file,
        ):
            yield file

    def write(self, name: str, content: bytes) -> None:
        """Write a file atomically: fsync and rename, or one PUT on an object store. Raises CannotWrite."""
        with _failing_as(CannotWrite, f"cannot write {self.url}/{name}", _remedy):
            if self.is_local:
                write_whole(Path(self.path) / name, content)
            else:
                self.filesystem.pipe_file(f"{self.path}/{name}", content)

    def move(self, name: str, to: str) -> None:
        """Move a file to the URL `to`. Raises CannotWrite."""
        folder, _, new_name = to.rpartition("/")
        target = Folder(folder)
        with _failing_as(CannotWrite, f"cannot move {self.url}/{name} to {to}"):
            if self.is_local:
                Path(target.path).mkdir(parents=True, exist_ok=True)
            self.filesystem.mv(f"{self.path}/{name}", f"{target.path}/{new_name}")

    def sweep(self) -> None:
        """Remove temporary files left by a killed writer. The caller must hold the table's lock."""
        if self.is_local and Path(self.path).is_dir():
            for left in Path(self.path).glob(f"{TEMPORARY}*"):
                left.unlink(missing_ok=True)


def _remedy(error: Exception) -> str:
    """What to do about a failed write."""
    room = "free some space or " if getattr(error, "errno", None) in FULL else ""
    return f". No stored data is lost: {room}choose another --data, then run the same command again"


def _none(_: Exception) -> str:
    return ""


@contextmanager
def _failing_as(
    kind: type[StoreError],
    what: str,
    advice: Callable[[Exception], str] = _none,
    *,
    but: type[Exception] = GrError,
) -> Iterator[None]:
    """Convert every exception except GrError and `but` to `kind`; each file system has its own exceptions."""
    try:
        yield
    except (GrError, but):
        raise
    except Exception as error:
        raise kind(f"{what}: {getattr(error, 'strerror', None) or error}{advice(error)}") from error
