"""Archives: one row per URL, the same rows after any interruption, and no archive read twice."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from crawl import page_writer
from crawl.frontier.frontier import Frontier
from files import contents
from gr_toolkit.errors import CannotWrite
from gr_toolkit.settings import CrawlSettings
from gr_toolkit.store import Store
from processes import PROCESSES
from rows import rows_of
from warcs import Warc, html, ingest_sources, pages_of, warc_of_pages

PAGES = 23  # per file (three files), in shards of 5


@pytest.fixture
def warcs(tmp_path) -> Path:
    """A folder of WARC files whose URLs overlap: every URL of c is in a or b with other content."""
    folder = tmp_path / "warcs"
    folder.mkdir()
    (folder / "a.warc.gz").write_bytes(warc_of_pages(PAGES, prefix="http://a.org/").content)
    (folder / "b.warc").write_bytes(warc_of_pages(PAGES, gz=False, prefix="http://b.org/").content)
    again = Warc()
    for number in range(PAGES):
        again.add(f"http://{'ab'[number % 2]}.org/{number}", html(f"another {number}"))
    (folder / "c.warc.gz").write_bytes(again.content)
    return folder


def tables(folder: Path) -> list[dict[str, object]]:
    return rows_of(Store(str(folder), folder / ".state"), "pages")


def test_the_first_page_of_each_url_is_stored(store, settings, warcs):
    summary = ingest_sources(store, settings, str(warcs))
    assert [row["source"] for row in rows_of(store, "pages")] == ["a.warc.gz"] * PAGES + ["b.warc"] * PAGES
    assert (summary.rows_in, summary.rows, summary.kept) == (3 * PAGES, 2 * PAGES, 2 * PAGES)
    assert summary.notes == [f"{PAGES} pages in archives are already stored"]


def test_repeated_urls_are_stored_once_and_repeated_content_is_rejected(store, settings, tmp_path):
    made = (
        Warc()
        .add("http://e.org/a", html("1"))
        .add("http://e.org/a#top", html("2"))
        .add("http://e.org/b", html("1"))
    )
    (tmp_path / "a.warc.gz").write_bytes(made.content)
    ingest_sources(store, settings, str(tmp_path / "a.warc.gz"))
    assert pages_of(store) == [("http://e.org/a", None), ("http://e.org/b", "duplicate content")]


@pytest.mark.parametrize("change", [{}, {"max_pages": 3}])
def test_a_second_run_changes_nothing_and_reads_nothing(store, settings, warcs, monkeypatch, change):
    ingest_sources(store, settings, str(warcs))
    before = contents(Path(store.data) / "pages")
    monkeypatch.setattr("crawl.ingest.read", None)
    summary = ingest_sources(store, settings, str(warcs), str(warcs / "a.warc.gz"), **change)
    assert contents(Path(store.data) / "pages") == before
    assert (summary.rows_in, summary.rows, summary.shards) == (0, 0, 0)
    assert summary.notes == ["4 archives were read by an earlier run"]


def test_only_new_or_changed_archives_are_read(store, settings, warcs):
    ingest_sources(store, settings, str(warcs))
    (warcs / "b.warc").write_bytes(warc_of_pages(PAGES + 1, gz=False, prefix="http://b.org/").content)
    (warcs / "d.warc.gz").write_bytes(warc_of_pages(2, prefix="http://d.org/").content)
    summary = ingest_sources(store, settings, str(warcs))
    assert (summary.rows_in, summary.kept) == (PAGES + 1 + 2, 3)
    assert summary.notes == [
        "2 archives were read by an earlier run",
        f"{PAGES} pages in archives are already stored",
    ]


def test_pages_excluded_by_allow_can_be_added_later(store, settings, warcs):
    summary = ingest_sources(store, settings, str(warcs), allow=[r"a\.org/1$"])
    assert pages_of(store) == [("http://a.org/1", None)]
    assert "excluded by allow, deny or part" in summary.notes[-1]
    assert ingest_sources(store, settings, str(warcs), allow=[]).kept == 2 * PAGES - 1


def test_max_pages_ends_a_run_and_the_next_run_continues(store, settings, warcs):
    for _ in range(3):
        assert ingest_sources(store, settings, str(warcs), max_pages=PAGES - 2).rows in (PAGES - 2, 4)
    assert len(pages_of(store)) == 2 * PAGES
    urls = [url for url, _ in pages_of(store)]
    assert urls == [f"http://{host}.org/{number}" for host in "ab" for number in range(PAGES)]


@pytest.mark.parametrize("engine", ["local", pytest.param("ray", marks=pytest.mark.slow)])
def test_many_workers_write_the_same_table(settings, warcs, tmp_path, engine, monkeypatch):
    if engine == "ray":
        ray = pytest.importorskip("ray", reason="needs ray: pip install 'gr-toolkit[ray]'")
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
        ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    for folder, where in (("one", {}), ("many", {"engine": engine, "workers": 2})):
        ingest_sources(
            Store(str(tmp_path / folder), tmp_path / folder / ".state"), settings, str(warcs), **where
        )
    if engine == "ray":
        ray.shutdown()
    assert tables(tmp_path / "many") == tables(tmp_path / "one")
    shards = [
        sorted(path.name for path in (tmp_path / folder / "pages").iterdir()) for folder in ("one", "many")
    ]
    assert shards[0] == shards[1]


def die_at(folder: Path, warcs: Path, shard: str, *, recorded: bool) -> None:
    """Ingest archives, and die when `shard` is written, before or after the frontier records it."""
    store = Frontier.store

    def die(self: Frontier, rows: object, name: str, *others: object) -> None:
        if name == shard and not recorded:
            os.kill(os.getpid(), signal.SIGKILL)
        store(self, rows, name, *others)
        if name == shard:
            os.kill(os.getpid(), signal.SIGKILL)

    Frontier.store = die
    ingest_sources(Store(str(folder), folder / ".state"), CrawlSettings(shard_pages=5), str(warcs))


@pytest.mark.parametrize("shard", ["000001", "000005", "000010"])
@pytest.mark.parametrize("recorded", [False, True])
def test_a_killed_run_loses_no_shard_and_the_next_completes_it(settings, warcs, tmp_path, shard, recorded):
    undisturbed, killed = tmp_path / "undisturbed", tmp_path / "killed"
    ingest_sources(Store(str(undisturbed), undisturbed / ".state"), settings, str(warcs))
    process = PROCESSES.Process(target=die_at, args=(killed, warcs, shard), kwargs={"recorded": recorded})
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    left = contents(killed / "pages")
    assert len(left) == int(shard)
    ingest_sources(Store(str(killed), killed / ".state"), settings, str(warcs))
    assert left.items() <= contents(killed / "pages").items()
    assert tables(killed) == tables(undisturbed)


def die_before_writing(folder: Path, warcs: Path) -> None:
    """Ingest archives, and die before the first shard is written."""
    page_writer.Table.write = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
    ingest_sources(Store(str(folder), folder / ".state"), CrawlSettings(shard_pages=5), str(warcs))


def test_a_small_archive_is_marked_done_only_when_its_rows_are_written(store, settings, tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    for name in "abc":
        (small / f"{name}.warc.gz").write_bytes(warc_of_pages(2, prefix=f"http://{name}.org/").content)
    process = PROCESSES.Process(target=die_before_writing, args=(Path(store.data), small))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    assert ingest_sources(store, settings, str(small)).kept == 6


def test_a_full_disk_raises_an_error_and_written_pages_stay(store, settings, warcs, monkeypatch):
    write, written = page_writer.Table.write, []

    def fails(self: object, shard: str, rows: object) -> None:
        if len(written) == 2:
            raise CannotWrite("disk full")
        write(self, shard, rows)
        written.append(shard)

    monkeypatch.setattr("crawl.page_writer.Table.write", fails)
    with pytest.raises(CannotWrite):
        ingest_sources(store, settings, str(warcs))
    monkeypatch.undo()
    assert len(pages_of(store)) == 10
    assert ingest_sources(store, settings, str(warcs)).kept == 2 * PAGES - 10
