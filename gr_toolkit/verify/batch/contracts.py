"""The requests and responses of trainers that have a contract of their own: OpenRLHF and NeMo Gym."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TypeGuard

from gr_toolkit.verify.batch.rows import ANSWER, OPTIONAL, Line, Pair, Unreadable, read_pair
from gr_toolkit.verify.extraction.thoughts import opens_thought
from gr_toolkit.verify.verdict import Item


def read_openrlhf(content: object) -> list[Pair]:
    """Return the pairs in a body {"query": texts, "prompts": texts, "labels": references}. Raises Unreadable.

    A query is a prompt with its completion. The prompt is judged as the question. If the prompt ends
    inside a thought, the completion begins with one.
    """
    if not isinstance(content, Mapping):
        raise Unreadable("the body is not an object")
    queries, prompts, labels = (_texts(content, name) for name in ("query", "prompts", "labels"))
    if not len(queries) == len(prompts) == len(labels):
        raise Unreadable("query, prompts and labels have different lengths")
    return [
        Pair(number, Item(prompt, label, _completion(query, prompt), thinking=opens_thought(prompt)))
        for number, (query, prompt, label) in enumerate(zip(queries, prompts, labels, strict=True), 1)
    ]


def openrlhf_reply(lines: Sequence[Line], undecided: float) -> dict[str, object]:
    """Return the rewards, and what OpenRLHF logs beside them."""
    rewards = [reward_of(line, undecided) for line in lines]
    logged = {"undecided": [float(line.correct is None) for line in lines]}
    return {"rewards": rewards, "scores": rewards, "extra_logs": logged}


def is_nemo_gym(content: object) -> TypeGuard[Mapping[str, object]]:
    """Whether a body posted to /verify is one of NeMo Gym's, and not a pair with a field `response`."""
    if not isinstance(content, Mapping) or "response" not in content:
        return False
    return isinstance(content["response"], Mapping) or not any(name in content for name in ANSWER)


def read_nemo_gym(content: Mapping[str, object]) -> Pair:
    """Return the pair in a body of NeMo Gym. Its response has OpenAI's form: messages with parts of text.

    A response without a message, such as one that only calls tools, is an empty answer. Raises Unreadable.
    """
    response = content["response"]
    output = response.get("output") if isinstance(response, Mapping) else None
    if not isinstance(output, Sequence) or isinstance(output, str):
        raise Unreadable("response has no list output")
    messages = [item for item in output if isinstance(item, Mapping) and item.get("type") == "message"]
    row = {name: content[name] for name in (*OPTIONAL, "expected_answer") if name in content}
    pair = read_pair({**row, "answer": messages or ""}, 1)
    if pair.item is None:
        raise Unreadable(pair.problem)
    return pair


def nemo_gym_reply(content: Mapping[str, object], line: Line, undecided: float) -> dict[str, object]:
    """Return the body with the reward."""
    return {**content, "reward": reward_of(line, undecided)}


def reward_of(line: Line, undecided: float) -> float:
    """Return 1 if correct, 0 if wrong, `undecided` if undecided."""
    return undecided if line.correct is None else float(line.correct)


def _completion(query: str, prompt: str) -> str:
    """The completion in a query that begins with its prompt, perhaps after the tokens of a chat template."""
    _, found, completion = query.partition(prompt) if prompt else ("", "", query)
    return completion if found else query


def _texts(content: Mapping[str, object], name: str) -> list[str]:
    values = content.get(name)
    if not isinstance(values, list):
        raise Unreadable(f"no list {name}")
    texts = [str(value) if _is_number(value) else value for value in values]
    if not all(isinstance(text, str) for text in texts):
        raise Unreadable(f"{name} has an entry that is not a text")
    return texts


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
