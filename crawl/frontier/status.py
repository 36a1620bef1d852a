"""Reports the state of a crawl, host by host, while the crawl runs and afterwards."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.table import Table

from crawl.frontier.file import has_tables, open_to_read
from crawl.frontier.hosts import Tally
from gr_toolkit.console import describe, output_console

WAITING = """
SELECT host, count(*) FROM urls
WHERE depth <= ? AND state IN ('queued', 'in flight', 'failed', 'too deep') GROUP BY host
"""
HOSTS = """
SELECT host, stored, waiting, failed, coalesce(requests, 0), coalesce(bytes, 0), coalesce(seconds, 0),
    failure, coalesce(not_before, 0)
FROM (
    SELECT host, sum(shard IS NOT NULL) AS stored, sum(state = 'failed') AS failed,
        sum(state IN ('queued', 'in flight', 'failed', 'too deep') AND kind = 'page') AS waiting
    FROM urls GROUP BY host
) LEFT JOIN hosts USING (host)
ORDER BY waiting DESC, stored DESC, host
"""
MAX_SHOWN = 30  # hosts in the table
MAX_LIVE = 1000  # hosts whose figures a running crawl keeps for its progress line


def waiting_by_host(path: Path, max_depth: int) -> dict[str, int]:
    """Count, for each host in the frontier at `path`, the URLs that wait for the next run.

    URLs deeper than `max_depth` are not counted. Writes nothing, and may be called while a crawl runs. Raises
    StoreError.
    """
    if not has_tables(path):
        return {}
    with open_to_read(path) as database:
        return dict(database.execute(WAITING, (max_depth,)).fetchall())


@dataclass
class HostStatus:
    """One host: its URLs by state, the totals of its requests, and its last failure."""

    host: str
    stored: int
    waiting: int
    failed: int
    requests: int
    megabytes: float
    seconds_per_request: float | None
    failure: str | None
    not_before: str | None  # ISO 8601; the host is paused until then


def read_hosts(path: Path) -> list[HostStatus]:
    """The hosts in the frontier at `path`, sorted by waiting URLs, most first. Raises StoreError."""
    if not has_tables(path):
        return []
    with open_to_read(path) as database:
        return [_host(*row) for row in database.execute(HOSTS)]


def _host(
    host: str,
    stored: int,
    waiting: int,
    failed: int,
    requests: int,
    size: int,
    seconds: float,
    failure: str | None,
    not_before: float,
) -> HostStatus:
    later = not_before > time.time()
    until = datetime.fromtimestamp(not_before, UTC).isoformat(timespec="seconds") if later else None
    mean = seconds / requests if requests else None
    return HostStatus(host, stored, waiting, failed, requests, size / 1e6, mean, failure, until)


def show_hosts(path: Path, *, as_json: bool) -> None:
    """Print the frontier's hosts: all hosts as JSON, or the first MAX_SHOWN as a table with totals."""
    hosts = read_hosts(path)
    if as_json:
        print(json.dumps({"hosts": [asdict(host) for host in hosts]}))
        return
    console = output_console()
    if not hosts:
        return console.print("nothing has been crawled yet; start with: gr crawl https://example.org/")
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("host", "stored", "waiting", "failed", "requests", "MB", "s/request", "last failure"):
        table.add_column(heading, justify="left" if heading in ("host", "last failure") else "right")
    for host in hosts[:MAX_SHOWN]:
        numbers = (host.stored, host.waiting, host.failed, host.requests)
        mean = "" if host.seconds_per_request is None else f"{host.seconds_per_request:.2f}"
        why = f"{host.failure}, not before {host.not_before}" if host.not_before else host.failure or ""
        table.add_row(host.host, *map(str, numbers), f"{host.megabytes:.1f}", mean, why)
    console.print(table)
    more = f", {MAX_SHOWN} of them shown" if len(hosts) > MAX_SHOWN else ""
    stored, waiting = sum(host.stored for host in hosts), sum(host.waiting for host in hosts)
    console.print(f"{len(hosts)} hosts{more}: {stored} URLs stored, {waiting} waiting for the next run")


class Live:
    """A summary of a running crawl in one line: bytes, statuses, slowest host and failing hosts."""

    def __init__(self) -> None:
        self.bytes = 0
        self.statuses: Counter[str] = Counter()
        self.hosts: dict[str, Tally] = {}  # the MAX_LIVE hosts added last

    def add(self, host: str, tally: Tally, status: str) -> None:
        """Add the tally of a request to the host, and count the request's status unless it is empty."""
        self.bytes += tally.bytes
        if status:
            self.statuses[status] += 1
        if host not in self.hosts and len(self.hosts) >= MAX_LIVE:
            del self.hosts[next(iter(self.hosts))]
        self.hosts.setdefault(host, Tally()).add(tally)

    def tell(self) -> str:
        """Return the summary line."""
        parts = [f"{self.bytes / 1e6:.1f} MB", describe(self.statuses)]
        if len(self.hosts) > 1:
            means = {host: tally.seconds / tally.requests for host, tally in self.hosts.items()}
            slowest = max(means, key=means.__getitem__)
            parts.append(f"slowest {slowest} {means[slowest]:.1f} s")
        failing = Counter({host: tally.failures for host, tally in self.hosts.items() if tally.failures})
        if failing:
            parts.append(f"failing {describe(failing, most=2)}")
        return "; ".join(part for part in parts if part)
