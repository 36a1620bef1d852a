"""The summary of a file of verdicts: outcomes, deciding stages, errors and agreement with labels."""

from __future__ import annotations

import pytest

from gr_toolkit.console import Summary
from gr_toolkit.verify.batch.rows import Line, Pair, read_pair
from gr_toolkit.verify.batch.tally import Tally
from gr_toolkit.verify.verdict import Item

ROWS = [  # correct, decided_by, reason, label
    (True, "text", "", True),
    (True, "quantities", "", True),
    (True, "quantities", "", False),
    (False, "quantities", "", False),
    (False, "no answer", "", None),
    (None, "rules", "every rule abstained", True),
    (None, "error", "HTTP 500: oops", None),
    (None, "error", "HTTP 500: again", None),
]


def summary_of(rows: list[tuple[bool | None, str, str, bool | None]], *unreadable: str) -> Summary:
    summary = Summary("verify")
    tally = Tally(summary)
    for number, (correct, decided_by, reason, label) in enumerate(rows):
        pair = Pair(number, Item("", "", ""), label=label)
        tally.add([pair], [Line(number, correct, decided_by, None, reason, 0.0)])
    for problem in unreadable:
        tally.add([Pair(0, None, problem)], [Line(0, None, "error", None, problem, 0.0)])
    tally.note()
    return summary


def test_every_row_is_counted_by_its_outcome():
    summary = summary_of(ROWS, "not JSON: x", "not JSON: y")
    assert (summary.rows_in, summary.rows, summary.kept) == (10, 10, 3)
    assert summary.reasons == {"wrong": 1, "no answer": 1, "undecided": 1, "failed": 2, "unreadable": 2}
    rows = {"wrong": "3", "no answer": "4", "undecided": "5", "failed": "6", "unreadable": "0"}
    assert summary.first == rows


def test_notes_name_the_stages_the_errors_and_the_agreement():
    assert summary_of(ROWS, "not JSON: x").notes == [
        "decided by quantities 3, text 1, no answer 1",
        "not judged: HTTP 500 2, not JSON 1",
        "decided 80.0 % (4 of 5) of the labelled rows"
        "; yes is correct in 66.7 % (2 of 3); no is correct in 100.0 % (1 of 1)",
    ]


@pytest.mark.parametrize(
    ("rows", "notes"),
    [
        ([], []),
        ([(None, "rules", "", None)], []),
        ([(None, "rules", "", False)], ["decided 0.0 % (0 of 1) of the labelled rows"]),
        ([(True, "text", "", None)], ["decided by text 1"]),
        (
            [(False, "text", "", True)],
            [
                "decided by text 1",
                "decided 100.0 % (1 of 1) of the labelled rows; no is correct in 0.0 % (0 of 1)",
            ],
        ),
    ],
)
def test_notes_without_verdicts_errors_or_labels_are_left_out(rows, notes):
    assert summary_of(rows).notes == notes


@pytest.mark.parametrize(
    ("row", "id", "label"),
    [
        ({"id": "a", "label": True}, "a", True),
        ({"id": 7, "label": False}, 7, False),
        ({"id": 0}, 0, None),
        ({"id": True, "label": 1}, 3, None),
        ({"id": None, "label": "yes"}, 3, None),
        ({"id": 1.5}, 3, None),
        ({}, 3, None),
    ],
)
def test_id_and_label_of_a_row(row, id, label):
    pair = read_pair({"question": "q", "ground_truth": "1", "answer": "1"} | row, 3)
    assert (pair.id, pair.label, pair.problem) == (id, label, "")
    broken = read_pair(row, 3)
    assert (broken.id, broken.item, broken.problem[:15]) == (id, None, "no ground_truth")
