"""Shards made concurrently with the step that feeds them: what is written, and which errors are raised."""

from __future__ import annotations

import pytest

from gr_toolkit.console import Summary
from gr_toolkit.engine.beside import run_beside
from gr_toolkit.errors import RowsDoNotFit
from gr_toolkit.store import Store
from rows import fill

SHARDS = ["a", "b", "c"]


@pytest.fixture
def pages(store: Store) -> Store:
    """A store with three shards of pages and no texts."""
    for shard in SHARDS:
        store.table("pages").write(shard, [fill("pages", f"{shard}{n}") for n in range(2)])
    return store


def text_of(shard: str) -> list[dict[str, object]]:
    return [fill("texts", shard)]


def fails_from_b_on(shard: str) -> list[dict[str, object]]:
    if shard >= "b":
        raise ValueError(f"cannot parse {shard}")
    return text_of(shard)


def misfit(shard: str) -> list[dict[str, object]]:
    return [{"id": shard}]


def texts(store: Store) -> list[str]:
    return store.table("texts").shards()


def test_every_started_shard_is_written_and_counted(pages):
    summary = Summary("extract", table="texts")
    with run_beside(pages, summary, text_of, workers=1) as beside:
        for shard in SHARDS:
            beside.start(shard)
    assert texts(pages) == SHARDS
    assert (summary.rows_in, summary.rows, summary.kept, summary.shards) == (6, 3, 3, 3)


def test_a_shard_is_written_while_the_body_still_runs(pages):
    with run_beside(pages, Summary("extract", table="texts"), text_of, workers=1) as beside:
        beside.start("b")
        beside.collect(wait=True)
        assert texts(pages) == ["b"]


@pytest.mark.parametrize("collect", [True, False], ids=["collected by the body", "collected at the end"])
def test_the_first_error_is_raised_after_the_body_and_the_other_shards_are_written(pages, collect):
    summary = Summary("extract", table="texts")
    reached_its_end = []

    def run():
        with run_beside(pages, summary, fails_from_b_on, workers=1) as beside:
            for shard in SHARDS:
                beside.start(shard)
            if collect:
                beside.collect(wait=True)
            reached_its_end.append(True)

    with pytest.raises(ValueError, match="cannot parse b"):
        run()
    assert reached_its_end
    assert texts(pages) == ["a"]
    assert summary.shards == 1


def test_rows_that_cannot_be_written_are_an_error(pages):
    with (
        pytest.raises(RowsDoNotFit, match="table texts, shard a"),
        run_beside(pages, Summary("extract", table="texts"), misfit, workers=1) as beside,
    ):
        beside.start("a")
    assert texts(pages) == []


def test_after_an_error_no_more_shards_are_started(pages):
    with (  # noqa: PT012
        pytest.raises(ValueError, match="cannot parse b"),
        run_beside(pages, Summary("extract", table="texts"), fails_from_b_on, workers=1) as beside,
    ):
        beside.start("b")
        beside.collect(wait=True)
        beside.start("a")
        assert not beside.waiting
    assert texts(pages) == []


def test_an_error_of_the_body_is_raised(pages):
    with (  # noqa: PT012
        pytest.raises(KeyError, match="from the body"),
        run_beside(pages, Summary("extract", table="texts"), fails_from_b_on, workers=1) as beside,
    ):
        beside.start("b")
        raise KeyError("from the body")
