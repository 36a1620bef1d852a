"""Scores a model: it answers every question, and its marks and scores are written to evals/MODEL/."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict

from eval.benchmarks import NAMES, Benchmark, load_benchmark
from eval.marking import Exam, answer_and_mark
from eval.scoring import Mark, Score, describe_score, score
from gr_toolkit.console import Summary, progress
from gr_toolkit.engine import Asked, Rounds, as_async, in_rounds
from gr_toolkit.errors import UsageError
from gr_toolkit.llm import connect, kept_until_written
from gr_toolkit.llm.names import resolve_model, slug
from gr_toolkit.llm.required import require_model, require_verifier
from gr_toolkit.llm.usage import metered
from gr_toolkit.settings import Settings
from gr_toolkit.store import Store
from gr_toolkit.store.failures import FailureCounts
from gr_toolkit.store.folder import Folder
from gr_toolkit.store.questions import Question
from gr_toolkit.verify import open_verifier


def evaluate_model(
    settings: Settings, model: str | None, names: Sequence[str] | None, summaries: list[Summary]
) -> None:
    """Score `model` (None: llm.model) on the named benchmarks (None: all).

    Appends a summary when a benchmark begins, so that the cost is reported after an error too. Raises
    UsageError and MissingExtra (before anything is written or sent), ModelError and StoreError.
    """
    model, benchmarks = _prepare(settings, model, names)
    folder = Folder(f"{settings.data}/evals/{slug(model)}")
    with open_exam(settings, model) as exam:
        for benchmark in benchmarks:
            summaries.append(Summary(f"eval {benchmark.name}", rows_in=len(benchmark.questions)))
            evaluate_benchmark(exam, benchmark, folder, summaries[-1])


def plan_evaluation(settings: Settings, model: str | None, names: Sequence[str] | None) -> list[Summary]:
    """Describe what evaluate_model would do. Raises UsageError, MissingExtra and StoreError like it."""
    model, benchmarks = _prepare(settings, model, names)
    return [_would_do(benchmark, model, settings) for benchmark in benchmarks]


def _prepare(
    settings: Settings, model: str | None, names: Sequence[str] | None
) -> tuple[str, list[Benchmark]]:
    if settings.eval.samples > 1 and settings.eval.temperature == 0:
        raise UsageError(
            f"the {settings.eval.samples} samples of a question would be equal at eval.temperature = 0: "
            "set it to 1.0, for example, or take one sample"
        )
    server = settings.llm.base_url or os.environ.get("OPENAI_BASE_URL", "")
    origin = "--model" if model else "llm.model"
    model = resolve_model(model or settings.llm.model, server)
    benchmarks = load_benchmarks(names or NAMES, Store(settings.data, settings.state))
    require_model(settings.llm.with_model(model), origin)
    require_verifier(settings)
    return model, benchmarks


def load_benchmarks(names: Sequence[str], store: Store) -> list[Benchmark]:
    """Load each benchmark once. Raises UsageError if a name is invalid or two benchmarks share file names."""
    benchmarks = [load_benchmark(name, store) for name in dict.fromkeys(names)]
    for name, count in Counter(benchmark.name for benchmark in benchmarks).items():
        if count > 1:
            raise UsageError(f"{count} benchmarks are called {name}: rename a file, or score one at a time")
    return benchmarks


@contextmanager
def open_exam(settings: Settings, model: str) -> Iterator[Exam]:
    """Open the model under test and the verifier. The verifier does not depend on the tested model."""
    tested = settings.llm.with_model(model)
    with connect(tested, None, settings.state) as llm, open_verifier(settings) as verifier:
        rounds = Rounds(2 * llm.concurrency, settings.llm.give_up_after, settings.llm.grace)
        yield Exam(model, llm, verifier, settings.instruction, settings.eval, rounds, settings.state)


def evaluate_benchmark(exam: Exam, benchmark: Benchmark, folder: Folder, summary: Summary) -> None:
    """Ask the model every question, and write the marks and the score to the folder."""
    if not benchmark.questions:
        summary.notes.append(f"{benchmark.name} has no questions (gr curate export fills its test split)")
        return
    started = time.monotonic()
    try:
        with metered(summary, [model.usage for model in (exam.llm, *exam.verifier.models)]):
            marks = mark_all(exam, benchmark, summary)
    finally:
        summary.seconds = time.monotonic() - started
    result = score(marks)
    _write(folder, exam, benchmark, marks, result)
    if not summary.pending:
        exam.llm.forget(unit_of(exam, benchmark))
    _report(summary, marks, result)
    summary.notes.append(f"written to {folder.url}/{benchmark.name}.jsonl and {benchmark.name}.score.json")


def mark_all(exam: Exam, benchmark: Benchmark, summary: Summary) -> list[Mark]:
    """The marks of all completions, in order. `summary.pending` counts those that got no reply.

    A mark without a reply has the outcome "failed". The next run asks for it again; the other replies are
    kept until then, whether or not they are cached.
    """
    attempts = [(question, n) for question in benchmark.questions for n in range(exam.sampling.samples)]
    marks: dict[tuple[Question, int], Mark] = {}
    unit = unit_of(exam, benchmark)

    async def attempt(item: tuple[Question, int]) -> Asked[Mark]:
        with kept_until_written(unit):
            outcome = await answer_and_mark(exam, *item)
        marks[item] = outcome.result
        return outcome

    async def settle(item: tuple[Question, int], mark: Mark) -> None:
        settled.add(item)
        advance(1)

    settled: set[tuple[Question, int]] = set()
    try:
        with progress(summary.step, len(attempts)) as advance:
            exam.llm.run(
                in_rounds(
                    as_async(attempts),
                    attempt,
                    settle,
                    name=lambda item: f"{item[0].id} {item[1]}",
                    counts=FailureCounts(exam.state, unit.replace("/", "-")),
                    rounds=exam.rounds,
                )
            )
    finally:
        summary.pending = len(attempts) - len(settled)
    return [marks[item] for item in attempts]


def unit_of(exam: Exam, benchmark: Benchmark) -> str:
    """The name of the unit of work whose replies are kept until the marks are written."""
    return f"eval/{slug(exam.model)}/{benchmark.name}"


def _write(folder: Folder, exam: Exam, benchmark: Benchmark, marks: Sequence[Mark], result: Score) -> None:
    lines = "".join(json.dumps(asdict(mark), ensure_ascii=False) + "\n" for mark in marks)
    source = {"benchmark": benchmark.name, "sha256": benchmark.sha256}
    content = exam.conditions() | source | asdict(result)
    folder.write(f"{benchmark.name}.jsonl", lines.encode())
    folder.write(f"{benchmark.name}.score.json", f"{json.dumps(content, indent=2)}\n".encode())


def _report(summary: Summary, marks: Sequence[Mark], result: Score) -> None:
    summary.rows = result.completions
    summary.kept = result.correct
    for mark in marks:
        if mark.outcome != "correct":
            summary.reject(mark.outcome, mark.id)
    summary.notes.append(describe_score(result))


def _would_do(benchmark: Benchmark, model: str, settings: Settings) -> Summary:
    asked = len(benchmark.questions) * settings.eval.samples
    note = f"would ask {model} for {asked} completions of at most {settings.eval.max_tokens} tokens"
    return Summary(f"eval {benchmark.name}", rows_in=len(benchmark.questions), notes=[note])
