"""judged -> attempts: sampled solutions of each question, each verified against its answer."""

from __future__ import annotations

import asyncio
from contextlib import AbstractContextManager, nullcontext

from console import Advance, Summary
from curate.models import model_for
from engine import run_here
from errors import RequestFailed
from llm import LLM, Message
from settings import Settings
from store import Store, content_id
from store.table import Row
from verify import Item, Verdict, Verifier, extract_answer, solver_prompt

TEMPERATURE = 1.0  # of the solver: the pass rate is only telling if the samples differ
Question = dict[str, object]


def attempt(store: Store, settings: Settings, summary: Summary) -> None:
    """Fill `attempts` with `curate.samples` solutions of each question judged verifiable."""
    with (
        model_for("solver", store, settings, summary) as solver,
        _verifier_model(store, settings, summary, solver) as checker,
    ):
        verifier = Verifier(checker)

        async def all_samples(question: Question) -> list[Row]:
            samples = range(settings.curate.samples if question["kept"] else 0)
            return list(await asyncio.gather(*(one(question, number) for number in samples)))

        async def one(question: Question, sample: int) -> Row:
            return await sample_solution(question, sample, solver, settings.instruction, verifier)

        def one_shard(shard: str, advance: Advance) -> list[Row]:
            questions = store.table("judged").rows(shard)
            return [row for rows in solver.map(all_samples, questions, advance) for row in rows]

        run_here(store, summary, one_shard)


def _verifier_model(
    store: Store, settings: Settings, summary: Summary, solver: LLM
) -> AbstractContextManager[LLM | None]:
    """The verifier model, on the solver's budget; None where the rules decide alone."""
    if not settings.verify.model:
        return nullcontext()
    return model_for("verifier", store, settings, summary, solver.budget)


async def sample_solution(
    question: Question, sample: int, solver: LLM, instruction: str, verifier: Verifier
) -> Row:
    """One solution and its verdict. The sample number is the seed, so that each is asked for once."""
    asked, reference = str(question["question"]), str(question["answer"])
    try:
        message = Message(role="user", content=solver_prompt(asked, instruction))
        reply = await solver.ask([message], temperature=TEMPERATURE, seed=sample)
    except RequestFailed as error:
        return _row(question, sample, solver, instruction, reason=error.reason)
    answer = extract_answer(reply.text)
    (verdict,) = await verifier.verify_many([Item(asked, reference, answer)])
    return _row(question, sample, solver, instruction, reply.text, answer, verdict)


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
