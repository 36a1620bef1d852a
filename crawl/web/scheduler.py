"""The order of requests. Those of one host are sent in the order of the frontier, several at a time, and
their results are taken in that same order, whichever answers first.

So a crawl is breadth-first, and what it finds does not depend on how fast a server answers: the same
depth for every page, the same one of two copies kept, also when the crawl was killed in between.
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

WINDOW = 256  # results of one host that may wait for a slow one before them
MAX_HOST_QUEUES = 1000  # hosts that are crawled at a time; a list of a million hosts takes no more memory


@dataclass
class HostQueue:
    """One host's requests of this run: `taken` and not settled, of them `active` under way."""

    throttle: Throttle
    taken: deque[Entry] = field(default_factory=deque)
    again: deque[Entry] = field(default_factory=deque)  # of the taken ones, those to be sent once more
    active: int = 0
    not_before: float = 0.0  # by time.monotonic
    met: bool = False  # it has answered once
    failures: int = 0  # in a row
    listed: bool = False  # among those that are ready or asleep


class Scheduler:
    """Gives out entries of the frontier and takes back their results."""

    def __init__(self, frontier: Frontier, settings: CrawlSettings) -> None:
        self.frontier = frontier
        self.settings = settings
        self.left = settings.max_pages or None  # rows that this run may still add
        self.host_queues: dict[str, HostQueue] = {}
        self.ready: deque[str] = deque()  # hosts that may have something to give
        self.asleep: list[tuple[float, str]] = []  # a heap: when they may be asked again
        self.results: dict[int, Result] = {}  # by entry, until its turn has come
        self.tries: Counter[int] = Counter()
        self.rows: Counter[str] = Counter()  # by host
        self.outstanding = 0
        self.closed = frontier.book.to_leave()  # for the rest of this run, and why
        self.last_host = ""  # up to which the hosts with queued URLs were looked through, by name
        self.more_hosts = True  # hosts with queued URLs may lack a queue
        self.left_out = False  # and some of them sort before `last_host`
        self._fill()

    def open(self, hosts: Iterable[str]) -> None:
        """These hosts have something queued now."""
        for host in hosts:
            if host in self.host_queues:
                self._list(host, self.host_queues[host])
            elif len(self.host_queues) >= MAX_HOST_QUEUES:
                self.more_hosts = self.left_out = True
            elif host not in self.closed:
                throttle = Throttle(self.settings.delay, self.settings.concurrency_per_host)
                self.host_queues[host] = HostQueue(throttle)
                self._list(host, self.host_queues[host])

    def next(self) -> Entry | None:
        """The next entry to fetch; None while every host is busy or waits, or there is none."""
        now = time.monotonic()
        while self.asleep and self.asleep[0][0] <= now:
            self.ready.append(heapq.heappop(self.asleep)[1])
        while self.left is None or self.outstanding < self.left:
            if self.more_hosts and len(self.host_queues) <= MAX_HOST_QUEUES // 2:
                self._fill()
            if not self.ready:
                return None
            if entry := self._next_of(self.ready.popleft(), now):
                return entry
        return None

    def wakes_at(self) -> float | None:
        """When the first host that waits may be asked again, by time.monotonic."""
        return self.asleep[0][0] if self.asleep else None

    def answered(self, entry: Entry, result: Result, latency: float) -> bool:
        """A request has ended so. Returns whether that stands; if not, the entry is given out once more."""
        host_queue = self._free(entry)
        failed = isinstance(result, FetchFailure) and not result.refused
        host_queue.throttle.answered(latency, not failed)
        host_queue.met = host_queue.met or not failed
        host_queue.failures = host_queue.failures + 1 if failed else 0
        if not isinstance(result, FetchFailure) or result.refused:
            return True
        self._be_patient(entry.host, host_queue, result)
        if entry.host in self.closed or self.tries[entry.id] >= self.settings.retries:
            return True
        self.tries[entry.id] += 1
        host_queue.again.append(entry)
        return False

    def finish(self, entry: Entry, result: Result) -> Iterator[tuple[Entry, Result]]:
        """Take one result, and yield those whose turn has come with it."""
        host_queue = self.host_queues[entry.host]
        self.results[entry.id] = result
        while host_queue.taken and host_queue.taken[0].id in self.results:
            first = host_queue.taken.popleft()
            self.outstanding -= 1
            self.tries.pop(first.id, None)
            yield first, self.results.pop(first.id)
        self._list(entry.host, host_queue)

    def send_on(self, entry: Entry) -> None:
        """The entry was redirected: what it leads to waits for its turn as any other request."""
        self._free(entry).again.appendleft(entry)

    def pass_over(self, entry: Entry) -> None:
        """No request need be sent for this entry, which `next` gave."""
        self._free(entry).not_before = 0.0

    def slow_down(self, host: str, seconds: float) -> None:
        """The host asks for so many seconds between two requests; too many, and it is left alone."""
        if seconds > self.settings.max_wait:
            self.close(host, f"Crawl-delay of {seconds:g} seconds")
        elif host in self.host_queues:
            self.host_queues[host].throttle.slow_down(seconds)

    def close(self, host: str, reason: str) -> None:
        """Leave the host alone for the rest of this run; what waits to be sent once more has failed."""
        self.closed.setdefault(host, reason)
        if host_queue := self.host_queues.get(host):
            self.results.update((entry.id, FetchFailure(reason)) for entry in host_queue.again)
            host_queue.again.clear()
            self._wake(host)

    def count_row(self, host: str) -> None:
        """A row of the host came: one fewer to go."""
        if self.settings.max_pages_per_host:
            self.rows[host] += 1
        if self.left is not None:
            self.left -= 1

    def anything_left(self) -> bool:
        """Whether `next` has, or will have, something to give."""
        return bool(self.host_queues or self.more_hosts) and (self.left is None or self.left > 0)

    def _fill(self) -> None:
        """Give more hosts a queue, by name, and from the first name again where some were left out."""
        while len(self.host_queues) < MAX_HOST_QUEUES:
            host = self.frontier.host_after(self.last_host)
            if host is None:
                self.last_host, self.more_hosts, self.left_out = "", self.left_out, False
                return
            self.last_host = host
            self.open([host])

    def _list(self, host: str, host_queue: HostQueue) -> None:
        if not host_queue.listed:
            host_queue.listed = True
            self.ready.append(host)

    def _wake(self, host: str) -> None:
        if any(sleeper == host for _, sleeper in self.asleep):
            self.asleep = [(at, sleeper) for at, sleeper in self.asleep if sleeper != host]
            heapq.heapify(self.asleep)
            self.ready.append(host)

    def _free(self, entry: Entry) -> HostQueue:
        host_queue = self.host_queues[entry.host]
        host_queue.active -= 1
        self._list(entry.host, host_queue)
        return host_queue

    def _next_of(self, host: str, now: float) -> Entry | None:
        """The host's next entry. The host waits behind the others that are ready, or for its time, or until
        something of it is finished; with nothing left to do its queue is dropped.
        """
        host_queue = self.host_queues[host]
        at_once = self.settings.concurrency_per_host if host_queue.met else 1  # it may ask for a Crawl-delay
        if host_queue.not_before > now and host not in self.closed:
            heapq.heappush(self.asleep, (host_queue.not_before, host))
            return None
        host_queue.listed = False
        if host_queue.active >= at_once:
            return None
        if entry := host_queue.again.popleft() if host_queue.again else self._take(host, host_queue):
            host_queue.active += 1
            host_queue.not_before = now + host_queue.throttle.wait()
            self._list(host, host_queue)
        elif not host_queue.taken:
            del self.host_queues[host]
        return entry

    def _take(self, host: str, host_queue: HostQueue) -> Entry | None:
        """The host's first queued entry, unless the host has had enough for now or for this run."""
        most = self.settings.max_pages_per_host
        if host in self.closed or (most and self.rows[host] + len(host_queue.taken) >= most):
            return None
        if len(host_queue.taken) >= WINDOW:
            return None
        if entry := self.frontier.take(host):
            host_queue.taken.append(entry)
            self.outstanding += 1
        return entry

    def _be_patient(self, host: str, host_queue: HostQueue, failure: FetchFailure) -> None:
        """Wait as long as the host asks, or leave it where that is too long or it fails again and again."""
        if failure.wait is not None and failure.wait > self.settings.max_wait:
            self.frontier.book.leave(host, failure.wait, failure.reason)
            self.close(host, failure.reason)
        elif failure.wait is not None:
            host_queue.not_before = max(host_queue.not_before, time.monotonic() + failure.wait)
        if host_queue.failures >= self.settings.max_failures:
            self.close(host, failure.reason)
