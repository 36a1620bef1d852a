"""Whose turn it is. Requests of one host are sent in the order of the frontier, several at a time, and
their results are taken in that same order, whichever answers first.

So a crawl is breadth-first, and what it finds does not depend on how fast a server answers: the same
depth for every page, the same one of two copies kept, also when the crawl was killed in between.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator

from crawl.frontier import Entry, Frontier
from crawl.response import Result

WINDOW = 256  # results of one host that may wait for a slow one before them


class Turns:
    """Gives out entries of the frontier and takes back their results; `limit` is a number of rows."""

    def __init__(self, frontier: Frontier, per_host: int, limit: int | None) -> None:
        self.frontier = frontier
        self.per_host = per_host
        self.left = limit
        self.lanes: dict[str, deque[Entry]] = {host: deque() for host in frontier.hosts()}
        self.results: dict[int, Result] = {}
        self.active: Counter[str] = Counter()

    def open(self, hosts: set[str]) -> None:
        """These hosts have something queued now."""
        for host in sorted(hosts):
            self.lanes.setdefault(host, deque())

    def next(self) -> Entry | None:
        """The next entry to fetch; None while every host is busy or there is none."""
        if not self._within_limit():
            return None
        for host, lane in list(self.lanes.items()):
            if self.active[host] >= self.per_host or len(lane) >= WINDOW:
                continue
            entry = self.frontier.take(host)
            if entry is None:
                if not lane:
                    del self.lanes[host]
                continue
            lane.append(entry)
            self.active[host] += 1
            self.lanes[host] = self.lanes.pop(host)  # to the end: the hosts take turns
            return entry
        return None

    def finish(self, entry: Entry, result: Result) -> Iterator[tuple[Entry, Result]]:
        """Take one result, and yield those whose turn has come with it."""
        self.results[entry.id] = result
        self.active[entry.host] -= 1
        lane = self.lanes[entry.host]
        while lane and lane[0].id in self.results:
            yield lane[0], self.results.pop(lane[0].id)
            lane.popleft()

    def count_row(self) -> None:
        """A row came of it: one fewer to go."""
        if self.left is not None:
            self.left -= 1

    def anything_left(self) -> bool:
        """Whether `next` has, or will have, something to give."""
        return self._within_limit() and self.frontier.has_queued()

    def _within_limit(self) -> bool:
        return self.left is None or sum(map(len, self.lanes.values())) < self.left
