"""The questions that a policy is trained on, as the prompts that it is given."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import count, islice
from typing import TYPE_CHECKING

from gr_toolkit.errors import GrError
from gr_toolkit.store import Store, content_id
from gr_toolkit.store.questions import Question, questions_of_split
from gr_toolkit.store.table import Row
from gr_toolkit.verify import solver_prompt

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import PreTrainedTokenizerBase

Prompt = str | list[dict[str, str]]


def train_questions(store: Store) -> list[Question]:
    """The kept rows of the train split, shard by shard. Raises GrError if there is none."""
    questions = questions_of_split(store, "train")
    if not questions:
        raise GrError(
            f"no question to train on: {store.table('dataset').folder.url} has no kept row with split train. "
            "Run: gr curate export"
        )
    return questions


def fingerprint(questions: Sequence[Question]) -> str:
    """The same for the same questions in the same order, on every machine."""
    return content_id(*(part for question in questions for part in question))


def prompt(question: str, instruction: str, tokenizer: PreTrainedTokenizerBase) -> Prompt:
    """What the policy is asked: a message if the tokenizer has a chat template, else plain text."""
    text = solver_prompt(question, instruction)
    return [{"role": "user", "content": text}] if tokenizer.chat_template else text


def prompt_tokens(prompt: Prompt, tokenizer: PreTrainedTokenizerBase) -> int:
    """How many tokens the policy is given."""
    if isinstance(prompt, str):
        return len(tokenizer.encode(prompt))
    return len(tokenizer.apply_chat_template(prompt, add_generation_prompt=True, return_dict=False))


def with_prompts(
    questions: Sequence[Question], instruction: str, tokenizer: PreTrainedTokenizerBase, max_tokens: int
) -> list[Row]:
    """Rows of prompt, id, question and answer; a question whose prompt is longer is left out.

    Raises GrError if none is left. TRL itself neither cuts nor drops a prompt.
    """
    prompts = [prompt(each.question, instruction, tokenizer) for each in questions]
    rows: list[Row] = [
        {"prompt": given, **each._asdict()}
        for given, each in zip(prompts, questions, strict=True)
        if prompt_tokens(given, tokenizer) <= max_tokens
    ]
    if not rows:
        raise GrError(f"every prompt is longer than train.max_prompt_tokens = {max_tokens}: raise it")
    return rows


def in_training_order(rows: Sequence[Row], needed: int, seed: int) -> Dataset:
    """`needed` rows, one after another as training takes them: all, shuffled anew on every pass.

    A longer run begins with a shorter one's order, so a run can be resumed or prolonged at any step.
    (TRL's own shuffling starts over when a run is resumed after its first pass.)
    """
    from datasets import Dataset

    return Dataset.from_list([dict(row) for row in rows]).select(
        list(islice(_passes(len(rows), seed), needed))
    )


def _passes(size: int, seed: int) -> Iterator[int]:
    for number in count():
        yield from random.Random(f"{seed}/{number}").sample(range(size), size)
