"""Accuracy of the rules on answers labelled by people and by the authors of other checkers."""

from __future__ import annotations

import pytest

from bench.verdicts.rows import CORE, Row, read_rows
from gr_toolkit.verify.cascade import by_rules
from gr_toolkit.verify.verdict import Item

READ_BY_TYPE = {
    "number",
    "number_unit",
    "expression",
    "equation",
    "interval_ineq",
    "set_tuple_list",
    "matrix",
}


@pytest.fixture
def judged(shared) -> list[tuple[Row, bool | None]]:
    rows = read_rows(shared / "verdicts" / f"{name}.jsonl" for name in CORE)
    assert len(rows) == 787
    return [(row, by_rules(Item(*row.pair[:3]))[0].correct) for row in rows]


def test_accuracy_of_yes_and_no_and_coverage(judged):
    yes = [row.label for row, correct in judged if correct is True]
    no = [not row.label for row, correct in judged if correct is False]
    assert sum(yes) / len(yes) >= 0.99
    assert sum(no) / len(no) >= 0.97
    assert (len(yes) + len(no)) / len(judged) >= 0.65


def test_typed_answers_are_decided(judged):
    decided = [correct is not None for row, correct in judged if row.answer_type in READ_BY_TYPE]
    assert len(decided) == 506 + 3
    assert sum(decided) / len(decided) >= 0.84
    letters = [correct is not None for row, correct in judged if row.answer_type == "multiple_choice"]
    assert letters == [True] * 4


def test_free_text_answers_are_never_misjudged(shared):
    """The rules abstain on nearly all answers in students' own words, and so judge none incorrectly."""
    rows = read_rows([shared / "verdicts" / "semeval13-task7.jsonl"])
    decided = [(row.label, by_rules(Item(*row.pair[:3]))[0].correct) for row in rows]
    assert [label for label, correct in decided if correct is not None and correct != label] == []
