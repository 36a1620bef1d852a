"""`curate export`: the row of a question, its pass rate and its split."""

from __future__ import annotations

import pytest

from curate.export import dataset_row, export, pass_rates, split_of, why_dropped
from gr_toolkit.console import Summary
from gr_toolkit.errors import RowsDoNotFit
from gr_toolkit.settings import CurateSettings, Settings
from rows import fill, rows_of

LOW, HIGH = "0" * 32, "f" * 32  # ids at the two ends of the split
JUDGED = fill(
    "judged", LOW, question="1+1?", answer="2", answer_type="Integer", category="Physics", difficulty="PhD"
)
PAIR = fill("pairs", LOW, question="no", answer="no", url="u", license="CC0", evidence="it is 2")


def row_of(judged=JUDGED, pair=PAIR, rate=0.5, **settings):
    return dataset_row(judged, pair, rate, CurateSettings(**settings))


def test_row_has_the_question_of_the_judge_and_the_source_of_the_pair():
    assert row_of() == {
        "id": LOW,
        "question": "1+1?",
        "answer": "2",
        "answer_type": "Integer",
        "category": "Physics",
        "difficulty": "PhD",
        "pass_rate": 0.5,
        "url": "u",
        "license": "CC0",
        "evidence": "it is 2",
        "split": "test",
        "kept": True,
        "reason": None,
    }


@pytest.mark.parametrize(
    ("pair_id", "rate", "settings", "split"),
    [
        (LOW, 0.5, {}, "test"),
        (HIGH, 0.5, {}, "train"),
        (HIGH, 0.5, {"test_share": 1.0}, "test"),
        (LOW, 0.5, {"test_share": 0.0}, "train"),
        (LOW, 0.0, {}, "dropped"),
        (HIGH, 1.0, {}, "dropped"),
        (LOW, None, {}, "dropped"),
        (LOW, None, {"any_pass_rate": True}, "test"),
    ],
)
def test_split_is_dropped_if_and_only_if_the_row_is_rejected(pair_id, rate, settings, split):
    row = row_of({**JUDGED, "id": pair_id}, rate=rate, **settings)
    assert (row["split"], row["kept"]) == (split, split != "dropped")
    assert row["pass_rate"] == rate


@pytest.mark.parametrize("column", ["answer_type", "category", "difficulty"])
def test_null_judgement_of_a_verifiable_question_is_an_error(column):
    with pytest.raises(RowsDoNotFit):
        row_of({**JUDGED, column: None})


def test_pair_without_evidence_is_an_error_but_not_without_a_license():
    with pytest.raises(RowsDoNotFit):
        row_of(pair={**PAIR, "evidence": None})
    assert row_of(pair={**PAIR, "license": None})["license"] is None


@pytest.mark.parametrize(
    ("rate", "settings", "reason"),
    [
        (0.2, {"min_pass_rate": 0.2}, "pass rate too low"),
        (0.21, {"min_pass_rate": 0.2}, None),
        (0.0, {"min_pass_rate": 0.2}, "never solved"),
        (0.8, {"max_pass_rate": 0.8}, "pass rate too high"),
        (0.79, {"max_pass_rate": 0.8}, None),
        (1.0, {"max_pass_rate": 0.8}, "always solved"),
    ],
)
def test_pass_rate_limits_are_exclusive(rate, settings, reason):
    assert why_dropped(rate, CurateSettings(**settings)) == reason


def test_pass_rates_of_no_attempts_are_empty():
    assert pass_rates([]) == {}


SOLVED, MIXED, UNTRIED, OPEN = (f"{number:032x}" for number in range(4))


def test_export_writes_verifiable_questions_with_the_pass_rate_of_their_own_attempts(store):
    ids = (SOLVED, MIXED, UNTRIED, OPEN)
    store.table("pairs").write("1", [fill("pairs", pair_id, url=f"u/{pair_id}") for pair_id in ids])
    judged = [fill("judged", pair_id) for pair_id in ids[:3]]
    store.table("judged").write("1", [*judged, fill("judged", OPEN, kept=False, reason="open-ended")])
    verdicts = {SOLVED: (True, True), MIXED: (True, False, False, None)}
    attempts = [
        fill("attempts", f"{pair_id}/{sample}", pair_id=pair_id, sample=sample, verdict=verdict)
        for pair_id, decided in verdicts.items()
        for sample, verdict in enumerate(decided)
    ]
    store.table("attempts").write("1", attempts)
    summary = Summary("curate export", table="dataset")
    export(store, Settings(data=store.data, curate={"any_pass_rate": True, "test_share": 0.0}), summary)
    exported = [(row["id"], row["url"], row["pass_rate"]) for row in rows_of(store, "dataset")]
    rates = [(SOLVED, 1.0), (MIXED, 1 / 3), (UNTRIED, None)]
    assert exported == [(pair_id, f"u/{pair_id}", rate) for pair_id, rate in rates]
    assert (summary.rows_in, summary.rows, summary.kept) == (4, 3, 3)


def test_pass_rate_counts_decided_attempts_only():
    attempts = [("a", True), ("a", False), ("a", None), ("b", None), ("c", True)]
    assert pass_rates(attempts) == {"a": 0.5, "c": 1.0}


@pytest.mark.parametrize(
    ("rate", "settings", "reason"),
    [
        (0.0, {}, "never solved"),
        (1.0, {}, "always solved"),
        (0.125, {}, None),
        (None, {}, "no attempt decided"),
        (0.1, {"min_pass_rate": 0.2}, "pass rate too low"),
        (0.9, {"max_pass_rate": 0.8}, "pass rate too high"),
        (0.0, {"any_pass_rate": True}, None),
        (None, {"any_pass_rate": True}, None),
    ],
)
def test_paper_s_rule_drops_never_and_always_solved_questions(rate, settings, reason):
    assert why_dropped(rate, CurateSettings(**settings)) == reason


def test_split_depends_only_on_the_id():
    ids = [f"{number * 2654435761 % 2**32:08x}{'0' * 24}" for number in range(1000)]
    share = sum(split_of(pair_id, 0.3) == "test" for pair_id in ids) / len(ids)
    assert 0.25 < share < 0.35
    assert {split_of(pair_id, 0.0) for pair_id in ids} == {"train"}
    assert {split_of(pair_id, 1.0) for pair_id in ids} == {"test"}
