"""pairs -> contaminated: the pairs that repeat an item of a benchmark on which models are scored."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from curate.flow import Pair, pairs_left
from gr_toolkit.bundled import BENCHMARKS
from gr_toolkit.console import Advance, Summary
from gr_toolkit.engine import run_here
from gr_toolkit.errors import UsageError
from gr_toolkit.settings import Settings
from gr_toolkit.similarity import NgramIndex
from gr_toolkit.store import Store
from gr_toolkit.store.table import Row

# The names under which public benchmarks keep their questions.
QUESTION_KEYS = ("question", "problem", "Question", "input")
ID_KEYS = ("id", "question_id", "uuid", "unique_id")


def decontaminate(store: Store, settings: Settings, summary: Summary) -> None:
    """Fill `contaminated` from the pending shards of `pairs`, by the bundled and the named benchmarks."""
    index = NgramIndex()
    for path in (*sorted(BENCHMARKS.glob("*.jsonl")), *map(Path, settings.curate.benchmarks)):
        add_benchmark(index, path)

    def one_shard(shard: str, _: Advance) -> list[Row]:
        return leaks_in(pairs_left(store, shard, "duplicates"), index, settings.curate.overlap)

    run_here(store, summary, one_shard)


def add_benchmark(index: NgramIndex, path: Path) -> None:
    """Index the questions of a JSONL file. Raises UsageError if it is not one."""
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                item = json.loads(line)
                question = next(item[key] for key in QUESTION_KEYS if key in item)
                item_id = next((item[key] for key in ID_KEYS if key in item), number)
                index.add(path.stem, str(item_id), str(question))
    except OSError as error:
        raise UsageError(
            f"benchmark {path} cannot be read: {error.strerror}; see curate.benchmarks"
        ) from error
    except (ValueError, StopIteration, TypeError) as error:
        known = ", ".join(QUESTION_KEYS)
        raise UsageError(
            f"benchmark {path} is not JSONL with one of the keys {known} in each line"
        ) from error


def leaks_in(pairs: Sequence[Pair], index: NgramIndex, threshold: float) -> list[Row]:
    """A row for each pair whose question repeats at least `threshold` of an item's n-grams."""
    rows: list[Row] = []
    for pair in pairs:
        leak = index.find(str(pair["question"]))
        if leak is not None and leak.overlap >= threshold:
            rows.append(
                {
                    "id": pair["id"],
                    "benchmark": leak.source,
                    "item": leak.item,
                    "overlap": leak.overlap,
                    "kept": False,
                    "reason": f"overlaps {leak.source}",
                }
            )
    return rows
