"""The whole stage: extraction during the crawl, WARC files, and recovery from a kill."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from crawl.response import read_page
from crawl.stage import crawl as run_stage
from crawl.stage import extracting
from gr_toolkit.console import Summary
from gr_toolkit.errors import CannotWrite
from gr_toolkit.settings import Settings
from rows import rows_of


def chain(page, length):
    """Replies for pages that each link to the next one."""
    prose = "It has some words of its own, so that there is a text to be taken. " * 3
    return {f"/{number}": page(f"page {number} {prose}", f"/{number + 1}") for number in range(length)}


@pytest.fixture
def stage(store, settings):
    """Run the stage with two workers and return the summaries."""

    def run(*sources, **options):
        crawl = settings.model_copy(update={"max_depth": 100, "shard_pages": 3, **options.pop("crawl", {})})
        summaries: list[Summary] = []
        run_stage(store, Settings(data=store.data, workers=2, crawl=crawl), sources, summaries, **options)
        return summaries

    return run


@pytest.mark.slow
def test_a_shard_is_extracted_while_the_next_is_fetched(site, page, store, stage):
    site.replies = chain(page, 8)
    last = site.replies["/7"]

    def after_the_first_is_extracted(headers):
        while not store.table("texts").shards():
            time.sleep(0.02)
        return last

    site.replies["/7"] = after_the_first_is_extracted
    crawled, extracted = stage(f"{site.url}/0", crawl={"timeout": 60})
    assert (crawled.step, crawled.kept) == ("crawl", 8)
    assert (extracted.step, extracted.rows_in, extracted.rows, extracted.shards) == ("crawl extract", 9, 8, 3)
    assert store.table("texts").shards() == store.table("pages").shards()


def test_a_warc_file_is_written_once_per_shard(site, page, store, stage):
    site.replies = chain(page, 4)
    stage(f"{site.url}/0", crawl={"max_pages": 3})
    assert not (Path(store.data) / "warc").exists()
    *_, written = stage(warc=True)
    assert (written.step, written.shards, written.kept) == ("crawl warc", 2, 4)
    files = sorted(path.name for path in (Path(store.data) / "warc").iterdir())
    assert files == ["000001.warc.gz", "000002.warc.gz"]
    *_, again = stage(warc=True)
    assert again.shards == 0


def test_a_folder_of_pages_is_ingested_and_extracted(page, store, stage, tmp_path):
    folder = tmp_path / "saved"
    folder.mkdir()
    for path, reply in chain(page, 4).items():
        (folder / f"{path[1:]}.html").write_bytes(reply.body)
    crawled, extracted = stage(str(folder))
    assert (crawled.kept, extracted.kept) == (4, 4)
    assert {row["source"] for row in rows_of(store, "pages")} != {"web"}
    crawled, extracted = stage(str(folder))
    assert (crawled.rows, extracted.rows) == (0, 0)


@pytest.mark.slow
def test_the_summary_of_extraction_precedes_that_of_the_failed_step(store):
    summaries: list[Summary] = []

    def extract_one_and_fail():
        with extracting(store, Settings(data=store.data, workers=2), summaries) as beside:
            summaries.append(Summary("crawl"))
            row = read_page("http://e.org/a", 0, 200, {"content-type": "text/html"}, b"<p>some words").row
            store.table("pages").write("000001", [row])
            beside.start("000001")
            beside.collect(wait=True)
            raise CannotWrite("no room")

    with pytest.raises(CannotWrite):
        extract_one_and_fail()
    assert [(summary.step, summary.rows) for summary in summaries] == [("crawl extract", 1), ("crawl", 0)]


def children_of(pid):
    """The process ids of the running child processes of `pid`."""
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True)
    return [int(line) for line in found.stdout.split()]


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").exists(), reason="reads /proc")
def test_a_killed_crawl_leaves_no_process_behind_and_the_next_run_completes_it(root, site, page, store):
    site.replies = chain(page, 30)
    command = [sys.executable, "-m", "cli", "crawl", "--data", store.data, "--json"]
    environment = {
        **os.environ,
        **{"PYTHONPATH": str(root), "GR_CRAWL__SHARD_PAGES": "3", "GR_CRAWL__MAX_DEPTH": "100"},
        **{"GR_WORKERS": "2", "GR_CRAWL__DELAY": "0.05"},
    }
    process = subprocess.Popen([*command, f"{site.url}/0"], env=environment, stdout=subprocess.PIPE)
    workers = []
    while len(workers) < 2:
        assert process.poll() is None
        time.sleep(0.02)
        workers = children_of(process.pid)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    while any(map(is_running, workers)):  # no worker survives its parent
        time.sleep(0.05)

    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert [step["step"] for step in json.loads(done.stdout)["steps"]] == ["crawl", "crawl extract"]
    assert len(rows_of(store, "pages")) == 31
    assert len(rows_of(store, "texts")) == 30


@pytest.mark.slow
@pytest.mark.parametrize("damage", [os.remove, lambda path: os.truncate(path, 100)], ids=["lost", "corrupt"])
def test_a_lost_or_corrupt_shard_of_pages_is_rebuilt_with_its_texts(site, page, store, stage, damage):
    site.replies = chain(page, 8)
    stage(f"{site.url}/0")
    before = {row["url"] for row in rows_of(store, "texts")}
    damage(f"{store.data}/pages/000002.parquet")
    stage()
    assert {row["url"] for row in rows_of(store, "texts")} == before
    assert store.table("texts").shards() == store.table("pages").shards() == ["000001", "000003", "000004"]
