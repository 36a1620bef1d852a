"""Turns the questions of the train split into prompts for the policy."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import count, islice
from typing import TYPE_CHECKING, TypedDict

from gr_toolkit.errors import GrError
from gr_toolkit.store import Store, content_id
from gr_toolkit.store.questions import Question, questions_of_split
from gr_toolkit.verify import solver_prompt

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import PreTrainedTokenizerBase

Prompt = str | list[dict[str, str]]


class TrainingRow(TypedDict):
    """A row of the data set given to TRL."""

    prompt: Prompt
    id: str
    question: str
    answer: str  # the reference answer


def train_questions(store: Store) -> list[Question]:
    """The kept rows of the train split, shard by shard. Raises GrError if there are none."""
    questions = questions_of_split(store, "train")
    if not questions:
        raise GrError(
            f"no questions to train on: {store.table('dataset').folder.url} has no kept row with split "
            "train. Run: gr curate export"
        )
    return questions


def fingerprint(questions: Sequence[Question]) -> str:
    """A hash of the questions in order, equal on every machine."""
    return content_id(*(part for question in questions for part in question))


def prompt(question: str, instruction: str, tokenizer: PreTrainedTokenizerBase) -> Prompt:
    """The policy's prompt: a chat message if the tokenizer has a chat template, else plain text."""
    text = solver_prompt(question, instruction)
    return [{"role": "user", "content": text}] if tokenizer.chat_template else text


def prompt_tokens(prompt: Prompt, tokenizer: PreTrainedTokenizerBase) -> int:
    """The length of a prompt in tokens, including the chat template."""
    if isinstance(prompt, str):
        return len(tokenizer.encode(prompt))
    return len(tokenizer.apply_chat_template(prompt, add_generation_prompt=True, return_dict=False))


def with_prompts(
    questions: Sequence[Question], instruction: str, tokenizer: PreTrainedTokenizerBase, max_tokens: int
) -> list[TrainingRow]:
    """The questions with their prompts. Questions with a prompt of over `max_tokens` tokens are left out.

    Raises GrError if no question remains. TRL itself neither truncates nor drops long prompts.
    """
    prompts = [prompt(each.question, instruction, tokenizer) for each in questions]
    rows: list[TrainingRow] = [
        {"prompt": given, "id": each.id, "question": each.question, "answer": each.answer}
        for given, each in zip(prompts, questions, strict=True)
        if prompt_tokens(given, tokenizer) <= max_tokens
    ]
    if not rows:
        raise GrError(f"every prompt is longer than train.max_prompt_tokens = {max_tokens}; increase it")
    return rows


def in_training_order(rows: Sequence[TrainingRow], needed: int, seed: int) -> Dataset:
    """A data set of `needed` rows in training order. Every epoch is a new shuffle of all rows.

    A longer run begins with the order of a shorter run, so a run can be resumed or extended at any step.
    TRL's own shuffling restarts if a run is resumed after its first epoch.
    """
    from datasets import Dataset

    return Dataset.from_list([dict(row) for row in rows]).select(
        list(islice(_epochs(len(rows), seed), needed))
    )


def _epochs(size: int, seed: int) -> Iterator[int]:
    for number in count():
        yield from random.Random(f"{seed}/{number}").sample(range(size), size)
