"""Verdicts as rewards, in the form that TRL expects."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from gr_toolkit.verify.cascade import Verifier
from gr_toolkit.verify.verdict import Item

Completion = str | list[dict[str, str]]


async def answer_reward(
    completions: Sequence[Completion],
    question: Sequence[str],
    answer: Sequence[str],
    verifier: Verifier | None = None,
    **_: object,
) -> list[float | None]:
    """Return a reward for each completion: 1.0 if correct, 0.0 if wrong, None if undecided.

    A completion that states no answer is wrong. `question` and `answer` (the reference) are columns of the
    dataset. TRL leaves a completion with reward None out of its group. Without a `verifier`, only the rules
    and symbolic mathematics decide. Raises the errors of `Verifier.verify_many`.
    """
    verifier = verifier or Verifier()
    texts = map(text_of, completions)
    items = [Item(*one) for one in zip(question, answer, texts, strict=True)]
    verdicts = await asyncio.to_thread(verifier.run, verifier.verify_many(items))
    return [None if verdict.correct is None else float(verdict.correct) for verdict in verdicts]


def text_of(completion: Completion) -> str:
    """The text of a completion. TRL passes a list of messages if the prompt was a list of messages."""
    return completion if isinstance(completion, str) else completion[-1]["content"]
