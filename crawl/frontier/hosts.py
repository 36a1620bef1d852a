"""What the frontier remembers of each host: what its requests came to, and whether it asked for patience."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from pathlib import Path

from crawl.frontier.file import failures_named

MAX_REST = 366 * 86_400.0  # seconds for which a host is left alone at most
LEAVE = """
INSERT INTO hosts (host, failure, not_before) VALUES (?, ?, ?)
ON CONFLICT (host) DO UPDATE SET failure = excluded.failure, not_before = excluded.not_before
"""
ADD = """
INSERT INTO hosts (host, requests, pages, bytes, seconds, failures, failure) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (host) DO UPDATE SET requests = requests + excluded.requests, pages = pages + excluded.pages,
    bytes = bytes + excluded.bytes, seconds = seconds + excluded.seconds,
    failures = failures + excluded.failures, failure = coalesce(excluded.failure, failure)
"""


@dataclass(slots=True)
class Tally:
    """What the requests to one host came to: how many, the pages and bytes they brought, the seconds that
    the host took for them, how many failed, and how the last of those did.
    """

    requests: int = 0
    pages: int = 0
    bytes: int = 0
    seconds: float = 0.0
    failures: int = 0
    failure: str | None = None

    def add(self, other: Tally) -> None:
        """Count the other's requests in."""
        self.requests += other.requests
        self.pages += other.pages
        self.bytes += other.bytes
        self.seconds += other.seconds
        self.failures += other.failures
        self.failure = other.failure or self.failure


class HostBook:
    """The table `hosts` of the frontier at `path`. Every method may raise StoreError."""

    def __init__(self, path: Path, database: sqlite3.Connection) -> None:
        self.path = path
        self.database = database

    def to_leave(self) -> dict[str, str]:
        """The hosts that asked to be left alone until later than now, and why."""
        query = "SELECT host, failure FROM hosts WHERE not_before > ?"
        with failures_named(self.path):
            rows = self.database.execute(query, (time.time(),))
            return {host: f"{why}, asked to wait" for host, why in rows}

    def leave(self, host: str, seconds: float, reason: str) -> None:
        """The host asks not to be asked for so many seconds."""
        with failures_named(self.path):
            self.database.execute(LEAVE, (host, reason, time.time() + min(seconds, MAX_REST)))

    def add(self, tallies: Mapping[str, Tally]) -> None:
        """Add what the requests to each host came to."""
        rows = [(host, *astuple(tally)) for host, tally in tallies.items()]
        with failures_named(self.path):
            self.database.executemany(ADD, rows)
