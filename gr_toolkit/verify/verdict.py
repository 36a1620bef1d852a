"""The item to judge, and the verdict on it."""

from __future__ import annotations

from typing import Literal, NamedTuple

from gr_toolkit.verify.extraction.extraction import Extraction

BY_MODEL = ("model", "second model", "decoy")  # `decided_by` of a verdict for which a model was asked
Protocol = Literal["paper"]
Outcome = Literal["correct", "wrong", "no answer", "undecided", "failed"]


class Item(NamedTuple):
    """One answer to judge; `answer` is None if the completion states no answer.

    An Extraction is judged as it is. A string may be a whole completion, so the answer is extracted from it.
    """

    question: str
    reference: str
    answer: str | Extraction | None
    answer_type: str | None = None  # the type of the reference, such as "Integer"; see docs/verify.md
    options: tuple[str, ...] = ()  # the texts of options A, B, ..., if the question does not list them
    tolerance: float | None = None  # largest relative difference from the reference of an equal number
    thinking: bool = False  # whether the prompt's template opened a thought, as DeepSeek-R1's does

    @property
    def text(self) -> str:
        """The answer or the completion; empty if `answer` is None."""
        return self.answer.answer if isinstance(self.answer, Extraction) else self.answer or ""


def question_of(item: Item) -> str:
    """The question with the item's options, if any, in lines such as "A. Paris"."""
    lines = [f"{chr(ord('A') + place)}. {option}" for place, option in enumerate(item.options)]
    return "\n".join([item.question, *lines])


class Verdict(NamedTuple):
    """Whether an answer is correct, which stage decided, its confidence, and the reason.

    `correct` is None if no stage could decide; an undecided answer never counts as wrong.
    `confidence` is the model's probability that its verdict holds, or None if it was not measured.
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
