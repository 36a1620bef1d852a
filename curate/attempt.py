"""judged -> attempts: sampled solutions of each question, each verified against its answer."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

from console import Advance, Summary
from engine import run_here
from errors import RequestFailed
from llm import LLM, Message, connect
from settings import Settings
from store import Store, content_id
from store.table import Row
from verify import Item, Verdict, Verifier, extract_answer, solver_prompt

TEMPERATURE = 1.0  # of the solver: the pass rate is only telling if the samples differ
Question = dict[str, object]


def attempt(store: Store, settings: Settings) -> Summary:
    """Fill `attempts` with `curate.samples` solutions of each question judged verifiable."""
    with (
        connect(settings.llm, "solver", store.state) as solver,
        _verifier_model(settings, store, solver) as checker,
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

        summary = run_here(store, "curate attempt", "attempts", one_shard)
        solver.usage.add_to(summary)
        if checker is not None:
            checker.usage.add_to(summary)
    return summary


@contextlib.contextmanager
def _verifier_model(settings: Settings, store: Store, solver: LLM) -> Iterator[LLM | None]:
    """The verifier model, on the solver's budget; None where the rules decide alone."""
    if not settings.verify.model:
        yield None
        return
    with connect(settings.llm, "verifier", store.state, solver.budget) as llm:
        yield llm


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
