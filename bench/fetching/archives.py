"""Compare the rate from a WARC file to texts with the rate of extraction alone."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from crawl.archives.warc_out import warc_of
from crawl.extract import extract
from crawl.response import read_page
from crawl.stage import crawl
from gr_toolkit.settings import Settings, cores
from gr_toolkit.store import Store


@dataclass
class Archives:
    """Pages per second from a WARC file to texts (`whole`), and of extracting the same pages alone."""

    pages: int
    workers: int
    whole: float
    extraction: float


def measure_archives(folder: Path, copies: int) -> Archives:
    """Measure a WARC file that holds every HTML file of the folder `copies` times, each under another URL."""
    bodies = [path.read_bytes() for path in sorted(folder.rglob("*.html"))]
    headers = {"content-type": "text/html"}
    rows = [
        read_page(f"http://e.org/{copy}/{number}", 0, 200, headers, body + b"<!-- %d -->" % copy).row
        for copy in range(copies)
        for number, body in enumerate(bodies)
    ]
    kept = [row for row in rows if row["kept"]]
    with tempfile.TemporaryDirectory() as name:
        here = Path(name)
        (here / "pages.warc.gz").write_bytes(warc_of("pages.warc.gz", kept, "bench"))
        store, settings = _store(here / "whole")
        began = time.monotonic()
        crawl(store, settings, [str(here / "pages.warc.gz")], [])
        whole = time.monotonic() - began
        store, settings = _store(here / "extraction")
        for start in range(0, len(kept), settings.crawl.shard_pages):
            store.table("pages").write(f"{start:06d}", kept[start : start + settings.crawl.shard_pages])
        began = time.monotonic()
        extract(store, settings, [])
        extraction = time.monotonic() - began
    return Archives(len(kept), settings.workers, len(kept) / whole, len(kept) / extraction)


def _store(folder: Path) -> tuple[Store, Settings]:
    return Store(str(folder), folder / ".state"), Settings(
        data=str(folder), workers=cores(), crawl={"shard_pages": 50}
    )
