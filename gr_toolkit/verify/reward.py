"""Verdicts as rewards, in the form in which TRL asks for them."""

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
    """1.0 for a correct answer, 0.0 for a wrong one or none, None if it is undecided; in order.

    `question` and `answer` (the reference) are columns of the data set. TRL leaves a None out of its group.
    Without a `verifier` the rules and symbolic mathematics decide alone. Raises what
    `Verifier.verify_many` raises.
    """
    verifier = verifier or Verifier()
    texts = map(text_of, completions)
    items = [Item(*one) for one in zip(question, answer, texts, strict=True)]
    verdicts = await asyncio.to_thread(verifier.run, verifier.verify_many(items))
    return [None if verdict.correct is None else float(verdict.correct) for verdict in verdicts]


def text_of(completion: Completion) -> str:
    """What was written; TRL gives it as a message where the prompt was one."""
    return completion if isinstance(completion, str) else completion[-1]["content"]
