"""Turns one question into one mark: the model answers, the verifier decides."""

from __future__ import annotations

from dataclasses import dataclass, replace

from eval.scoring import Mark
from gr_toolkit.errors import RequestFailed
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


async def answer_and_mark(exam: Exam, question: Question, sample: int) -> Mark:
    """Ask for one completion and mark it. The sample number is the seed, so a second run repeats the request.

    Raises ServerUnusable and BudgetExceeded. A single failed request returns a mark with outcome "failed".
    """
    mark = Mark(question.id, question.question, question.answer, sample)
    try:
        asked = solver_prompt(question.question, exam.instruction)
        reply = await exam.llm.ask(
            [Message(role="user", content=asked)],
            temperature=exam.sampling.temperature,
            max_tokens=exam.sampling.max_tokens,
            seed=sample,
        )
    except RequestFailed as error:
        return replace(mark, reason=str(error))
    found = extract_answer(reply.text)
    verdict = await exam.verifier.verify(Item(question.question, question.answer, found))
    if exam.verifier.failure:
        raise exam.verifier.failure
    return replace(
        mark,
        completion=reply.text,
        answer=found.answer if found else None,
        correct=verdict.correct,
        decided_by=verdict.decided_by,
        reason=verdict.reason,
        finish_reason=reply.finish_reason,
        output_tokens=reply.output_tokens,
    )
