"""Which shards a step processes, in which order and process, and how they are counted."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from gr_toolkit.console import Summary
from gr_toolkit.engine import run_here, run_spread
from gr_toolkit.engine.run import count
from gr_toolkit.store import Store
from rows import fill


def process_id(shard: str) -> list[dict[str, object]]:
    """One text whose title is the id of the process that made it."""
    return [fill("texts", shard, title=str(os.getpid()))]


def titles(store: Store) -> set[object]:
    table = store.table("texts")
    return {title for shard in table.shards() for title in table.column(shard, "title")}


def processed(store: Store, table: str) -> list[str]:
    """The shards that a step on this table processes, in order."""
    seen: list[str] = []
    run_here(store, Summary("step", table=table), lambda shard, _: seen.append(shard) or [])
    return seen


def test_count_adds_the_rows_of_a_shard_to_the_summary():
    summary = Summary("step", rows=1, kept=1, shards=1, reasons=Counter(empty=1))
    turned_down = [
        fill("texts", str(n), kept=False, reason=reason) for n, reason in enumerate(("empty", "odd"))
    ]
    count(summary, [fill("texts", "a"), *turned_down])
    assert (summary.rows, summary.kept, summary.shards) == (4, 2, 2)
    assert summary.reasons == Counter(empty=2, odd=1)
    first = {reason: row["id"] for reason, row in zip(("empty", "odd"), turned_down, strict=True)}
    assert summary.first == first
    count(summary, [fill("texts", "later", kept=False, reason="odd")])
    assert (summary.rows, summary.shards, summary.first) == (5, 3, first)


def test_first_row_of_a_reason_is_named_by_its_url_in_table_texts():
    summary = Summary("step", table="texts")
    row = fill("texts", "a", url="http://e.org/a", kept=False, reason="empty")
    count(summary, [row])
    assert summary.first == {"empty": "http://e.org/a"}


def test_pending_shards_are_processed_in_order(store):
    for shard in ("b", "10", "a", "9"):
        store.table("pages").write(shard, [])
    store.table("texts").write("a", [])
    assert processed(store, "texts") == ["10", "9", "b"]


@pytest.mark.parametrize(
    ("table", "inputs", "pending"),
    [
        ("signatures", ("pairs",), ["1"]),
        ("duplicates", ("pairs",), []),
        ("duplicates", ("pairs", "signatures"), ["1"]),
        ("judged", ("pairs", "duplicates"), []),
        ("judged", ("pairs", "duplicates", "contaminated"), ["1"]),
        ("dataset", ("judged", "pairs"), []),
        ("dataset", ("judged", "pairs", "attempts"), ["1"]),
    ],
)
def test_shard_is_pending_once_every_input_table_has_it(store, table, inputs, pending):
    for name in inputs:
        store.table(name).write("1", [])
    assert processed(store, table) == pending


@pytest.mark.parametrize(("shards", "workers", "here"), [("a", 2, True), ("ab", 1, True), ("ab", 2, False)])
def test_single_shard_or_worker_runs_in_this_process(store, shards, workers, here):
    for shard in shards:
        store.table("pages").write(shard, [fill("pages", shard)])
    summary = Summary("extract", table="texts")
    run_spread(store, summary, process_id, engine="local", workers=workers)
    assert (titles(store) == {str(os.getpid())}) is here
    assert (summary.rows_in, summary.rows, summary.shards) == (len(shards), len(shards), len(shards))


def test_step_holds_the_lock_of_its_table_while_it_runs(store):
    store.table("pages").write("a", [])
    lock = Path(store.state) / "locks" / "texts.lock"
    held = []
    run_here(store, Summary("extract", table="texts"), lambda *_: held.append(lock.read_text()) or [])
    assert str(os.getpid()) in held[0]


def test_more_reported_rows_than_the_shard_has_are_not_reported_twice(store, monkeypatch, capsys):
    monkeypatch.setattr("gr_toolkit.console.bars.LOG_EVERY_SECONDS", 0.0)
    for shard in "ab":
        store.table("pages").write(shard, [fill("pages", f"{shard}{n}") for n in range(2)])

    def step(shard, advance):
        advance(3 if shard == "a" else 1)
        return []

    run_here(store, Summary("extract", table="texts"), step)
    assert capsys.readouterr().err.splitlines() == ["extract: 3/4", "extract: 4/4"]
