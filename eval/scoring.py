"""From marked completions to a score. Pure: no model is asked and nothing is read or written here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

Z_95 = 1.959964  # the normal quantile of a 95 % interval
DECIDED = ("correct", "wrong", "no answer")


@dataclass(frozen=True)
class Mark:
    """One completion of one question, and what the verifier said. Line for line in BENCHMARK.jsonl."""

    id: str  # of the question
    question: str
    reference: str
    sample: int
    completion: str | None = None  # None: the request failed
    answer: str | None = None  # as extracted from the completion
    correct: bool | None = None  # None: failed or undecided
    decided_by: str | None = None
    reason: str = ""
    finish_reason: str | None = None
    output_tokens: int = 0

    @property
    def outcome(self) -> str:
        """One of correct, wrong, no answer, undecided, failed."""
        if self.completion is None:
            return "failed"
        if self.correct is None:
            return "undecided"
        if self.decided_by == "no answer":
            return "no answer"
        return "correct" if self.correct else "wrong"


@dataclass(frozen=True)
class Score:
    """The score of one model on one benchmark. Every completion is in one of the five counts."""

    n: int  # questions
    accuracy: float | None  # correct / (correct + wrong + no_answer); None if nothing could be decided
    low: float  # the 95 % interval of the accuracy, over questions
    high: float
    correct: int
    wrong: int
    no_answer: int
    undecided: int
    failed: int
    truncated: int  # completions cut off at the token limit, whatever their outcome
    mean_output_tokens: float | None  # of the completions that did not fail

    @property
    def completions(self) -> int:
        """Every completion asked for, the failed ones too."""
        return self.correct + self.wrong + self.no_answer + self.undecided + self.failed


def score(marks: Sequence[Mark]) -> Score:
    """Count the outcomes. What is undecided or failed is left out of the accuracy, and counted beside it.

    The interval takes every question as one trial, however often it was sampled: samples of one question
    say little about other questions.
    """
    outcomes = Counter(mark.outcome for mark in marks)
    decided = sum(outcomes[name] for name in DECIDED)
    accuracy = outcomes["correct"] / decided if decided else None
    decided_questions = len({mark.id for mark in marks if mark.outcome in DECIDED})
    low, high = wilson_interval((accuracy or 0.0) * decided_questions, decided_questions)
    tokens = [mark.output_tokens for mark in marks if mark.outcome != "failed"]
    return Score(
        n=len({mark.id for mark in marks}),
        accuracy=accuracy,
        low=low,
        high=high,
        correct=outcomes["correct"],
        wrong=outcomes["wrong"],
        no_answer=outcomes["no answer"],
        undecided=outcomes["undecided"],
        failed=outcomes["failed"],
        truncated=sum(mark.finish_reason == "length" for mark in marks),
        mean_output_tokens=sum(tokens) / len(tokens) if tokens else None,
    )


def wilson_interval(successes: float, trials: int) -> tuple[float, float]:
    """The 95 % score interval of a proportion (Wilson, 1927); (0, 1) without trials."""
    if trials == 0:
        return 0.0, 1.0
    share, spread = successes / trials, Z_95**2 / trials
    centre = share + spread / 2
    half = Z_95 * sqrt((share * (1 - share) + spread / 4) / trials)
    return max(0.0, (centre - half) / (1 + spread)), min(1.0, (centre + half) / (1 + spread))


def describe_score(score: Score) -> str:
    """`accuracy 25.0 % [12.0, 44.9] (24 questions, 3 truncated)`: what a person reads first."""
    beside = [f"{score.n} questions"]
    for name, count in (("undecided", score.undecided), ("failed", score.failed)):
        if count:
            beside.append(f"{count} {name}, {100 * count / score.completions:.1f} % of all, not counted")
    if score.truncated:
        beside.append(f"{score.truncated} truncated")
    if score.accuracy is None:
        return f"accuracy unknown: nothing could be decided ({', '.join(beside)})"
    accuracy, low, high = (100 * share for share in (score.accuracy, score.low, score.high))
    return f"accuracy {accuracy:.1f} % [{low:.1f}, {high:.1f}] ({', '.join(beside)})"
