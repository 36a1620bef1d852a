"""What is judged, and what the cascade answers."""

from __future__ import annotations

from typing import NamedTuple


class Item(NamedTuple):
    """One answer to judge; answer is None where the completion states none."""

    question: str
    reference: str
    answer: str | None


class Verdict(NamedTuple):
    """Whether an answer is right, who decided, how sure (the probability that it is so) and why.

    correct is None where nobody could decide, which is never the same as wrong.
    """

    correct: bool | None
    decided_by: str
    confidence: float | None
    reason: str
