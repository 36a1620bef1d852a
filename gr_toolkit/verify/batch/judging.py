"""Judge pairs, return a line for each, and summarise the verdicts of a file."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import TextIO

from gr_toolkit.console import Summary, progress
from gr_toolkit.errors import UsageError
from gr_toolkit.llm.loops import gather
from gr_toolkit.llm.usage import metered
from gr_toolkit.settings import Settings, cores
from gr_toolkit.verify.batch.files import read_chunks, writing
from gr_toolkit.verify.batch.rows import Line, Pair, line
from gr_toolkit.verify.batch.tally import Tally
from gr_toolkit.verify.cascade import Verifier
from gr_toolkit.verify.extraction.extraction import Extraction
from gr_toolkit.verify.extraction.paper import extract_solution
from gr_toolkit.verify.opening import open_verifier
from gr_toolkit.verify.verdict import Item, Protocol, Verdict


def judge_file(
    settings: Settings, pairs: Path, out: Path | TextIO, protocol: Protocol | None, summaries: list[Summary]
) -> None:
    """Judge every row of the file `pairs`, and write a line for each to `out`, in order.

    A summary is appended to `summaries` once both files are open. Raises UsageError, MissingExtra,
    CannotWrite, Locked, BudgetExceeded, and GrError if `pairs` is damaged.
    """
    if isinstance(out, Path) and out.exists() and pairs.exists() and out.samefile(pairs):
        raise UsageError(f"--out would overwrite the pairs in {pairs}: choose another file")
    chunks = read_chunks(pairs)
    first = next(chunks, [])
    with writing(out) as write, open_verifier(settings, protocol) as verifier:
        summaries.append(Summary("verify"))
        with (
            _counting(summaries[-1]) as tally,
            metered(summaries[-1], [model.usage for model in verifier.models]),
            progress("verify", None) as advance,
        ):
            for chunk in chain([first], chunks):
                lines = verifier.run(judge_all(verifier, chunk, at_once(settings), protocol))
                write(lines)
                tally.add(chunk, lines)
                advance(len(chunk))


@contextmanager
def _counting(summary: Summary) -> Iterator[Tally]:
    """Yield a tally of the summary, which gets its notes at the end, even if the run fails.

    Rows for which the model gave no usable reply are pending: run again, the command asks about them again.
    """
    tally = Tally(summary)
    started = time.monotonic()
    try:
        yield tally
    finally:
        summary.seconds = time.monotonic() - started
        tally.note()
        summary.pending = summary.reasons["failed"]


def judge_one(settings: Settings, item: Item, protocol: Protocol | None) -> Line:
    """Judge one pair and return its line. Raises UsageError, MissingExtra, CannotWrite and BudgetExceeded."""
    with open_verifier(settings, protocol) as verifier:
        (judged,) = verifier.run(judge_all(verifier, [Pair(1, item)], 1, protocol))
    return judged


def show(judged: Line, *, as_json: bool) -> None:
    """Print the verdict on one pair, in words or as one line of JSON."""
    if as_json:
        print(json.dumps({name: value for name, value in judged._asdict().items() if name != "id"}))
        return
    word = {True: "correct", False: "wrong", None: "undecided"}[judged.correct]
    sure = "" if judged.confidence is None else f", {judged.confidence:.0%} sure"
    print(f"{word} ({judged.decided_by}{sure})\n{printable(judged.reason)}")


def printable(text: str) -> str:
    """Replace characters that could control a terminal; the text may quote a student or a model."""
    return "".join(character if character.isprintable() else " " for character in text)


def at_once(settings: Settings) -> int:
    """Return how many pairs to judge concurrently: one per core, plus the model's concurrent requests."""
    asked = settings.llm.for_role("verifier").concurrency if settings.verifier_model else 0
    return cores() + asked


async def judge_all(
    verifier: Verifier, pairs: Sequence[Pair], at_once: int, protocol: Protocol | None
) -> list[Line]:
    """Return a line for each pair, in order. The first exception cancels the remaining pairs."""
    turns = asyncio.Semaphore(at_once)
    return await gather(judge(verifier, pair, turns, protocol) for pair in pairs)


async def judge(verifier: Verifier, pair: Pair, turns: asyncio.Semaphore, protocol: Protocol | None) -> Line:
    """Judge one pair and return its line. The line's `seconds` exclude the wait for `turns`."""
    if pair.item is None:
        return line(pair, Verdict(None, "error", None, pair.problem), 0.0)
    item = pair.item
    if protocol == "paper":
        solution = extract_solution(item.text)
        item = item._replace(answer=None if solution is None else Extraction(solution, "paper"))
    async with turns:
        started = time.perf_counter()
        verdict = await verifier.verify_or_explain(item)
        return line(pair, verdict, time.perf_counter() - started)
