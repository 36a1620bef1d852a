from __future__ import annotations

import os
import sys
from collections import Counter
from functools import partial
from pathlib import Path

import pytest

from gr_toolkit.console import Summary
from gr_toolkit.engine import run_here, run_spread
from gr_toolkit.errors import CorruptShard, Locked, MissingExtra
from gr_toolkit.store import Store
from rows import fill

SHARDS = ["a", "b", "c", "d"]


@pytest.fixture
def pages(store: Store) -> Store:
    """A store with four unprocessed shards of three pages each."""
    for shard in SHARDS:
        store.table("pages").write(shard, [fill("pages", f"{shard}{n}") for n in range(3)])
    return store


def texts_of(data: str, shard: str) -> list[dict[str, object]]:
    """A step: one text per page, the first one rejected. The title is the id of the process that wrote it."""
    pages = Store(data, Path(data) / ".state").table("pages").column(shard, "id")
    first, *others = map(str, pages)
    dropped = fill("texts", first, title=str(os.getpid()), kept=False, reason="empty")
    return [dropped, *(fill("texts", page, title=str(os.getpid())) for page in others)]


def fails_on_c(data: str, shard: str) -> list[dict[str, object]]:
    if shard == "c":
        raise ValueError("no such thing")
    return texts_of(data, shard)


def ids_by_shard(store: Store) -> dict[str, list[object]]:
    table = store.table("texts")
    return {shard: [row["id"] for row in table.rows(shard)] for shard in table.shards()}


def process_ids(store: Store) -> set[object]:
    table = store.table("texts")
    return {row["title"] for shard in table.shards() for row in table.rows(shard)}


def run_in_this_process(store, step):
    summary = Summary("extract", table="texts")
    run_here(store, summary, lambda shard, advance: step(shard))
    return summary


def run_on_two_cores(store, step):
    return spread(store, step, "local")


def run_on_ray(store, step):
    return spread(store, step, "ray")


def spread(store, step, engine):
    summary = Summary("extract", table="texts")
    run_spread(store, summary, step, engine=engine, workers=2)
    return summary


@pytest.fixture(
    scope="module",
    params=[run_in_this_process, run_on_two_cores, pytest.param(run_on_ray, marks=pytest.mark.slow)],
    ids=lambda run: run.__name__,
)
def run(request):
    if request.param is run_on_ray:
        ray = pytest.importorskip("ray", reason="needs ray: pip install 'gr-toolkit[ray]'")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PYTHONPATH", os.pathsep.join(sys.path))  # for the steps in this file
            ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
            yield run_on_ray
            ray.shutdown()
    else:
        yield request.param


def test_run_processes_and_counts_every_pending_shard(pages, run):
    pages.table("texts").write("b", [])
    summary = run(pages, partial(texts_of, pages.data))
    assert ids_by_shard(pages) == {shard: [f"{shard}{n}" for n in range(3)] for shard in "acd"} | {"b": []}
    assert (summary.step, summary.table) == ("extract", "texts")
    assert (summary.rows_in, summary.rows, summary.kept, summary.shards) == (9, 9, 6, 3)
    assert summary.reasons == Counter(empty=3)
    assert (str(os.getpid()) in process_ids(pages)) is (run is run_in_this_process)


def test_run_without_pending_shards_returns_zero_counts(pages, run):
    for shard in SHARDS:
        pages.table("texts").write(shard, [])
    summary = run(pages, partial(fails_on_c, pages.data))
    assert (summary.rows_in, summary.rows, summary.kept, summary.shards) == (0, 0, 0, 0)
    assert not summary.reasons


def test_failing_shard_keeps_the_finished_ones_and_the_next_run_completes(pages, run):
    with pytest.raises(ValueError, match="no such thing"):
        run(pages, partial(fails_on_c, pages.data))
    finished = ids_by_shard(pages)
    assert "c" not in finished
    assert run is run_on_ray or {"a", "b"} <= finished.keys()
    summary = run(pages, partial(texts_of, pages.data))
    assert summary.shards == len(SHARDS) - len(finished)
    assert list(ids_by_shard(pages)) == SHARDS


def test_truncated_output_shard_is_rebuilt(pages, capsys):
    run_in_this_process(pages, partial(texts_of, pages.data))
    (Path(pages.data) / "texts" / "b.parquet").write_bytes(b"PAR1")
    summary = run_in_this_process(pages, partial(texts_of, pages.data))
    assert summary.shards == 1
    assert ids_by_shard(pages)["b"] == ["b0", "b1", "b2"]
    assert "shard b of table texts cannot be read; moved it to" in capsys.readouterr().err


def test_truncated_input_shard_is_reported_and_the_next_run_processes_the_others(pages):
    (Path(pages.data) / "pages" / "b.parquet").write_bytes(b"PAR1")
    with pytest.raises(CorruptShard, match=r"shard b of table pages .* gr crawl"):
        run_in_this_process(pages, partial(texts_of, pages.data))
    run_in_this_process(pages, partial(texts_of, pages.data))
    assert list(ids_by_shard(pages)) == ["a", "c", "d"]


def test_table_allows_one_writer(pages):
    with pages.table("texts").writing(), pytest.raises(Locked, match="table texts is being written by"):
        run_in_this_process(pages, partial(texts_of, pages.data))


def test_progress_counts_input_rows(pages, monkeypatch, capsys):
    monkeypatch.setattr("gr_toolkit.console.bars.LOG_EVERY_SECONDS", 0.0)

    def step(shard, advance):
        advance(3)
        return texts_of(pages.data, shard)

    run_here(pages, Summary("extract", table="texts"), step)
    assert capsys.readouterr().err.splitlines() == [f"extract: {done}/12" for done in (3, 6, 9, 12)]


def test_progress_reaches_the_total_if_the_step_under_reports(pages, monkeypatch, capsys):
    monkeypatch.setattr("gr_toolkit.console.bars.LOG_EVERY_SECONDS", 0.0)

    def step(shard, advance):
        if shard != "b":
            advance(1)
        return texts_of(pages.data, shard)

    run_here(pages, Summary("extract", table="texts"), step)
    done = [1, 3, 6, 7, 9, 10, 12]
    assert capsys.readouterr().err.splitlines() == [f"extract: {rows}/12" for rows in done]


def test_shards_finished_before_a_failure_are_counted(pages):
    summary = Summary("extract", table="texts")
    with pytest.raises(ValueError, match="no such thing"):
        run_here(pages, summary, lambda shard, advance: fails_on_c(pages.data, shard))
    assert (summary.rows_in, summary.rows, summary.kept, summary.shards) == (6, 6, 4, 2)
    assert summary.reasons == Counter(empty=2)
    assert summary.seconds > 0


def test_missing_ray_error_shows_the_install_command(pages, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtra, match=r"--engine ray needs .*pip install 'gr-toolkit\[ray\]'"):
        run_on_ray(pages, partial(texts_of, pages.data))
