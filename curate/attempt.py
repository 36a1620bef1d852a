"""judged -> attempts: sampled solutions of each question, each verified against the reference answer."""

from __future__ import annotations

from curate.models import all_of, ask_about, model_for
from curate.verdicts import UNDECIDED, failed, verified, verify_again
from gr_toolkit.console import Summary
from gr_toolkit.engine import Asked
from gr_toolkit.errors import RequestFailed, Unanswered
from gr_toolkit.llm import LLM, Message
from gr_toolkit.llm.usage import metered
from gr_toolkit.settings import Settings
from gr_toolkit.store import Store, content_id
from gr_toolkit.store.tables import AttemptRow, JudgedRow
from gr_toolkit.verify import Verifier, extract_answer, open_verifier, solver_prompt


def attempt(store: Store, settings: Settings, summary: Summary) -> None:
    """Fill `attempts` with `curate.samples` solutions of each question judged verifiable.

    With a verifier model, first verify the stored attempts again that the rules alone left undecided.
    """
    with (
        model_for("solver", store, settings, summary) as solver,
        open_verifier(settings) as verifier,
        metered(summary, [model.usage for model in verifier.models]),
    ):
        verify_again(store, settings, summary, verifier)
        ask_about(
            store,
            settings,
            summary,
            solver,
            items=store.table("judged").rows,
            ask=lambda question: attempts_at(question, solver, settings, verifier),
            name=lambda question: question["id"],
        )


async def attempts_at(
    question: JudgedRow, solver: LLM, settings: Settings, verifier: Verifier
) -> Asked[list[AttemptRow]]:
    """The rows of all samples of a question; none if the question is not verifiable."""
    samples = range(settings.curate.samples if question["kept"] else 0)
    attempts = await all_of(
        sample_solution(question, sample, solver, settings.instruction, verifier) for sample in samples
    )
    unanswered = next((failure for _, failure in attempts if failure), None)
    return Asked([row for row, _ in attempts], unanswered)


async def sample_solution(
    question: JudgedRow, sample: int, solver: LLM, instruction: str, verifier: Verifier
) -> tuple[AttemptRow, Unanswered | None]:
    """The row of one solution and its verdict, and the error if the solver or the verifier did not answer.

    The sample number, added to the setting `seed`, is the seed, so that a second run reads the cache.
    """
    row = _row(question, sample, solver, instruction)
    try:
        message = Message(role="user", content=solver_prompt(question["question"], instruction))
        reply = await solver.ask([message], seed=sample)
    except RequestFailed as error:
        return failed(row, error), None
    except Unanswered as error:
        return failed(row, error), error
    found = extract_answer(reply.text)
    row = {
        **row,
        "completion": reply.text,
        "answer": found.answer if found else None,
        "reasoning": reply.reasoning or None,
        "finish_reason": reply.finish_reason,
        "output_tokens": reply.output_tokens,
    }
    return await verified(row, question, verifier)


def _row(question: JudgedRow, sample: int, solver: LLM, instruction: str) -> AttemptRow:
    """The row of a sample before the solver replies."""
    return {
        "id": content_id(question["id"], sample),
        "pair_id": question["id"],
        "sample": sample,
        "solver": f"{solver.name}: {instruction}",
        "completion": None,
        "answer": None,
        "reasoning": None,
        "finish_reason": None,
        "output_tokens": None,
        "verdict": None,
        "decided_by": None,
        "rationale": None,
        "kept": False,
        "reason": UNDECIDED,
    }
