"""judged -> attempts: sampled solutions of each question, each verified against its answer."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from curate.models import model_for
from gr_toolkit.console import Advance, Summary
from gr_toolkit.engine import run_here
from gr_toolkit.errors import RequestFailed
from gr_toolkit.llm import LLM, Message
from gr_toolkit.settings import Settings
from gr_toolkit.store import Store, content_id
from gr_toolkit.store.table import Row
from gr_toolkit.verify import Item, Verdict, Verifier, extract_answer, open_verifier, solver_prompt

TEMPERATURE = 1.0  # of the solver: the pass rate is only telling if the samples differ
Question = dict[str, object]


def attempt(store: Store, settings: Settings, summary: Summary) -> None:
    """Fill `attempts` with `curate.samples` solutions of each question judged verifiable."""
    with (
        model_for("solver", store, settings, summary) as solver,
        _verifier(settings, summary, solver) as verifier,
    ):

        async def all_samples(question: Question) -> list[Row]:
            samples = range(settings.curate.samples if question["kept"] else 0)
            return list(await asyncio.gather(*(one(question, number) for number in samples)))

        async def one(question: Question, sample: int) -> Row:
            return await sample_solution(question, sample, solver, settings.instruction, verifier)

        def one_shard(shard: str, advance: Advance) -> list[Row]:
            questions = store.table("judged").rows(shard)
            return [row for rows in solver.map(all_samples, questions, advance) for row in rows]

        run_here(store, summary, one_shard)


@contextmanager
def _verifier(settings: Settings, summary: Summary, solver: LLM) -> Iterator[Verifier]:
    """The cascade, on the solver's budget; what its models have used is added to the summary."""
    with open_verifier(settings, solver.budget) as verifier:
        try:
            yield verifier
        finally:
            for model in verifier.models:
                model.usage.add_to(summary)


async def sample_solution(
    question: Question, sample: int, solver: LLM, instruction: str, verifier: Verifier
) -> Row:
    """One solution and its verdict. The sample number is the seed, so that each is asked for once.

    Raises ServerUnusable, of the verifier's server too: without verdicts a pass rate means nothing.
    """
    asked, reference = str(question["question"]), str(question["answer"])
    try:
        message = Message(role="user", content=solver_prompt(asked, instruction))
        reply = await solver.ask([message], temperature=TEMPERATURE, seed=sample)
    except RequestFailed as error:
        return _row(question, sample, solver, instruction, reason=error.reason)
    found = extract_answer(reply.text)
    verdict = await verifier.verify(Item(asked, reference, found))
    if verifier.failure:
        raise verifier.failure
    return _row(question, sample, solver, instruction, reply.text, found.answer if found else None, verdict)


def _row(
    question: Question,
    sample: int,
    solver: LLM,
    instruction: str,
    completion: str | None = None,
    answer: str | None = None,
    verdict: Verdict | None = None,
    reason: str | None = None,
) -> Row:
    if verdict is not None and verdict.correct is None:
        reason = "undecided"
    return {
        "id": content_id(str(question["id"]), sample),
        "pair_id": question["id"],
        "sample": sample,
        "solver": f"{solver.name}: {instruction}",
        "completion": completion,
        "answer": answer,
        "verdict": verdict.correct if verdict else None,
        "decided_by": verdict.decided_by if verdict else None,
        "rationale": verdict.reason if verdict else None,
        "kept": reason is None,
        "reason": reason,
    }
