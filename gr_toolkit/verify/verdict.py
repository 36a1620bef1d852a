"""The item to judge, and the verdict on it."""

from __future__ import annotations

from typing import Literal, NamedTuple

from gr_toolkit.verify.reading.extraction import Extraction

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

    `correct` is None if no stage could decide; undecided never counts as wrong. `confidence` is the
    probability that the verdict holds, or None if unknown.
    """

    correct: bool | None
    decided_by: str
    confidence: float | None
    reason: str

    @property
    def outcome(self) -> Outcome:
        """The verdict as one word. "failed": the verifier model could not be asked."""
        if self.correct is None:
            return "failed" if self.decided_by == "error" else "undecided"
        if self.decided_by == "no answer":
            return "no answer"
        return "correct" if self.correct else "wrong"
