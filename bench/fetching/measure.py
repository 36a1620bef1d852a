"""Benchmark the crawl, part by part, in one run: extraction against other extractors, fetching against plain
Scrapy, ingesting a WARC file, crawls that are killed, and peak memory.

python -m bench.crawl                       everything; about seven minutes on two cores
python -m bench.crawl --parts speed,memory  some of it
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from bench.fetching import tables
from bench.fetching.archives import measure_archives
from bench.fetching.kills import measure_kills
from bench.fetching.memory import measure_memory
from bench.fetching.site import ROOT
from bench.fetching.speed import measure_speed, ratio
from bench.pages.corpus import read_corpus
from bench.pages.measure import measure as measure_extraction
from bench.parts import add_parts

DATA = ROOT.parent / "shared" / "data" / "pages"
QUEUES = [10_000, 100_000]

Part = tuple[list[str], object]  # Markdown tables, and the same figures for JSON


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print. Return 0 on success, 2 if the folder has no HTML files."""
    options = _options(arguments)
    if not any(options.data.rglob("*.html")):
        print(f"error: no HTML files in {options.data}; set their folder with --data", file=sys.stderr)
        return 2
    measured: dict[str, object] = {}
    for name in options.parts:
        print(f"{name} ...", file=sys.stderr, flush=True)
        markdown, measured[name] = PARTS[name](options)
        print("\n\n".join(markdown) + "\n", flush=True)
    if options.json:
        options.json.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")
    return 0


def extraction(options: argparse.Namespace) -> Part:
    """What each extractor keeps of the pages."""
    report = measure_extraction(read_corpus(options.data, options.limit), 1, options.copies)
    return report.parts, report.figures


def speed(options: argparse.Namespace) -> Part:
    """Pages per second of `gr crawl` and of plain Scrapy."""
    speeds = measure_speed(options.data, options.count, options.repeats)
    figures = {**{name: asdict(each) for name, each in speeds.items()}, "ratio": ratio(speeds)}
    return [tables.speed(speeds)], figures


def warc(options: argparse.Namespace) -> Part:
    """Pages per second from a WARC file to texts."""
    found = measure_archives(options.data, options.copies)
    return [tables.archives(found)], asdict(found)


def kills(options: argparse.Namespace) -> Part:
    """Crawls of a linked site that are killed and resumed."""
    with tempfile.TemporaryDirectory() as folder:
        found = measure_kills(Path(folder), options.pages, options.kills)
    return [tables.kills(found)], asdict(found)


def memory(options: argparse.Namespace) -> Part:
    """Peak memory of crawls with a short and a long queue."""
    peaks = measure_memory(QUEUES)
    return [tables.memory(QUEUES, peaks)], dict(zip(map(str, QUEUES), peaks, strict=True))


PARTS: dict[str, Callable[[argparse.Namespace], Part]] = {
    "extraction": extraction,
    "speed": speed,
    "warc": warc,
    "kills": kills,
    "memory": memory,
}


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add_parts(parser, PARTS)
    add("--data", type=Path, default=DATA, help="folder with index.jsonl, the gold files and the pages")
    add("--limit", type=int, default=0, help="extraction: pages of each collection (default: all)")
    add("--copies", type=int, default=2, help="extraction, warc: copies of each page for the rates")
    add("--count", type=int, default=3000, help="speed: pages to fetch")
    add("--repeats", type=int, default=3, help="speed: runs of each crawler")
    add("--kills", type=int, default=200, help="kills: number of kills in all")
    add("--pages", type=int, default=3000, help="kills: pages of the linked site")
    add("--json", type=Path, metavar="FILE", help="write the figures to this file")
    return parser.parse_args(arguments)
