"""The summary of a run: its counts and the notes on its metrics. No training runs here."""

from __future__ import annotations

from collections import Counter

import pytest

from gr_toolkit.console import Summary
from gr_toolkit.settings import RoleSettings
from gr_toolkit.store import Store
from train.data import fingerprint, train_questions
from train.grpo import _count, _notes, deciding, mean


def steps(*rewards: float | None, correct: float = 0.5) -> list[dict[str, float | None]]:
    return [{"reward": reward, "answered": 0.5, "correct": correct} for reward in rewards]


@pytest.mark.parametrize(
    ("count", "span"), [(1, 1), (4, 1), (5, 2), (8, 2), (9, 3), (36, 9), (40, 10), (400, 10)]
)
def test_trend_compares_a_quarter_of_the_steps_but_at_most_ten(count, span):
    rewards = [0.0] * span + [9.0] * (count - 2 * span) + [1.0] * span if count > 1 else [0.0]
    note = _notes(steps(*rewards), dropped=0)[0]
    last = 1.0 if count > 1 else 0.0
    assert note == f"reward 0.000 -> {last:.3f} (mean of the first and of the last {span} steps)"


def test_steps_without_a_reward_are_left_out_of_the_trend():
    notes = _notes(steps(None, 0.25, None, 0.75, None), dropped=0)
    assert notes[0] == "reward 0.250 -> 0.750 (mean of the first and of the last 1 steps)"
    assert [note.partition(" ")[0] for note in notes] == ["reward", "answered", "correct"]


@pytest.mark.parametrize(
    ("metrics", "dropped", "notes"),
    [
        (steps(None), 0, []),
        (steps(None), 2, ["2 questions skipped: their prompt is longer than train.max_prompt_tokens"]),
        (
            steps(None, correct=0.0),
            0,
            ["no answer was correct in any step: the questions are too hard for this model"],
        ),
        (steps(None, correct=0.0) + steps(None, correct=0.1), 0, []),
    ],
)
def test_notes_report_skipped_questions_and_a_run_without_a_correct_answer(metrics, dropped, notes):
    assert _notes(metrics, dropped) == notes


def test_mean_is_over_the_steps_that_recorded_the_metric():
    assert mean([{"reward": 1.0}, {"reward": None}, {"reward": 0.0}], "reward") == 0.5


def test_completions_are_rows_and_correct_ones_are_kept():
    summary = Summary("train grpo")
    first = {"correct": "a", "wrong": "b", "no answer": "c"}
    _count(summary, Counter({"correct": 2, "wrong": 3, "no answer": 1}), first)
    assert (summary.rows, summary.kept) == (6, 2)
    assert summary.reasons == {"wrong": 3, "no answer": 1}
    assert summary.first == {"wrong": "b", "no answer": "c"}


def test_deciding_values_are_the_settings_that_change_the_result(make_settings, write_questions):
    settings = write_questions(make_settings(seed=7, save_every=5))
    questions = train_questions(Store(settings.data, settings.state))
    values = deciding(settings, "m", questions)
    assert (values["model"], values["verifier"], values["instruction"]) == (
        "m",
        "rules",
        settings.instruction,
    )
    assert values["dataset"] == {"questions": 5, "fingerprint": fingerprint(questions)}
    assert values["train"]["seed"] == 7
    assert set(settings.train.model_dump()) - set(values["train"]) == {"save_every"}


def test_deciding_values_include_the_model_of_the_verifier_role(make_settings):
    settings = make_settings()
    settings.verify.model, settings.llm.model = True, "big"
    assert deciding(settings, "m", [])["verifier"] == "big"
    settings.llm.verifier = RoleSettings(model="small")
    assert deciding(settings, "m", [])["verifier"] == "small"


def test_deciding_values_include_the_parameters_of_both_verifiers(make_settings):
    settings = make_settings()
    settings.verify.model, settings.llm.model = True, "big"
    settings.llm.verifier = RoleSettings(temperature=0.5, extra_body={"reasoning_effort": "low"})
    first = {"model": "big", "temperature": 0.5, "max_tokens": 2048, "reasoning_effort": "low"}
    assert deciding(settings, "m", [])["verdicts"] == {"verifier": first}
    settings.llm.second_verifier = RoleSettings(model="small", seed=3)
    second = {"model": "small", "temperature": 0.0, "max_tokens": 2048, "seed": 3}
    assert deciding(settings, "m", [])["verdicts"] == {"verifier": first, "second_verifier": second}
    settings.verify.model = False
    assert deciding(settings, "m", [])["verdicts"] == {}
