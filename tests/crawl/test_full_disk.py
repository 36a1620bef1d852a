"""A full disk stops the crawl with a one-line error; stored pages stay, and a later run continues."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path

import pytest

from commands import gr
from crawl.fetch import FRONTIER, fetch
from crawl.frontier.frontier import Frontier
from gr_toolkit.console import Summary
from gr_toolkit.errors import CannotWrite
from gr_toolkit.settings import Settings
from gr_toolkit.store import Store
from rows import rows_of

PAGES = 40


def test_a_full_disk_stops_the_crawl_and_loses_nothing(site, reply, settings, small_disk):
    noise = random.Random(0)
    for number in range(PAGES):
        words = "".join(chr(noise.randrange(0x4E00, 0x9FFF)) for _ in range(40_000))  # incompressible
        site.replies[f"/{number}"] = reply(f"<p>{words} <a href=/{number + 1}>next</a>".encode())
    store = Store(str(small_disk / "data"), small_disk / "data" / ".state")
    changes = {"max_depth": PAGES, "shard_pages": 3}
    deep = Settings(data=store.data, crawl=settings.model_copy(update=changes))

    summaries: list[Summary] = []
    with pytest.raises(CannotWrite, match="run the same command again"):
        fetch(store, deep, [site.url + "/0"], summaries)
    stored = rows_of(store, "pages")
    assert 0 < len(stored) < PAGES
    assert [summary.rows for summary in summaries] == [len(stored)]

    subprocess.run(["mount", "-o", "remount,size=20m", small_disk], check=True)
    fetch(store, deep, [site.url + "/0"], [])
    completed = rows_of(store, "pages")
    assert completed[: len(stored)] == stored
    assert [row["url"].rpartition("/")[2] for row in completed] == [
        str(number) for number in range(PAGES + 1)
    ]


def test_a_full_disk_is_reported_when_the_frontier_hands_out_a_url(small_disk):
    with closing(Frontier(small_disk / FRONTIER, max_depth=1)) as frontier:
        frontier.add((f"http://a.org/{number}" for number in range(100)), 0)
        filler = small_disk / "filler"
        with suppress(OSError), filler.open("wb", buffering=0) as file:
            while file.write(bytes(4096)) == 4096:
                pass
        with pytest.raises(CannotWrite, match=f"cannot write .*{FRONTIER}: .*run the same command again"):
            list(iter(lambda: frontier.take("a.org"), None))
        filler.unlink()
        assert frontier.take("a.org") is not None


CHAIN = 12  # pages of about 30 kB, compressed


@pytest.fixture
def chain(site, page):
    """A site whose pages link to the next one."""
    noise = random.Random(0)
    for number in range(CHAIN):
        words = " ".join(f"{noise.getrandbits(32):x}" for _ in range(6000))
        site.replies[f"/{number}"] = page(f"page {number} {words}", f"/{number + 1}")
    site.replies[f"/{CHAIN}"] = page("the end")
    return site


VARIABLES = {
    "GR_CRAWL__ALLOW_PRIVATE": "true",
    "GR_CRAWL__DELAY": "0",
    "GR_CRAWL__SHARD_PAGES": "4",
    "GR_CRAWL__MAX_DEPTH": str(CHAIN),
    "GR_WORKERS": "1",
}


def enlarge(disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,size=20m", disk], check=True)


def check_that_the_same_command_finishes(folder: Path, site, data: str) -> None:
    code, _, errors = gr(folder, "crawl", f"{site.url}/0", "--data", data, **VARIABLES)
    assert (code, errors) == (0, "")
    store = Store(data, Path(data) / ".state")
    assert [row["url"].rpartition("/")[2] for row in rows_of(store, "pages")] == [
        str(number) for number in range(CHAIN + 1)
    ]
    assert store.table("texts").shards() == store.table("pages").shards()


@pytest.mark.parametrize(
    ("small_disk", "where"),
    [
        ("8k", "/frontier.sqlite: "),  # at the first write
        ("16k", "/frontier.sqlite: "),  # at its shared memory
        ("60k", "/frontier.sqlite: "),  # at its tables
        ("150k", "/frontier.sqlite: "),  # at a page
        ("360k", "/pages/000001.parquet: No space left on device"),
    ],
    indirect=["small_disk"],
)
def test_the_command_ends_with_one_line_wherever_the_disk_fills_up(chain, tmp_path, small_disk, where):
    data = str(small_disk / "data")
    code, _, errors = gr(tmp_path, "crawl", f"{chain.url}/0", "--data", data, **VARIABLES)
    assert code == 1
    assert errors.startswith("gr: cannot write ")
    assert where in errors
    assert errors.count("\n") == 1, errors
    assert gr(tmp_path, "crawl", "status", "--data", data)[::2] == (0, "")
    enlarge(small_disk)
    check_that_the_same_command_finishes(tmp_path, chain, data)


@pytest.mark.parametrize("small_disk", ["4k"], indirect=True)
def test_a_disk_without_room_for_a_lock_is_an_error(chain, tmp_path, small_disk):
    (small_disk / "filler").write_text("x")
    data = str(small_disk / "data")
    code, _, errors = gr(tmp_path, "crawl", f"{chain.url}/0", "--data", data, **VARIABLES)
    assert (code, errors.count("\n")) == (1, 1)
    assert "/locks: No space left on device. Free some space, or choose another folder with --data" in errors
    (small_disk / "filler").unlink()
    enlarge(small_disk)
    check_that_the_same_command_finishes(tmp_path, chain, data)


@pytest.mark.slow
@pytest.mark.parametrize("small_disk", ["600k"], indirect=True)
def test_a_process_with_workers_ends_with_one_line_too(root, chain, tmp_path, small_disk):
    data = str(small_disk / "data")
    done = subprocess.run(
        [sys.executable, "-m", "cli", "crawl", f"{chain.url}/0", "--data", data, "--json"],
        env={**os.environ, **VARIABLES, "GR_WORKERS": "2", "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("gr: cannot write ")
    assert done.stderr.count("\n") == 1, done.stderr
    assert "did not finish" in json.loads(done.stdout)["steps"][-1]["notes"]
    enlarge(small_disk)
    check_that_the_same_command_finishes(tmp_path, chain, data)
