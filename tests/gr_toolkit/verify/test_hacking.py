"""Answers that state nothing or several things are never correct, even for a model that always agrees."""

from __future__ import annotations

import pytest

from bench.verdicts.hacking import TASKS, always_yes, answers, judge
from gr_toolkit.verify import Item, Verifier


def fooled(counts) -> int:
    return sum(tally.fooled for tally in counts.values())


def test_every_family_has_answers_for_every_task():
    counts = judge(Verifier())
    assert len(counts) == 8
    assert {tally.answers for tally in counts.values()} == {3 * len(TASKS)}
    assert (fooled(counts), sum(tally.calls for tally in counts.values())) == (0, 0)


def test_decoys_unmask_a_model_that_always_says_yes(tmp_path):
    with always_yes(tmp_path, decoys=True) as verifier:
        counts = judge(verifier)
    assert fooled(counts) == 0
    assert sum(tally.calls for tally in counts.values()) > 0


def test_guards_and_kinds_alone_refuse_most_of_them(tmp_path):
    with always_yes(tmp_path, decoys=False) as verifier:
        counts = judge(verifier)
    assert fooled(counts) < 0.1 * sum(tally.answers for tally in counts.values())
    assert fooled({family: counts[family] for family in ("prefix", "injection", "empty symbols")}) == 0


def test_the_references_themselves_are_correct():
    verdicts = Verifier().run(Verifier().verify_many([Item(*task[:2], task.reference) for task in TASKS]))
    assert all(verdict.correct for verdict in verdicts)


@pytest.mark.parametrize("task", TASKS, ids=[task.reference for task in TASKS])
def test_answers_are_wrong(task):
    """No answer equals the reference in text, so that each is wrong by construction."""
    assert not any(task.reference == answer for each in answers(task).values() for answer in each)
