"""The rate of `gr crawl extract` with one and with two worker processes."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from bench.pages.corpus import Page
from crawl.extract import extract
from crawl.response import read_page
from gr_toolkit.console import Summary
from gr_toolkit.settings import Settings
from gr_toolkit.store import Store

SHARD_PAGES = 25


class Workers(NamedTuple):
    """Pages per second with this number of worker processes, including start-up and writing."""

    workers: int
    rate: float


def measure_workers(pages: Sequence[Page], copies: int, counts: Sequence[int] = (1, 2)) -> list[Workers]:
    """Return the rates over the same pages, each `copies` times, after a short warm-up run."""
    with tempfile.TemporaryDirectory() as folder:
        _run(Path(folder) / "warm", pages[:1], 1, 1)
        return [
            Workers(count, _run(Path(folder) / f"{count}-workers", pages, copies, count)) for count in counts
        ]


def _run(folder: Path, pages: Sequence[Page], copies: int, workers: int) -> float:
    store = Store(str(folder), folder / ".state")
    rows = [
        read_page(f"http://e.org/{copy}/{page.path}", 0, 200, {"content-type": "text/html"}, page.body).row
        for copy in range(copies)
        for page in pages
    ]
    with store.table("pages").writing():
        for start in range(0, len(rows), SHARD_PAGES):
            store.table("pages").write(f"{start // SHARD_PAGES:06d}", rows[start : start + SHARD_PAGES])
    summaries: list[Summary] = []
    extract(store, Settings(data=str(folder), workers=workers), summaries)
    return len(rows) / summaries[0].seconds
