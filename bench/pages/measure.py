"""Measures how gr extracts text beside its peers, on the same pages, in one run.

python bench/extraction.py            the pages in ../shared/data/pages
python bench/extraction.py --limit 5  the first five of each collection
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from bench.pages import tables
from bench.pages.corpus import Corpus, read_corpus
from bench.pages.extractors import run
from bench.pages.result import Figures, figures, markup_found, score
from bench.pages.workers import measure_workers
from crawl.decode import decode

DATA = Path(__file__).parents[3] / "shared" / "data" / "pages"


class Report(NamedTuple):
    """The Markdown of a run, part by part, and its figures."""

    parts: list[str]
    figures: dict[str, Figures]


def main(arguments: Sequence[str] | None = None) -> int:
    """Read, extract, print; 0 if all went well, 2 if there is nothing to read."""
    options = _options(arguments)
    try:
        corpus = read_corpus(options.data, options.limit)
        if not corpus.pages:
            raise ValueError(f"no pages in {options.data}")
    except (OSError, ValueError, KeyError) as error:
        print(f"error: cannot read the pages: {error}; name their folder with --data", file=sys.stderr)
        return 2
    report = measure(corpus, options.repeats, options.copies)
    print("\n\n".join(report.parts))
    if options.json:
        options.json.write_text(json.dumps(report.figures, indent=1) + "\n", encoding="utf-8")
    return 0


def measure(corpus: Corpus, repeats: int, copies: int) -> Report:
    """Every extractor over the corpus, `repeats` times, and the step over `copies` of it, if any."""
    decoded = {page.path: decode(page.body, "text/html") for page in corpus.pages}
    results = score(corpus, decoded, run(corpus.pages, decoded, repeats))
    found = markup_found(decoded)
    parts = [
        f"{len(corpus.pages)} pages, {len(corpus.pairs)} questions with answers, {len(corpus.main_texts)} main"
        f" texts. CPU: of one process, the median of {repeats} runs.",
        tables.questions(results),
        tables.formulas(results),
        tables.costs(results),
        tables.markup(found),
    ]
    numbers: dict[str, Figures] = {"pages": len(corpus.pages), **figures(results, found)}
    if copies:
        measured = measure_workers(corpus.pages, copies)
        parts.append(tables.workers(measured))
        numbers["workers"] = {str(each.workers): each.rate for each in measured}
    return Report(parts, numbers)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--data", type=Path, default=DATA, help="folder with index.jsonl, the gold files and the pages")
    add("--limit", type=int, default=0, help="pages of each collection (default: all)")
    add("--repeats", type=int, default=1, help="runs of each extractor; CPU is their median")
    add("--copies", type=int, default=3, help="of the pages, for the run on 1 and 2 workers (0: no such run)")
    add("--json", type=Path, metavar="FILE", help="write the figures there")
    options = parser.parse_args(arguments)
    if options.repeats < 1:
        parser.error("--repeats must be at least 1")
    return options
