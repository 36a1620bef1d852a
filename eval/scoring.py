"""Computes a score from marks. Pure functions: no requests, no files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from gr_toolkit.verify.verdict import Outcome, outcome_of

Z_95 = 1.959964  # quantile of the normal distribution for a 95 % interval
DECIDED: tuple[Outcome, ...] = ("correct", "wrong", "no answer")  # outcomes that count in the accuracy


@dataclass(frozen=True)
class Mark:
    """One completion of one question and its verdict: one line of BENCHMARK.jsonl."""

    id: str  # of the question
    question: str
    reference: str
    sample: int
    completion: str | None = None  # None: the request failed
    answer: str | None = None  # extracted from the completion
    correct: bool | None = None  # None: failed or undecided
    decided_by: str | None = None
    reason: str = ""
    finish_reason: str | None = None
    output_tokens: int = 0
    reasoning: str | None = None  # the model's thoughts, if the server returns them apart from the completion

    @property
    def outcome(self) -> Outcome:
        """The outcome; "failed" if there is no completion, or the verifier model could not be asked."""
        if self.completion is None:
            return "failed"
        return outcome_of(self.correct, self.decided_by)


@dataclass(frozen=True)
class Score:
    """The score of one model on one benchmark. Every completion is counted once in the five counts."""

    n: int  # questions
    accuracy: float | None  # correct / (correct + wrong + no_answer); None if no completion was decided
    low: float  # limits of the accuracy's 95 % interval; its trials are the questions
    high: float
    correct: int
    wrong: int
    no_answer: int
    undecided: int
    failed: int
    truncated: int  # completions cut off at the token limit, of any outcome
    mean_output_tokens: float | None  # over completions whose request succeeded

    @property
    def completions(self) -> int:
        """The number of requested completions, including failed ones."""
        return self.correct + self.wrong + self.no_answer + self.undecided + self.failed


def score(marks: Sequence[Mark]) -> Score:
    """Count the outcomes. Undecided and failed completions are counted, but left out of the accuracy.

    The interval treats each question as one trial, whatever its number of samples, because samples of one
    question say little about other questions.
    """
    outcomes = Counter(mark.outcome for mark in marks)
    decided = sum(outcomes[name] for name in DECIDED)
    accuracy = outcomes["correct"] / decided if decided else None
    decided_questions = len({mark.id for mark in marks if mark.outcome in DECIDED})
    low, high = wilson_interval((accuracy or 0.0) * decided_questions, decided_questions)
    tokens = [mark.output_tokens for mark in marks if mark.completion is not None]
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
    """The score in one line, such as `accuracy 25.0 % [12.0, 44.9] (24 questions; 3 truncated)`."""
    beside = [f"{score.n} questions"]
    for name, count in (("undecided", score.undecided), ("failed", score.failed)):
        if count:
            beside.append(f"{count} {name}, {100 * count / score.completions:.1f} % of all, not counted")
    if score.truncated:
        beside.append(f"{score.truncated} truncated")
    if score.accuracy is None:
        return f"accuracy unknown: no completion could be decided ({'; '.join(beside)})"
    accuracy, low, high = (100 * share for share in (score.accuracy, score.low, score.high))
    return f"accuracy {accuracy:.1f} % [{low:.1f}, {high:.1f}] ({'; '.join(beside)})"
