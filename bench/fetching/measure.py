"""Measures the crawl, part by part, in one run: what extraction keeps beside its peers, how fast pages are
fetched beside plain Scrapy and WARC files taken in, what a killed crawl stores, how much memory it takes.

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

DATA = ROOT.parent / "shared" / "data" / "pages"
QUEUES = [10_000, 100_000]

Part = tuple[list[str], object]  # Markdown, and the same as figures


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 0 if all went well, 2 if there is nothing to read."""
    options = _options(arguments)
    if not any(options.data.rglob("*.html")):
        print(f"error: no HTML files in {options.data}; name their folder with --data", file=sys.stderr)
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
    """What is kept of the pages, beside other extractors."""
    report = measure_extraction(read_corpus(options.data, options.limit), 1, options.copies)
    return report.parts, report.figures


def speed(options: argparse.Namespace) -> Part:
    """Pages per second beside plain Scrapy."""
    speeds = measure_speed(options.data, options.count, options.repeats)
    figures = {**{name: asdict(each) for name, each in speeds.items()}, "ratio": ratio(speeds)}
    return [tables.speed(speeds)], figures


def warc(options: argparse.Namespace) -> Part:
    """From a WARC file to texts."""
    found = measure_archives(options.data, options.copies)
    return [tables.archives(found)], asdict(found)


def kills(options: argparse.Namespace) -> Part:
    """Crawls of a linked site that are killed."""
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
    add("--parts", type=_parts, default=list(PARTS), help=f"which, separated by commas: {', '.join(PARTS)}")
    add("--data", type=Path, default=DATA, help="folder with index.jsonl, the gold files and the pages")
    add("--limit", type=int, default=0, help="pages of each collection that extraction sees (default: all)")
    add("--copies", type=int, default=2, help="of the pages, for the rates of extraction and WARC input")
    add("--count", type=int, default=3000, help="pages that are fetched")
    add("--repeats", type=int, default=3, help="turns of each crawler")
    add("--kills", type=int, default=200, help="in all, of crawls of the linked site")
    add("--pages", type=int, default=3000, help="of the linked site")
    add("--json", type=Path, metavar="FILE", help="write the figures there")
    return parser.parse_args(arguments)


def _parts(text: str) -> list[str]:
    names = text.split(",")
    if unknown := set(names) - PARTS.keys():
        raise argparse.ArgumentTypeError(f"no part named {', '.join(sorted(unknown))}")
    return names
