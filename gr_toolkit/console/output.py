"""Protects stdout and stderr, which may be closed, or a full disk, or a pipe that nobody reads."""

from __future__ import annotations

import errno
import os
import sys
from io import BufferedWriter, FileIO, TextIOWrapper
from typing import TYPE_CHECKING, BinaryIO, TextIO, cast

from gr_toolkit.errors import GrError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class OutputLost(GrError):
    """Stdout could not be written. The message is empty if its reader closed it, as `head` does."""


class Output(FileIO):
    """A file descriptor of which only the first failed write is an error; what follows is discarded.

    Without `must_write` no failed write is an error.
    """

    def __init__(self, descriptor: int, *, must_write: bool) -> None:
        super().__init__(descriptor, "wb", closefd=False)
        self.must_write = must_write
        self.is_lost = False

    def write(self, content: ReadableBuffer, /) -> int | None:  # type: ignore[override]
        """Write the content, or discard it. Raises OutputLost."""
        if not self.is_lost:
            try:
                return super().write(content)
            except OSError as error:
                self.is_lost = True
                if self.must_write:
                    raise OutputLost(_why(error)) from error
        return memoryview(content).nbytes


def protect_output() -> None:
    """Let `print` raise OutputLost if stdout cannot be written, and let a lost stderr stop nothing.

    If stdout or stderr is closed, its descriptor is taken, so that no file opened later receives
    what is printed. A stream that a program has set instead is not changed.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDONLY)  # the lowest free descriptor; a write to it fails
    sys.stdout = _protected(sys.stdout, 1, must_write=True)
    sys.stderr = _protected(sys.stderr, 2, must_write=False)


def _protected(stream: TextIO | None, descriptor: int, *, must_write: bool) -> TextIO:
    output = Output(descriptor, must_write=must_write)
    if stream is None:  # it was closed when Python started
        return TextIOWrapper(BufferedWriter(output), encoding="utf-8", write_through=True)
    if type(stream) is not TextIOWrapper:
        return stream
    raw: object = getattr(stream.buffer, "raw", stream.buffer)  # the buffer itself under PYTHONUNBUFFERED
    if type(raw) is not FileIO or raw.fileno() != descriptor:
        return stream
    stream.flush()
    return TextIOWrapper(
        cast(BinaryIO, output) if raw is stream.buffer else BufferedWriter(output),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


def _why(error: OSError) -> str:
    if error.errno == errno.EPIPE:
        return ""
    why = "it is closed" if error.errno == errno.EBADF else error.strerror
    return f"cannot write to stdout: {why}"
