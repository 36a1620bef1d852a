"""Keeps the replies that the cache does not hold, until the work that needs them is written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from gr_toolkit.llm.cache import Cache
from gr_toolkit.llm.messages import Reply

UNIT: ContextVar[str | None] = ContextVar("unit", default=None)


@contextmanager
def kept_until_written(unit: str) -> Iterator[None]:
    """Keep the replies to the block's requests until `LLM.forget` is called with this unit of work.

    So no reply is paid for twice while its shard is unfinished, whether or not it can be cached.
    """
    token = UNIT.set(unit)
    try:
        yield
    finally:
        UNIT.reset(token)


class Unfinished:
    """The replies to the requests of unfinished units of work, in a file that outlives the process."""

    def __init__(self, path: Path) -> None:
        self._file = Cache(path, "file of replies to unfinished work", None)

    @property
    def is_keeping(self) -> bool:
        """Whether this task works in a `kept_until_written` block."""
        return UNIT.get() is not None

    def prepare(self) -> None:
        """Create the file before a request is sent, so that an unwritable folder costs nothing."""
        self._file.prepare()

    def get(self, request: str) -> Reply[None] | None:
        """Return the reply kept for this unit of work and request key, or None."""
        unit = UNIT.get()
        return None if unit is None else self._file.get(f"{unit} {request}")

    def put(self, request: str, reply: Reply[None]) -> None:
        """Keep the reply to the request with this key. Does nothing outside `kept_until_written`."""
        unit = UNIT.get()
        if unit is not None:
            self._file.put(f"{unit} {request}", reply)

    def forget(self, unit: str) -> None:
        """Delete the replies of a unit of work."""
        self._file.forget(f"{unit} ")

    def close(self) -> None:
        """Close the file."""
        self._file.close()
