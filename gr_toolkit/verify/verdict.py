"""The item to judge, and the verdict on it."""

from __future__ import annotations

from typing import Literal, NamedTuple

from gr_toolkit.verify.reading.extraction import Extraction

BY_MODEL = ("model", "second model", "flagged")  # `decided_by` of a verdict for which a model was asked
Outcome = Literal["correct", "wrong", "no answer", "undecided", "failed"]


class Item(NamedTuple):
    """One answer to judge; `answer` is None if the completion states no answer.

    An Extraction is judged as it is. A string may be a whole completion, so the answer is extracted from it.
    """

    question: str
    reference: str
    answer: str | Extraction | None

    @property
    def text(self) -> str:
        """The answer or the completion; empty if `answer` is None."""
        return self.answer.answer if isinstance(self.answer, Extraction) else self.answer or ""


class Verdict(NamedTuple):
    """Whether an answer is correct, which stage decided, its confidence, and the reason.

    `correct` is None if no stage could decide; an undecided answer never counts as wrong.
    `confidence` is the probability that the verdict holds, or None if unknown.
    """

    correct: bool | None
    decided_by: str
    confidence: float | None
    reason: str

    @property
    def outcome(self) -> Outcome:
        """The verdict as one word; see `outcome_of`."""
        return outcome_of(self.correct, self.decided_by)


def outcome_of(correct: bool | None, decided_by: str | None) -> Outcome:
    """The outcome of a verdict with these fields. "failed" means that the request to the model failed."""
    if correct is None:
        return "failed" if decided_by == "error" else "undecided"
    if decided_by == "no answer":
        return "no answer"
    return "correct" if correct else "wrong"
