"""Which server a connection talks to, before it is reached."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """One model at one server."""

    model: str  # as the server knows it, and as rows record it
    server: str  # for people: the base URL, or what runs it here
    identity: str  # whose replies these are, in the cache's keys
    concurrency: int
    timeout: float | None  # seconds for one request
    start: Callable[
        [], str
    ]  # gives the base URL; a local server starts now, so that a cached run starts none
    here: bool = False  # it runs in this process, so no proxy stands before it
    key: str = ""
    key_env: str = ""
