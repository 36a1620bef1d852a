"""An error cancels the pending shards; the running shards end first."""

from __future__ import annotations

import time
from concurrent.futures import Future
from functools import partial
from pathlib import Path

import pytest

from gr_toolkit.console import Summary
from gr_toolkit.engine import beside, run, run_spread
from gr_toolkit.engine.beside import run_beside
from gr_toolkit.engine.worker import worker_pool
from gr_toolkit.errors import RowsDoNotFit
from rows import fill

SHARDS = [f"{number:02}" for number in range(12)]
SECONDS = 120  # until a running shard stops waiting for a cancellation that never comes


@pytest.fixture
def submitted(store, tmp_path, monkeypatch) -> dict[str, Future]:
    """The shards submitted to a pool. The file `gate` appears when the first of them is cancelled."""
    submitted = {}

    def watched(workers):
        pool = worker_pool(workers)
        submit = pool.submit

        def submit_watched(function, shard):
            submitted[shard] = future = submit(function, shard)
            future.add_done_callback(lambda done: done.cancelled() and (tmp_path / "gate").touch())
            return future

        monkeypatch.setattr(pool, "submit", submit_watched)
        return pool

    monkeypatch.setattr(run, "worker_pool", watched)
    monkeypatch.setattr(beside, "worker_pool", watched)
    for shard in SHARDS:
        store.table("pages").write(shard, [fill("pages", shard)])
    return submitted


def text_of(folder: Path, shard: str) -> list[dict[str, object]]:
    """The rows of a shard that keeps running until another shard is cancelled."""
    deadline = time.monotonic() + SECONDS
    while not (folder / "gate").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    (folder / "gate").touch()
    return [fill("texts", shard)]


def first_raises(folder: Path, shard: str) -> list[dict[str, object]]:
    if shard == SHARDS[0]:
        raise ValueError("cannot parse it")
    return text_of(folder, shard)


def first_does_not_fit(folder: Path, shard: str) -> list[dict[str, object]]:
    return [{"id": shard}] if shard == SHARDS[0] else text_of(folder, shard)


def cancelled(submitted: dict[str, Future]) -> list[str]:
    """The cancelled shards, once every shard has ended."""
    while not all(future.done() for future in submitted.values()):
        time.sleep(0.02)
    return [shard for shard, future in submitted.items() if future.cancelled()]


def spread(store, function):
    run_spread(store, Summary("extract", table="texts"), function, engine="local", workers=2)


def test_a_shard_that_fails_cancels_the_pending_ones_and_the_next_run_makes_them(store, submitted, tmp_path):
    with pytest.raises(ValueError, match="cannot parse it"):
        spread(store, partial(first_raises, tmp_path))
    missing = sorted({SHARDS[0], *cancelled(submitted)})
    assert len(missing) > 1
    assert store.table("texts").shards() == [shard for shard in SHARDS if shard not in missing]
    spread(store, partial(text_of, tmp_path))
    assert store.table("texts").shards() == SHARDS


def test_a_shard_that_cannot_be_written_cancels_the_pending_ones(store, submitted, tmp_path):
    with pytest.raises(RowsDoNotFit):
        spread(store, partial(first_does_not_fit, tmp_path))
    assert cancelled(submitted)
    assert store.table("texts").shards() == []


def test_an_error_of_the_body_cancels_the_pending_shards(store, submitted, tmp_path):
    summary = Summary("extract", table="texts")
    with (  # noqa: PT012
        pytest.raises(KeyError, match="from the body"),
        run_beside(store, summary, partial(text_of, tmp_path), workers=1) as running,
    ):
        for shard in SHARDS:
            running.start(shard)
        raise KeyError("from the body")
    assert cancelled(submitted)
