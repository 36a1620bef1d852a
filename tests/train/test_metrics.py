"""The lines of metrics.jsonl, the lines on stderr, and the end of a run whose verifier is down."""

from __future__ import annotations

import json
import math

import pytest
from transformers import TrainerControl, TrainerState

from gr_toolkit.errors import GrError
from train.metrics import FAILED_SHARE, FAILED_STEPS, METRICS, RunLog, describe, is_step, metrics_line

ENTRY = {
    "step": 3,
    "reward": 0.13,
    "frac_reward_zero_std": 0.5,
    "answered": 0.4375,
    "correct": 0.1875,
    "undecided": 0.0,
    "failed": 0.0,
    "completions/mean_length": 31.2,
    "step_time": 8.72,
    "epoch": 1.0,  # not one of our metrics
}
SUMMARY = {"step": 4, "train_runtime": 9.0}  # what the trainer logs at its end


@pytest.fixture
def log(tmp_path) -> RunLog:
    """A log that records the movements of its progress bar in `moved`."""
    moved: list[int] = []
    log = RunLog(tmp_path / "run" / "metrics.jsonl", moved.append)
    log.moved = moved
    return log


def begin(log: RunLog, *history: dict[str, float]) -> None:
    log.on_train_begin(
        None, TrainerState(log_history=list(history), global_step=len(history)), TrainerControl()
    )


def record(log: RunLog, **values: float) -> None:
    state = TrainerState(log_history=[ENTRY | values], max_steps=12)
    log.on_log(None, state, TrainerControl())


def steps(log: RunLog) -> list[int]:
    return [json.loads(line)["step"] for line in log.path.read_text().splitlines()]


def test_line_has_our_names_of_the_logged_metrics():
    line = metrics_line(ENTRY)
    assert line.endswith("}\n")
    assert json.loads(line) == {
        "step": 3,
        "reward": 0.13,
        "equal_groups": 0.5,
        "answered": 0.4375,
        "correct": 0.1875,
        "undecided": 0.0,
        "failed": 0.0,
        "mean_tokens": 31.2,
        "seconds": 8.72,
    }
    assert list(json.loads(metrics_line(dict.fromkeys(METRICS.values(), 0)))) == list(METRICS)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, None])
def test_value_that_json_cannot_hold_is_null(value):
    assert json.loads(metrics_line({"reward": value, "loss": 0.0})) == {"reward": None, "loss": 0.0}


@pytest.mark.parametrize(("entry", "step"), [(ENTRY, True), ({"reward": None}, True), (SUMMARY, False)])
def test_entry_with_a_reward_is_a_step(entry, step):
    assert is_step(entry) is step


@pytest.mark.parametrize(("reward", "shown"), [(0.13, "0.130"), (-0.5, "-0.500"), (None, "None")])
def test_description_of_a_step(reward, shown):
    described = f"step 3/12  reward {shown}  answered 44%  correct 19%  31 tokens  8.7 s"
    assert describe(ENTRY | {"reward": reward}, 12) == described


def test_log_starts_with_the_steps_of_the_checkpoint(log):
    begin(log, ENTRY | {"step": 1}, ENTRY | {"step": 2}, SUMMARY)
    assert steps(log) == [1, 2]
    assert log.moved == [3]
    begin(log, ENTRY | {"step": 1})
    assert steps(log) == [1]


def test_every_step_is_appended_and_printed(log, capsys):
    begin(log)
    record(log, step=1)
    record(log, step=2)
    assert steps(log) == [1, 2]
    assert log.moved == [0, 1, 1]
    assert [line.partition("  ")[0] for line in capsys.readouterr().err.splitlines()] == [
        "step 1/12",
        "step 2/12",
    ]


def test_summary_of_the_trainer_is_not_a_step(log, capsys):
    begin(log)
    log.on_log(None, TrainerState(log_history=[ENTRY, SUMMARY]), TrainerControl())
    assert (steps(log), log.moved, capsys.readouterr().err) == ([], [0], "")


def test_run_ends_if_the_verifier_fails_in_consecutive_steps(log):
    begin(log)
    for _ in range(FAILED_STEPS - 1):
        record(log, failed=FAILED_SHARE + 0.01)
    with pytest.raises(GrError, match=r"failed in 3 steps in a row.*`gr llm ping`.*same command again"):
        record(log, failed=1.0)
    assert len(steps(log)) == FAILED_STEPS


@pytest.mark.parametrize("good", [0.0, FAILED_SHARE])
def test_step_with_few_failures_restarts_the_count(log, good):
    begin(log)
    for failed in (1.0, 1.0, good, 1.0, 1.0, good):
        record(log, failed=failed)
    assert len(steps(log)) == 6
