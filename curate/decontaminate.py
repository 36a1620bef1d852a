"""pairs -> contaminated: pairs whose question repeats an item of a benchmark."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath

from curate.flow import Pair, pairs_reaching
from gr_toolkit.bundled import BENCHMARKS
from gr_toolkit.console import Advance, Summary
from gr_toolkit.engine import run_here
from gr_toolkit.errors import MissingExtra, StoreError, UsageError
from gr_toolkit.settings import Settings
from gr_toolkit.similarity import NgramIndex
from gr_toolkit.store import Store
from gr_toolkit.store.questions import Question, read_questions
from gr_toolkit.store.tables import ContaminatedRow

Benchmarks = Mapping[str, Sequence[Question]]  # the questions of every file, by its path


def decontaminate(
    store: Store, settings: Settings, summary: Summary, configured: Benchmarks | None = None
) -> None:
    """Fill `contaminated`: compare the pending pairs with the bundled and the configured benchmarks.

    `configured` are the latter, if they are already read. Raises UsageError if one cannot be read.
    """
    index = NgramIndex()
    bundled = read_benchmarks(map(str, BENCHMARKS.values()))
    for benchmarks in (bundled, configured or read_benchmarks(settings.curate.benchmarks)):
        for path, questions in benchmarks.items():
            add_benchmark(index, path, questions)

    def find_leaks(shard: str, _: Advance) -> list[ContaminatedRow]:
        return leaks_in(pairs_reaching(store, "contaminated", shard), index, settings.curate.overlap)

    run_here(store, summary, find_leaks)


def add_benchmark(index: NgramIndex, path: str, questions: Sequence[Question]) -> None:
    """Index the questions of a file under its name without the ending."""
    for question in questions:
        index.add(PurePath(path).stem, question.id, question.question)


def read_benchmarks(paths: Iterable[str]) -> Benchmarks:
    """The questions of .jsonl or .parquet files. Raises UsageError if a file cannot be read."""
    try:
        return {path: read_questions(path, need_answers=False) for path in paths}
    except (UsageError, StoreError, MissingExtra) as error:
        raise UsageError(f"curate.benchmarks: {error}") from error


def leaks_in(pairs: Sequence[Pair], index: NgramIndex, threshold: float) -> list[ContaminatedRow]:
    """A row for each pair whose question contains the share `threshold` or more of an item's n-grams."""
    rows: list[ContaminatedRow] = []
    for pair in pairs:
        leak = index.find(pair.question)
        if leak is not None and leak.overlap >= threshold:
            rows.append(
                {
                    "id": pair.id,
                    "benchmark": leak.source,
                    "item": leak.item,
                    "overlap": leak.overlap,
                    "kept": False,
                    "reason": f"overlaps {leak.source}",
                }
            )
    return rows
