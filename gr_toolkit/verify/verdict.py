"""What is judged, and what the cascade answers."""

from __future__ import annotations

from typing import NamedTuple

from gr_toolkit.verify.reading.extraction import Extraction


class Item(NamedTuple):
    """One answer to judge; answer is None where the completion states none.

    An Extraction is judged as it is; in a text, which may be a whole completion, the answer is looked for.
    """

    question: str
    reference: str
    answer: str | Extraction | None

    @property
    def text(self) -> str:
        """The answer or the completion; empty where there is none."""
        return self.answer.answer if isinstance(self.answer, Extraction) else self.answer or ""


class Verdict(NamedTuple):
    """Whether an answer is right, who decided, how sure (the probability that it is so) and why.

    correct is None where nobody could decide, which is never the same as wrong.
    """

    correct: bool | None
    decided_by: str
    confidence: float | None
    reason: str
