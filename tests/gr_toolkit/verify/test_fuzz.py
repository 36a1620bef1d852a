"""Mutations of true pairs, labelled by construction: no wrong one is correct, and no equal one is wrong."""

from __future__ import annotations

from collections import Counter

import pytest

from bench.verdicts.mutations import KINDS, cases
from gr_toolkit.verify import verify

PAIRS = 2_000


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_no_mutation_is_misjudged():
    misjudged, counts = [], Counter()
    for case in cases(PAIRS):
        correct = verify(case.question, case.reference, case.answer).correct
        counts[case.correct, correct] += 1
        if correct is not None and correct != case.correct:
            misjudged.append(case)
    assert misjudged == []
    assert counts[True, True] > 3_000
    assert counts[False, False] > 5_000
    assert counts[True, None] + counts[False, None] < 0.02 * counts.total()


def test_cases_are_deterministic_and_of_every_kind():
    some = list(cases(len(KINDS), seed=3))
    assert some == list(cases(len(KINDS), seed=3))
    assert some != list(cases(len(KINDS), seed=4))
    assert {case.correct for case in some} == {True, False}
    assert len({case.mutation for case in some}) > 40
