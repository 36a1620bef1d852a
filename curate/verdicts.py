"""The verdicts in `attempts`: given when a solution is sampled, and again once a verifier model is named."""

from __future__ import annotations

from typing import NamedTuple

from curate.models import ask_about
from gr_toolkit.console import Summary
from gr_toolkit.engine import Asked
from gr_toolkit.errors import ModelError, Unanswered
from gr_toolkit.settings import Settings
from gr_toolkit.store import Store
from gr_toolkit.store.table import REPLACED
from gr_toolkit.store.tables import AttemptRow, JudgedRow
from gr_toolkit.verify import Item, Verifier, extract_answer
from gr_toolkit.verify.cascade import reaches_model
from gr_toolkit.verify.verdict import BY_MODEL

UNDECIDED = "undecided"  # the reason of an attempt without a verdict


class Stored(NamedTuple):
    """A stored attempt, and its question; None if `judged` no longer has it."""

    row: AttemptRow
    question: JudgedRow | None


def verify_again(store: Store, settings: Settings, summary: Summary, verifier: Verifier) -> None:
    """Ask the verifier model about the stored attempts that the rules alone left undecided.

    Their shards are written again, and the shards of `dataset` made from them are set aside. Does nothing
    without a verifier model.
    """
    if verifier.llm is None:
        return
    shards = shards_to_verify_again(store)
    if not shards:
        return
    again, dataset = Summary(summary.step, table="attempts"), store.table("dataset")

    def set_dataset_aside(shard: str) -> None:
        if shard in dataset.shards():
            dataset.set_aside(shard, REPLACED)

    try:
        with dataset.writing():  # an export now would read the verdicts that are about to be replaced
            ask_about(
                store,
                settings,
                again,
                verifier.llm,
                items=lambda shard: stored(store, shard),
                ask=lambda attempt: _verified_again(attempt, verifier),
                name=lambda attempt: attempt.row["id"],
                shards=shards,
                before=set_dataset_aside,
            )
    finally:
        summary.pending += again.pending
        summary.first = again.first | summary.first
        summary.seconds += again.seconds
        summary.notes += [f"verified again: {again.rows} attempts in {again.shards} shards", *again.notes]


def shards_to_verify_again(store: Store) -> list[str]:
    """The shards with attempts that are undecided only because no verifier model was asked."""
    return [shard for shard in store.table("attempts").shards() if _awaits_model(store, shard)]


def stored(store: Store, shard: str) -> list[Stored]:
    """The attempts of a shard with their questions."""
    questions = {row["id"]: row for row in store.table("judged").rows(shard)}
    return [Stored(row, questions.get(row["pair_id"])) for row in store.table("attempts").rows(shard)]


def _awaits_model(store: Store, shard: str) -> bool:
    """Whether an attempt of the shard is undecided only because no verifier model was asked."""
    if UNDECIDED not in store.table("attempts").column(shard, "reason"):
        return False
    has_questions = shard in store.table("judged").shards()
    return has_questions and any(open_question(attempt) is not None for attempt in stored(store, shard))


def open_question(attempt: Stored) -> JudgedRow | None:
    """The question of an attempt that is undecided only because no verifier model was asked, else None."""
    row, question = attempt
    if row["reason"] != UNDECIDED or row["decided_by"] in BY_MODEL or question is None:
        return None
    return question if reaches_model(_item(row, question)) else None


async def _verified_again(attempt: Stored, verifier: Verifier) -> Asked[list[AttemptRow]]:
    question = open_question(attempt)
    if question is None:
        return Asked([attempt.row])
    row, unanswered = await verified(attempt.row, question, verifier)
    return Asked([row], unanswered)


async def verified(
    row: AttemptRow, question: JudgedRow, verifier: Verifier
) -> tuple[AttemptRow, Unanswered | None]:
    """The row of an attempt with the verdict on its completion, and the error if the verifier's model did not
    answer.
    """
    try:
        verdict = await verifier.verify(_item(row, question))
    except Unanswered as error:
        return failed(row, error), error
    failure = {"undecided": UNDECIDED, "failed": "failed: verifier"}.get(verdict.outcome)
    row = {**row, "verdict": verdict.correct, "decided_by": verdict.decided_by, "rationale": verdict.reason}
    return {**row, "kept": failure is None, "reason": failure}, None


def _item(row: AttemptRow, question: JudgedRow) -> Item:
    return Item(question["question"], question["answer"], extract_answer(row["completion"] or ""))


def failed(row: AttemptRow, error: ModelError) -> AttemptRow:
    """The row of an attempt for which the solver or the verifier gave no usable reply."""
    return {**row, "kept": False, "reason": error.reason}
