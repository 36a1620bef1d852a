"""A step that asks a model: one pool across shards, shards written as they are settled, pending ones kept."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable

import pytest

from gr_toolkit.console import Summary
from gr_toolkit.engine import Asked, Asking, Rounds, run_asking
from gr_toolkit.errors import RowsDoNotFit, ServerUnusable, Unanswered
from gr_toolkit.store import Store
from rows import fill, rows_of

OUTAGE = Unanswered("HTTP 503: busy", counts=False)
Ask = Callable[[str], Awaitable[Asked[list]]]


@pytest.fixture
def pages(store) -> Store:
    """Three shards of pages with 3, 0 and 2 rows."""
    for shard, names in (("1", "abc"), ("2", ""), ("3", "de")):
        store.table("pages").write(shard, [fill("pages", name) for name in names])
    return store


def text(name: str) -> Asked[list]:
    return Asked([fill("texts", name)])


def run(store: Store, ask: Ask, at_once=8, using=asyncio.run, **rounds) -> Summary:
    """Fill `texts` from `pages`."""
    summary = Summary("step", table="texts")
    step = Asking(
        items=lambda shard: [row["id"] for row in store.table("pages").rows(shard)],
        ask=lambda shard, name: ask(name),
        name=lambda name: name,
        after=written.append,
    )
    written.clear()
    given = Rounds(**{"at_once": at_once, "give_up_after": 2, "grace": 1.0, **rounds})
    try:
        run_asking(store, summary, step, given, using)
    finally:
        summaries.append(summary)
    return summary


written: list[str] = []
summaries: list[Summary] = []


def ids(store: Store) -> list[object]:
    return [row["id"] for row in rows_of(store, "texts")]


def test_every_shard_is_written_with_its_rows_in_order(pages):
    async def ask(name):
        await asyncio.sleep(0.02 if name in "ad" else 0)  # the first item of a shard ends last
        return text(name)

    summary = run(pages, ask)
    assert pages.table("texts").shards() == ["1", "2", "3"]
    assert ids(pages) == list("abcde")
    assert (summary.rows_in, summary.rows, summary.kept, summary.shards, summary.pending) == (5, 5, 5, 3, 0)
    assert sorted(written) == ["1", "2", "3"]


def test_items_of_several_shards_are_asked_at_once(pages):
    in_flight: set[str] = set()

    async def ask(name):
        in_flight.add(name)
        while len(in_flight) < 5:  # it ends only if the items of both shards are asked at once
            await asyncio.sleep(0.01)
        return text(name)

    run(pages, ask)
    assert in_flight == set("abcde")


def test_shard_is_written_while_items_of_another_are_under_way(pages):
    async def ask(name):
        while name in "de" and pages.table("texts").shards()[:1] != ["1"]:
            await asyncio.sleep(0.01)
        return text(name)

    assert run(pages, ask).shards == 3


def test_shard_with_a_pending_item_waits_for_the_next_run_and_the_others_are_written(pages):
    asked = []

    async def ask(name):
        asked.append(name)
        return Asked([], OUTAGE) if name == "b" and asked.count("b") < 5 else text(name)

    summary = run(pages, ask)
    assert pages.table("texts").shards() == ["2", "3"]
    assert (summary.pending, summary.rows, summary.rows_in) == (1, 2, 2)
    assert summary.notes == ["pending: 1 row in 1 shard: HTTP 503 1"]
    assert summary.first == {"HTTP 503": "b"}
    assert run(pages, ask, give_up_after=3).pending == 0
    assert ids(pages) == list("abcde")


def test_error_that_ends_the_run_keeps_the_settled_shards_and_counts_the_pending_rows(pages):
    async def ask(name):
        if name == "d":
            await asyncio.sleep(0.05)
            raise ServerUnusable("down")
        return text(name)

    with pytest.raises(ServerUnusable):
        run(pages, ask)
    assert pages.table("texts").shards() == ["1", "2"]
    assert (summaries[-1].pending, summaries[-1].rows) == (1, 3)


def test_rows_of_shards_that_were_not_read_are_pending_too(pages):
    async def ask(name):
        raise ServerUnusable("down")

    with pytest.raises(ServerUnusable):
        run(pages, ask, at_once=1)
    assert summaries[-1].pending == 5
    assert summaries[-1].notes == ["pending: 5 rows in 3 shards"]


def test_rows_of_a_shard_that_cannot_be_written_are_pending(pages):
    async def ask(name):
        return Asked([{"id": name}]) if name == "a" else text(name)

    with pytest.raises(RowsDoNotFit):
        run(pages, ask)
    assert "1" not in pages.table("texts").shards()
    assert summaries[-1].pending >= 3  # those of the other shard too, if they were not settled yet


def test_named_shards_are_written_again(pages):
    async def ask(name):
        return text(name)

    run(pages, ask)
    summary = Summary("step", table="texts")

    async def again(_, name):
        return Asked([fill("texts", name, title="again")])

    step = Asking(lambda shard: [row["id"] for row in pages.table("pages").rows(shard)], again, str)
    run_asking(pages, summary, step, Rounds(2, 1, 1.0), asyncio.run, ["3"])
    assert [row["title"] for row in rows_of(pages, "texts")] == ["text"] * 3 + ["again"] * 2


def test_shard_is_written_to_its_end_before_a_cancelled_run_ends(pages, monkeypatch):
    started, table = threading.Event(), type(pages.table("texts"))
    write = table.write

    def slow_write(self, shard, rows):
        started.set()
        time.sleep(0.3)
        write(self, shard, rows)

    async def cancelled(work):
        running = asyncio.ensure_future(work)
        await asyncio.to_thread(started.wait, 60)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    async def ask(name):
        return text(name)

    monkeypatch.setattr(table, "write", slow_write)
    summary = run(pages, ask, at_once=1, using=lambda work: asyncio.run(cancelled(work)))
    assert pages.table("texts").shards() == ["1"]
    assert (summary.rows, summary.shards, summary.pending) == (3, 1, 2)
