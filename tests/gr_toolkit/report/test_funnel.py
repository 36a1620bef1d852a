"""Counts of the tables and of the funnel."""

import json

from gr_toolkit.report.funnel import as_json, read_funnel, rows_in
from gr_toolkit.steps import FUNNEL
from rows import fill
from shards import older, put, stamp


def test_funnel_counts_kept_rows_reasons_and_pending_shards(store):
    store.table("pages").write("1", [fill("pages", "a"), fill("pages", "b", kept=False, reason="status 404")])
    store.table("pages").write("2", [fill("pages", "c")])
    store.table("texts").write("1", [fill("texts", "a")])
    tables = json.loads(json.dumps(as_json(read_funnel(store))))["tables"]
    assert list(tables) == list(FUNNEL)
    assert tables["pages"] == {"rows": 3, "shards": 2, "pending": 0, "kept": 2, "reasons": {"status 404": 1}}
    assert tables["texts"] == {"rows": 1, "shards": 1, "pending": 1, "kept": 1, "reasons": {}}
    assert tables["dataset"] == {"rows": 0, "shards": 0, "pending": 0, "kept": 0, "reasons": {}}


def test_pairs_are_pending_for_dedup_before_they_are_signed(store):
    store.table("pairs").write("1", [fill("pairs", "a")])
    assert read_funnel(store)["duplicates"].pending == 1


def test_row_reaches_every_step_until_one_turns_it_down(store):
    pairs = [fill("pairs", name) for name in "abcd"] + [fill("pairs", "e", kept=False, reason="too long")]
    store.table("pairs").write("1", pairs)
    store.table("duplicates").write("1", [fill("duplicates", "a", kept=False, reason="exact duplicate")])
    store.table("contaminated").write("1", [fill("contaminated", "b", kept=False, reason="overlaps tiny")])
    judged = [fill("judged", "c"), fill("judged", "d", kept=False, reason="open-ended")]
    store.table("judged").write("1", judged)
    reached = rows_in(read_funnel(store))
    steps = ("duplicates", "contaminated", "judged", "attempts", "dataset")
    assert [reached[name] for name in steps] == [4, 3, 2, 1, 1]


def test_corrupt_shard_is_moved_aside_and_counted_as_pending(store, capsys):
    store.table("pages").write("1", [fill("pages", "a")])
    store.table("texts").write("1", [fill("texts", "a")])
    path = f"{store.data}/texts/1.parquet"
    with open(path, "r+b") as file:
        file.truncate(20)
    assert read_funnel(store)["texts"].pending == 1
    assert "gr crawl extract" in capsys.readouterr().err


def test_outdated_shard_is_counted_and_reported(store, capsys):
    rows = [fill("judged", "a"), fill("judged", "b", kept=False, reason="open-ended")]
    put(store, "judged", "1", older("judged", rows, judge=None))
    counts = read_funnel(store)["judged"].counts
    assert (counts.rows, counts.kept, dict(counts.reasons)) == (2, 1, {"open-ended": 1})
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("shard 1 of table judged is schema 1 algorithm 1, but this gr reads schema 1")
    assert line.endswith("gr curate judge --again outdated")


def test_foreign_shard_is_moved_aside_and_counted_as_pending(store, capsys):
    store.table("pages").write("1", [])
    put(store, "texts", "1", older("texts", [fill("texts")]), stamp("pages"))
    status = read_funnel(store)["texts"]
    assert (status.counts.rows, status.pending) == (0, 1)
    assert "shard 1 of table texts is a shard of table pages; moved it to" in capsys.readouterr().err
