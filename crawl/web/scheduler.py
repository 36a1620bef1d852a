"""The order of requests. The scheduler sends a host's requests in the frontier's order, several at a time.
It processes their results in the same order, regardless of which response arrives first.

So a crawl is breadth-first and its result does not depend on server latency: every page gets the same depth
and the same copy of duplicate content is kept, even if the crawl is killed and continued.
"""

from __future__ import annotations

import heapq
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from crawl.frontier.frontier import Frontier
from crawl.result import Entry, FetchFailure, Result
from crawl.web.throttle import Throttle
from gr_toolkit.settings import CrawlSettings

WINDOW = 256  # maximum entries per host that are in flight, or whose result waits for an earlier result
MAX_HOST_QUEUES = 1000  # hosts crawled at a time; a list of a million hosts must fit into memory


@dataclass
class HostQueue:
    """One host's requests in this run."""

    throttle: Throttle
    taken: deque[Entry] = field(default_factory=deque)  # from the frontier, and not finished yet
    resend: deque[Entry] = field(default_factory=deque)  # taken entries to send again
    active: int = 0  # requests in flight
    not_before: float = 0.0  # earliest time of the next request, by time.monotonic
    has_answered: bool = False  # whether a request has succeeded or was refused
    failures: int = 0  # consecutive failed requests
    is_listed: bool = False  # whether the scheduler lists the host in `ready` or `sleeping`


class Scheduler:
    """Hands out entries of the frontier and processes their results in order."""

    def __init__(self, frontier: Frontier, settings: CrawlSettings) -> None:
        self.frontier = frontier
        self.settings = settings
        self.rows_left = settings.max_pages or None  # rows this run may still add; None: no limit
        self.host_queues: dict[str, HostQueue] = {}
        self.ready: deque[str] = deque()  # hosts that may have an entry to send
        self.sleeping: list[tuple[float, str]] = []  # a heap of (wake time, host)
        self.results: dict[int, Result] = {}  # by entry id; results that wait for earlier entries
        self.tries: Counter[int] = Counter()  # retries by entry id
        self.rows: Counter[str] = Counter()  # rows added, by host
        self.outstanding = 0  # entries taken from the frontier and not finished yet
        self.closed = frontier.book.paused()  # reason by host; a closed host gets no request in this run
        self.last_host = ""  # the last host added from the frontier; hosts are added by name
        self.more_hosts = True  # the frontier may have hosts without a queue here
        self.skipped_hosts = False  # hosts without a queue may sort before `last_host`
        self._fill()

    def open(self, hosts: Iterable[str]) -> None:
        """Schedule hosts that have newly queued URLs."""
        for host in hosts:
            if host in self.host_queues:
                self._list(host, self.host_queues[host])
            elif len(self.host_queues) >= MAX_HOST_QUEUES:
                self.more_hosts = self.skipped_hosts = True
            elif host not in self.closed:
                throttle = Throttle(self.settings.delay, self.settings.concurrency_per_host)
                self.host_queues[host] = HostQueue(throttle)
                self._list(host, self.host_queues[host])

    def next(self) -> Entry | None:
        """Return the next entry to fetch; None if all hosts are busy or waiting, or no entry is left."""
        now = time.monotonic()
        while self.sleeping and self.sleeping[0][0] <= now:
            self.ready.append(heapq.heappop(self.sleeping)[1])
        while (host := self._next_host()) is not None:
            if entry := self._next_of(host, now):
                return entry
        return None

    def _next_host(self) -> str | None:
        """Remove a host from `ready` and return it; None if no host may send a request.

        If as many entries are outstanding as rows may still be added, only hosts with an entry to resend may
        send one. That entry is outstanding already, so the crawl would wait for it forever.
        """
        if self.rows_left is not None and self.outstanding >= self.rows_left:
            host = next((host for host in self.ready if self.host_queues[host].resend), None)
            if host is not None:
                self.ready.remove(host)
            return host
        if self.more_hosts and len(self.host_queues) <= MAX_HOST_QUEUES // 2:
            self._fill()
        return self.ready.popleft() if self.ready else None

    def wakes_at(self) -> float | None:
        """The time (time.monotonic) at which the first waiting host is ready; None if no host waits."""
        return self.sleeping[0][0] if self.sleeping else None

    def end_request(self, entry: Entry, result: Result, latency: float) -> bool:
        """Record the end of a request. Return whether the result is final; if not, the entry is retried."""
        host_queue = self._release_slot(entry)
        failed = isinstance(result, FetchFailure) and not result.refused
        host_queue.throttle.adjust(latency, not failed)
        host_queue.has_answered = host_queue.has_answered or not failed
        host_queue.failures = host_queue.failures + 1 if failed else 0
        if not isinstance(result, FetchFailure) or result.refused:
            return True
        self._back_off(entry.host, host_queue, result)
        if entry.host in self.closed or self.tries[entry.id] >= self.settings.retries:
            return True
        self.tries[entry.id] += 1
        host_queue.resend.append(entry)
        return False

    def finish(self, entry: Entry, result: Result) -> Iterator[tuple[Entry, Result]]:
        """Store a final result. Yield, in order, the host's results that need not wait any longer."""
        host_queue = self.host_queues[entry.host]
        self.results[entry.id] = result
        while host_queue.taken and host_queue.taken[0].id in self.results:
            first = host_queue.taken.popleft()
            self.outstanding -= 1
            self.tries.pop(first.id, None)
            yield first, self.results.pop(first.id)
        self._list(entry.host, host_queue)

    def resend(self, entry: Entry) -> None:
        """Queue a redirected entry again. The redirect's target waits for its turn like any other request."""
        self._release_slot(entry).resend.appendleft(entry)

    def skip(self, entry: Entry) -> None:
        """Release an entry that `next` returned, because it needs no request."""
        self._release_slot(entry).not_before = 0.0

    def slow_down(self, host: str, seconds: float) -> None:
        """Apply a Crawl-delay in seconds; close the host if the delay exceeds `max_wait`."""
        if seconds > self.settings.max_wait:
            self.close(host, f"Crawl-delay of {seconds:g} seconds")
        elif host in self.host_queues:
            self.host_queues[host].throttle.slow_down(seconds)

    def close(self, host: str, reason: str) -> None:
        """Send the host no more requests in this run. Entries of the host that wait for a retry fail."""
        self.closed.setdefault(host, reason)
        if host_queue := self.host_queues.get(host):
            self.results.update((entry.id, FetchFailure(reason)) for entry in host_queue.resend)
            host_queue.resend.clear()
            self._wake(host)

    def count_row(self, host: str) -> None:
        """Count a row of the host towards `max_pages` and `max_pages_per_host`."""
        if self.settings.max_pages_per_host:
            self.rows[host] += 1
        if self.rows_left is not None:
            self.rows_left -= 1

    def has_pending(self) -> bool:
        """Whether `next` may return another entry, now or later."""
        return bool(self.host_queues or self.more_hosts) and (self.rows_left is None or self.rows_left > 0)

    def _fill(self) -> None:
        """Open queues for more hosts, in order of name. If hosts were skipped, the next call starts over."""
        while len(self.host_queues) < MAX_HOST_QUEUES:
            host = self.frontier.host_after(self.last_host)
            if host is None:
                self.last_host, self.more_hosts, self.skipped_hosts = "", self.skipped_hosts, False
                return
            self.last_host = host
            self.open([host])

    def _list(self, host: str, host_queue: HostQueue) -> None:
        if not host_queue.is_listed:
            host_queue.is_listed = True
            self.ready.append(host)

    def _wake(self, host: str) -> None:
        if any(sleeper == host for _, sleeper in self.sleeping):
            self.sleeping = [(at, sleeper) for at, sleeper in self.sleeping if sleeper != host]
            heapq.heapify(self.sleeping)
            self.ready.append(host)

    def _release_slot(self, entry: Entry) -> HostQueue:
        host_queue = self.host_queues[entry.host]
        host_queue.active -= 1
        self._list(entry.host, host_queue)
        return host_queue

    def _next_of(self, host: str, now: float) -> Entry | None:
        """Return the host's next entry to send, or None. Afterwards the host is ready, sleeps until its next
        request is due, or waits until one of its requests ends. Delete the queue of a host without entries.
        """
        host_queue = self.host_queues[host]
        # Until the host answers, send one request at a time: its robots.txt may set a Crawl-delay.
        limit = self.settings.concurrency_per_host if host_queue.has_answered else 1
        if host_queue.not_before > now and host not in self.closed:
            heapq.heappush(self.sleeping, (host_queue.not_before, host))
            return None
        host_queue.is_listed = False
        if host_queue.active >= limit:
            return None
        if entry := host_queue.resend.popleft() if host_queue.resend else self._take(host, host_queue):
            host_queue.active += 1
            host_queue.not_before = now + host_queue.throttle.next_delay()
            self._list(host, host_queue)
        elif not host_queue.taken:
            del self.host_queues[host]
        return entry

    def _take(self, host: str, host_queue: HostQueue) -> Entry | None:
        """Take the host's first queued entry; None if the host is closed or at one of its limits."""
        most = self.settings.max_pages_per_host
        if host in self.closed or (most and self.rows[host] + len(host_queue.taken) >= most):
            return None
        if len(host_queue.taken) >= WINDOW:
            return None
        if entry := self.frontier.take(host):
            host_queue.taken.append(entry)
            self.outstanding += 1
        return entry

    def _back_off(self, host: str, host_queue: HostQueue, failure: FetchFailure) -> None:
        """Delay the host's next request by the wait it asked for. Close the host after `max_failures`
        consecutive failures, or if the wait exceeds `max_wait`.
        """
        if failure.wait is not None and failure.wait > self.settings.max_wait:
            self.frontier.book.pause(host, failure.wait, failure.reason)
            self.close(host, failure.reason)
        elif failure.wait is not None:
            host_queue.not_before = max(host_queue.not_before, time.monotonic() + failure.wait)
        if host_queue.failures >= self.settings.max_failures:
            self.close(host, failure.reason)
