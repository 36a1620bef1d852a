"""The frontier's record of each host: totals of the requests, and the pause that the host asked for."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from pathlib import Path

from crawl.frontier.file import translate_errors

MAX_PAUSE = 366 * 86_400.0  # seconds; the longest pause that a host can ask for
PAUSE = """
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
    """Totals of the requests to one host: their number, pages, bytes, seconds, and failures.

    `failure` is the reason of the last failure.
    """

    requests: int = 0
    pages: int = 0
    bytes: int = 0
    seconds: float = 0.0
    failures: int = 0
    failure: str | None = None

    def add(self, other: Tally) -> None:
        """Add the other tally to this one."""
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

    def paused(self) -> dict[str, str]:
        """The hosts whose pause is not over, each with the reason for the pause."""
        query = "SELECT host, failure FROM hosts WHERE not_before > ?"
        with translate_errors(self.path):
            rows = self.database.execute(query, (time.time(),))
            return {host: f"{why}, asked to wait" for host, why in rows}

    def pause(self, host: str, seconds: float, reason: str) -> None:
        """Pause the host for this many seconds, at most MAX_PAUSE."""
        with translate_errors(self.path):
            self.database.execute(PAUSE, (host, reason, time.time() + min(seconds, MAX_PAUSE)))

    def add(self, tallies: Mapping[str, Tally]) -> None:
        """Add each host's tally to the host's totals."""
        rows = [(host, *astuple(tally)) for host, tally in tallies.items()]
        with translate_errors(self.path):
            self.database.executemany(ADD, rows)
