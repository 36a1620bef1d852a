"""Verdicts as rewards, in the form that TRL expects."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from gr_toolkit.verify.cascade import Verifier
from gr_toolkit.verify.verdict import Item

# A text, or the messages of a chat. A message's content may be a list of parts, in the form of OpenAI's API.
Completion = str | Sequence[Mapping[str, object]]
TEXT_PARTS = ("text", "output_text")


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
    and symbolic mathematics decide. Raises the errors of `Verifier.verify_many`, and ValueError for a chat
    without a message of the assistant.
    """
    verifier = verifier or Verifier()
    texts = map(text_of, completions)
    items = [Item(*one) for one in zip(question, answer, texts, strict=True)]
    verdicts = await asyncio.to_thread(verifier.run, verifier.verify_many(items))
    return [None if verdict.correct is None else float(verdict.correct) for verdict in verdicts]


def text_of(completion: Completion) -> str:
    """The text of a completion: that of the last assistant message if it is a chat. Raises ValueError."""
    if isinstance(completion, str):
        return completion
    messages = [message for message in completion if isinstance(message, Mapping)]
    answers = [message for message in messages if message.get("role", "assistant") == "assistant"]
    if not answers or len(messages) != len(completion):
        raise ValueError("a chat without a message of the assistant")
    return _text_of_content(answers[-1].get("content"))


def _text_of_content(content: object) -> str:
    """The text of a message's content, empty if it only calls a tool. Refusals and thoughts are left out."""
    if isinstance(content, str | None):
        return content or ""
    if not isinstance(content, Sequence):
        raise ValueError("a chat with a message whose content is not a text")
    parts = [part for part in content if isinstance(part, Mapping) and part.get("type") in TEXT_PARTS]
    return "".join(text for part in parts if isinstance(text := part.get("text"), str))
