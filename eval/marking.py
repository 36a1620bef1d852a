"""Turns one question into one mark: the model answers, the verifier decides."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from eval.scoring import Mark
from gr_toolkit.engine import Asked, Rounds
from gr_toolkit.errors import RequestFailed, Unanswered
from gr_toolkit.llm import LLM, Message
from gr_toolkit.settings import EvalSettings
from gr_toolkit.store.questions import Question
from gr_toolkit.verify import Item, Verifier, extract_answer, solver_prompt


@dataclass(frozen=True)
class Exam:
    """The model under test, its sampling settings, and the verifier."""

    model: str  # a name accepted by settings.llm.model
    llm: LLM
    verifier: Verifier
    instruction: str
    sampling: EvalSettings
    rounds: Rounds
    state: Path  # where failures are counted

    def conditions(self) -> dict[str, object]:
        """Everything that a score depends on, except the benchmark."""
        return {
            "model": self.model,
            "instruction": self.instruction,
            "verifier": ", ".join(model.name for model in self.verifier.models) or "rules",
            "temperature": self.sampling.temperature,
            "max_tokens": self.sampling.max_tokens,
            "samples": self.sampling.samples,
        }


async def answer_and_mark(exam: Exam, question: Question, sample: int) -> Asked[Mark]:
    """Ask for one completion and mark it. The sample number is the seed, so a second run repeats the request.

    A request that fails, or that the model or the verifier does not answer, gives a mark with outcome
    "failed". Raises ServerUnusable and BudgetExceeded.
    """
    mark = Mark(question.id, question.question, question.answer, sample)
    try:
        asked = solver_prompt(question.question, exam.instruction)
        reply = await exam.llm.ask(
            [Message(role="user", content=asked)],
            temperature=exam.sampling.temperature,
            max_tokens=exam.sampling.max_tokens,
            seed=sample,
            partial=True,
        )
    except RequestFailed as error:
        return Asked(replace(mark, reason=str(error)))
    except Unanswered as error:
        return Asked(replace(mark, reason=str(error)), error)
    found = extract_answer(reply.text)
    mark = replace(
        mark,
        completion=reply.text,
        answer=found.answer if found else None,
        finish_reason=reply.finish_reason,
        output_tokens=reply.output_tokens,
        reasoning=reply.reasoning or None,
    )
    try:
        verdict = await exam.verifier.verify(Item(question.question, question.answer, found))
    except Unanswered as error:
        return Asked(replace(mark, decided_by="error", reason=str(error)), error)
    return Asked(replace(mark, correct=verdict.correct, decided_by=verdict.decided_by, reason=verdict.reason))
