"""Describes the model and server of a connection before the connection is opened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """One model on one server."""

    model: str  # as the server names it; stored in rows
    server: str  # for display: the base URL, or the local backend
    identity: str  # identifies the server, or the local weights; part of the cache key
    concurrency: int
    timeout: float | None  # seconds per request; None for no limit
    # Starts the server of a local model, and returns the base URL. It is called at the first cache miss, so
    # that a fully cached run starts no server.
    start: Callable[[], str]
    in_process: bool = False  # the server runs in this process, so requests bypass any proxy
    key: str = ""  # the API key; empty if none is sent
    key_env: str = ""  # the environment variable that holds the key; empty if the settings name none
    is_openai: bool = False

    @property
    def advice_on_key(self) -> str:
        """How to give the server a key."""
        if self.key_env:
            return f"set the environment variable {self.key_env}"
        return 'set the environment variable MY_KEY, for example, and set api_key_env = "MY_KEY" for it'
