"""pairs -> contaminated: pairs whose question repeats an item of a benchmark."""

from __future__ import annotations

from collections.abc import Sequence
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


def decontaminate(store: Store, settings: Settings, summary: Summary) -> None:
    """Fill `contaminated`: compare the pending pairs with the bundled and the configured benchmarks."""
    index = NgramIndex()
    for path in (*map(str, BENCHMARKS.values()), *settings.curate.benchmarks):
        add_benchmark(index, path)

    def find_leaks(shard: str, _: Advance) -> list[ContaminatedRow]:
        return leaks_in(pairs_reaching(store, "contaminated", shard), index, settings.curate.overlap)

    run_here(store, summary, find_leaks)


def check_benchmarks(settings: Settings) -> None:
    """Read the configured benchmarks. Raises UsageError if one cannot be read, before a step begins."""
    for path in settings.curate.benchmarks:
        read_benchmark(path)


def add_benchmark(index: NgramIndex, path: str) -> None:
    """Index the questions of a .jsonl or .parquet file. Raises UsageError if the file cannot be read."""
    for question in read_benchmark(path):
        index.add(PurePath(path).stem, question.id, question.question)


def read_benchmark(path: str) -> list[Question]:
    """The questions of a .jsonl or .parquet file. Raises UsageError if the file cannot be read."""
    try:
        return read_questions(path, need_answers=False)
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
