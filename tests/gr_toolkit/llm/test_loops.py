"""The event loop of the clients: what an interrupt does to it."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from gr_toolkit.interrupts import handled
from gr_toolkit.llm.loops import LOOP, gather

pytestmark = pytest.mark.usefixtures("keep_handlers")


async def request(seconds: float, done: list[str]) -> None:
    async with LOOP.sending():
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(seconds)
        done.append("replied")


def test_request_in_flight_finishes_and_no_other_is_sent(monkeypatch):
    monkeypatch.setattr(LOOP, "grace", 60.0)
    done: list[str] = []

    async def work() -> None:
        await request(0.2, done)
        async with LOOP.sending():
            done.append("sent another")

    with handled(), pytest.raises(KeyboardInterrupt):
        LOOP.run(work())
    assert done == ["replied"]


def test_request_that_takes_longer_than_the_grace_is_cancelled(monkeypatch):
    monkeypatch.setattr(LOOP, "grace", 0.1)
    done: list[str] = []
    with handled(), pytest.raises(KeyboardInterrupt):
        LOOP.run(request(60.0, done))
    assert done == []


def test_run_that_ends_within_the_grace_leaves_the_next_run_alone(monkeypatch):
    monkeypatch.setattr(LOOP, "grace", 60.0)
    done: list[str] = []

    async def close() -> str:
        await asyncio.sleep(0.1)
        return "closed"

    with handled():
        with pytest.raises(KeyboardInterrupt):
            LOOP.run(request(0.05, done))
        assert LOOP.run(close()) == "closed"
    assert done == ["replied"]


def test_gather_cancels_the_others_after_an_error():
    ended: list[str] = []

    async def wait() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("cancelled")

    async def fail() -> None:
        await asyncio.sleep(0)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        LOOP.run(gather([wait(), fail(), wait()]))
    assert ended == ["cancelled", "cancelled"]


def test_interrupt_before_the_coroutine_begins_ends_it(monkeypatch):
    monkeypatch.setattr(LOOP, "grace", 0.0)
    begin = LOOP._runner.run

    def interrupted(coroutine):
        os.kill(os.getpid(), signal.SIGTERM)
        return begin(coroutine)

    async def work() -> None:
        await asyncio.sleep(1.0)
        done.append("worked")

    done: list[str] = []
    monkeypatch.setattr(LOOP._runner, "run", interrupted)
    with handled(), pytest.raises(KeyboardInterrupt):
        LOOP.run(work())
    assert done == []
