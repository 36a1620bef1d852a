"""The clock of the scheduler's tests."""

from __future__ import annotations

import pytest


@pytest.fixture
def clock(monkeypatch):
    """A clock that a test advances."""

    class Clock:
        now = 1000.0

        def monotonic(self):
            return self.now

    clock = Clock()
    monkeypatch.setattr("crawl.web.scheduler.time", clock)
    return clock
