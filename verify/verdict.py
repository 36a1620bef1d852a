"""What the cascade answers."""

from __future__ import annotations

from typing import NamedTuple


class Verdict(NamedTuple):
    """Whether an answer is right, who decided and why. correct is None where nobody could decide."""

    correct: bool | None
    decided_by: str
    reason: str
    confidence: float | None = None
