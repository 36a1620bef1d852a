"""The model and server of a connection, described before it is opened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """One model on one server."""

    model: str  # as the server names it; stored in rows
    server: str  # for display: the base URL, or the local backend
    identity: str  # of server and weights; part of the cache key
    concurrency: int
    timeout: float | None  # seconds per request; None for no limit
    # Returns the base URL. Starts a local server, so that a fully cached run starts none.
    start: Callable[[], str]
    in_process: bool = False  # the server runs in this process, so requests bypass any proxy
    key: str = ""
    key_env: str = ""
