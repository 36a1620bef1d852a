"""judged -> attempts: sampled solutions of each question, each verified against the reference answer."""

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
from gr_toolkit.store.tables import AttemptRow, JudgedRow
from gr_toolkit.verify import Item, Verdict, Verifier, extract_answer, open_verifier, solver_prompt

TEMPERATURE = 1.0  # of the solver; above 0, because a pass rate needs samples that differ


def attempt(store: Store, settings: Settings, summary: Summary) -> None:
    """Fill `attempts` with `curate.samples` solutions of each question judged verifiable."""
    with (
        model_for("solver", store, settings, summary) as solver,
        _verifier(settings, summary, solver) as verifier,
    ):

        async def attempts_at(question: JudgedRow) -> list[AttemptRow]:
            samples = range(settings.curate.samples if question["kept"] else 0)
            return await asyncio.gather(
                *(
                    sample_solution(question, sample, solver, settings.instruction, verifier)
                    for sample in samples
                )
            )

        def attempt_shard(shard: str, advance: Advance) -> list[AttemptRow]:
            questions = store.table("judged").rows(shard)
            return [row for rows in solver.map(attempts_at, questions, advance) for row in rows]

        run_here(store, summary, attempt_shard)


@contextmanager
def _verifier(settings: Settings, summary: Summary, solver: LLM) -> Iterator[Verifier]:
    """Open a verifier that shares the solver's budget. On exit, add its models' usage to the summary."""
    with open_verifier(settings, solver.budget) as verifier:
        try:
            yield verifier
        finally:
            for model in verifier.models:
                model.usage.add_to(summary)


async def sample_solution(
    question: JudgedRow, sample: int, solver: LLM, instruction: str, verifier: Verifier
) -> AttemptRow:
    """The row of one solution and its verdict. The sample number is the seed: a second run reads the cache.

    Raises ServerUnusable if the solver's or the verifier's server fails: a pass rate needs every verdict.
    """
    try:
        message = Message(role="user", content=solver_prompt(question["question"], instruction))
        reply = await solver.ask([message], temperature=TEMPERATURE, seed=sample)
    except RequestFailed as error:
        return _row(question, sample, solver, instruction, reason=error.reason)
    found = extract_answer(reply.text)
    verdict = await verifier.verify(Item(question["question"], question["answer"], found))
    if verifier.failure:
        raise verifier.failure
    return _row(question, sample, solver, instruction, reply.text, found.answer if found else None, verdict)


def _row(
    question: JudgedRow,
    sample: int,
    solver: LLM,
    instruction: str,
    completion: str | None = None,
    answer: str | None = None,
    verdict: Verdict | None = None,
    reason: str | None = None,
) -> AttemptRow:
    if verdict is not None and verdict.correct is None:
        reason = "undecided"
    return {
        "id": content_id(question["id"], sample),
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
