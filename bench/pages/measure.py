"""Compare `gr crawl extract` with other extractors, on the same pages, in one run."""

from __future__ import annotations

from typing import NamedTuple

from bench.pages import tables
from bench.pages.corpus import Corpus
from bench.pages.extractors import run
from bench.pages.result import Figures, figures, markup_found, score
from bench.pages.workers import measure_workers
from crawl.text.decode import decode


class Report(NamedTuple):
    """The Markdown of a run, table by table, and its figures for JSON."""

    parts: list[str]
    figures: dict[str, Figures]


def measure(corpus: Corpus, repeats: int, copies: int) -> Report:
    """Run every extractor over the corpus `repeats` times, and `gr crawl extract` over `copies` of it.

    With `copies` 0, `gr crawl extract` does not run.
    """
    decoded = {page.path: decode(page.body, "text/html") for page in corpus.pages}
    results = score(corpus, decoded, run(corpus.pages, decoded, repeats))
    found = markup_found(decoded)
    parts = [
        f"{len(corpus.pages)} pages, {len(corpus.pairs)} questions with answers, {len(corpus.main_texts)}"
        f" main texts. CPU: of one process, the median of {repeats} runs.",
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
