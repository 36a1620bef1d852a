"""The questions of the table `dataset`: what a policy is trained on, and what a model is scored on."""

from __future__ import annotations

from typing import NamedTuple

from gr_toolkit.store.table import Store


class Question(NamedTuple):
    """A question with its reference answer."""

    id: str
    question: str
    answer: str


def questions_of_split(store: Store, split: str) -> list[Question]:
    """The kept rows of the split, shard by shard."""
    table = store.table("dataset")
    columns = [*Question._fields, "split", "kept"]
    rows = (row for shard in table.shards() for row in table.rows(shard, columns))
    return [
        Question(str(row["id"]), str(row["question"]), str(row["answer"]))
        for row in rows
        if row["kept"] and row["split"] == split
    ]
