"""Whose turn it is. Requests of one host are sent in the order of the frontier, several at a time, and
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
from crawl.result import Entry, Miss, Result
from crawl.web.throttle import Pace
from gr_toolkit.settings import CrawlSettings

WINDOW = 256  # results of one host that may wait for a slow one before them
MOST_LANES = 1000  # hosts that are crawled at a time; a list of a million hosts takes no more memory


@dataclass
class Lane:
    """One host's requests of this run: `taken` and not settled, of them `active` under way."""

    pace: Pace
    taken: deque[Entry] = field(default_factory=deque)
    again: deque[Entry] = field(default_factory=deque)  # of the taken ones, those to be sent once more
    active: int = 0
    not_before: float = 0.0  # by time.monotonic
    met: bool = False  # it has answered once
    failures: int = 0  # in a row
    listed: bool = False  # among those that are ready or asleep


class Turns:
    """Gives out entries of the frontier and takes back their results."""

    def __init__(self, frontier: Frontier, settings: CrawlSettings) -> None:
        self.frontier = frontier
        self.settings = settings
        self.left = settings.max_pages or None  # rows that this run may still add
        self.lanes: dict[str, Lane] = {}
        self.ready: deque[str] = deque()  # hosts that may have something to give
        self.asleep: list[tuple[float, str]] = []  # a heap: when they may be asked again
        self.results: dict[int, Result] = {}  # by entry, until its turn has come
        self.tries: Counter[int] = Counter()
        self.rows: Counter[str] = Counter()  # by host
        self.outstanding = 0
        self.closed = frontier.book.to_leave()  # for the rest of this run, and why
        self.last_host = ""  # up to which the hosts with queued URLs were looked through, by name
        self.more_hosts = True  # there may be some that have no lane
        self.left_out = False  # and some that were queued behind it
        self._fill()

    def open(self, hosts: Iterable[str]) -> None:
        """These hosts have something queued now."""
        for host in hosts:
            if host in self.lanes:
                self._list(host, self.lanes[host])
            elif len(self.lanes) >= MOST_LANES:
                self.more_hosts = self.left_out = True
            elif host not in self.closed:
                pace = Pace(self.settings.delay, self.settings.concurrency_per_host)
                self.lanes[host] = Lane(pace)
                self._list(host, self.lanes[host])

    def next(self) -> Entry | None:
        """The next entry to fetch; None while every host is busy or waits, or there is none."""
        now = time.monotonic()
        while self.asleep and self.asleep[0][0] <= now:
            self.ready.append(heapq.heappop(self.asleep)[1])
        while self.left is None or self.outstanding < self.left:
            if self.more_hosts and len(self.lanes) <= MOST_LANES // 2:
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
        lane = self._free(entry)
        failed = isinstance(result, Miss) and not result.refused
        lane.pace.answered(latency, not failed)
        lane.met = lane.met or not failed
        lane.failures = lane.failures + 1 if failed else 0
        if not isinstance(result, Miss) or result.refused:
            return True
        self._be_patient(entry.host, lane, result)
        if entry.host in self.closed or self.tries[entry.id] >= self.settings.retries:
            return True
        self.tries[entry.id] += 1
        lane.again.append(entry)
        return False

    def finish(self, entry: Entry, result: Result) -> Iterator[tuple[Entry, Result]]:
        """Take one result, and yield those whose turn has come with it."""
        lane = self.lanes[entry.host]
        self.results[entry.id] = result
        while lane.taken and lane.taken[0].id in self.results:
            first = lane.taken.popleft()
            self.outstanding -= 1
            self.tries.pop(first.id, None)
            yield first, self.results.pop(first.id)
        self._list(entry.host, lane)

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
        elif host in self.lanes:
            self.lanes[host].pace.slow_down(seconds)

    def close(self, host: str, reason: str) -> None:
        """Leave the host alone for the rest of this run; what waits to be sent once more has failed."""
        self.closed.setdefault(host, reason)
        if lane := self.lanes.get(host):
            self.results.update((entry.id, Miss(reason)) for entry in lane.again)
            lane.again.clear()
            self._wake(host)

    def count_row(self, host: str) -> None:
        """A row of the host came: one fewer to go."""
        if self.settings.max_pages_per_host:
            self.rows[host] += 1
        if self.left is not None:
            self.left -= 1

    def anything_left(self) -> bool:
        """Whether `next` has, or will have, something to give."""
        return bool(self.lanes or self.more_hosts) and (self.left is None or self.left > 0)

    def _fill(self) -> None:
        """Give more hosts a lane, by name, and from the first name again where some were left out."""
        while len(self.lanes) < MOST_LANES:
            host = self.frontier.host_after(self.last_host)
            if host is None:
                self.last_host, self.more_hosts, self.left_out = "", self.left_out, False
                return
            self.last_host = host
            self.open([host])

    def _list(self, host: str, lane: Lane) -> None:
        if not lane.listed:
            lane.listed = True
            self.ready.append(host)

    def _wake(self, host: str) -> None:
        if any(sleeper == host for _, sleeper in self.asleep):
            self.asleep = [(at, sleeper) for at, sleeper in self.asleep if sleeper != host]
            heapq.heapify(self.asleep)
            self.ready.append(host)

    def _free(self, entry: Entry) -> Lane:
        lane = self.lanes[entry.host]
        lane.active -= 1
        self._list(entry.host, lane)
        return lane

    def _next_of(self, host: str, now: float) -> Entry | None:
        """The host's next entry. The host waits behind the others that are ready, or for its time, or until
        something of it is finished; with nothing left to do its lane goes.
        """
        lane = self.lanes[host]
        at_once = self.settings.concurrency_per_host if lane.met else 1  # it may ask for a Crawl-delay
        if lane.not_before > now and host not in self.closed:
            heapq.heappush(self.asleep, (lane.not_before, host))
            return None
        lane.listed = False
        if lane.active >= at_once:
            return None
        if entry := lane.again.popleft() if lane.again else self._take(host, lane):
            lane.active += 1
            lane.not_before = now + lane.pace.wait()
            self._list(host, lane)
        elif not lane.taken:
            del self.lanes[host]
        return entry

    def _take(self, host: str, lane: Lane) -> Entry | None:
        """The host's first queued entry, unless the host has had enough for now or for this run."""
        most = self.settings.max_pages_per_host
        if host in self.closed or (most and self.rows[host] + len(lane.taken) >= most):
            return None
        if len(lane.taken) >= WINDOW:
            return None
        if entry := self.frontier.take(host):
            lane.taken.append(entry)
            self.outstanding += 1
        return entry

    def _be_patient(self, host: str, lane: Lane, miss: Miss) -> None:
        """Wait as long as the host asks, or leave it where that is too long or it fails again and again."""
        if miss.wait is not None and miss.wait > self.settings.max_wait:
            self.frontier.book.leave(host, miss.wait, miss.reason)
            self.close(host, miss.reason)
        elif miss.wait is not None:
            lane.not_before = max(lane.not_before, time.monotonic() + miss.wait)
        if lane.failures >= self.settings.max_failures:
            self.close(host, miss.reason)
