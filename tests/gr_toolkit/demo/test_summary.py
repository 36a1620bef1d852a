"""The summary table of `gr demo`, and the scores before and after training."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gr_toolkit.console import Summary, reporting, run_to_end
from gr_toolkit.demo.summary import read_log, reward_curve, score_lines, show_demo
from gr_toolkit.llm.names import resolve_model, slug
from gr_toolkit.settings import load_settings
from gr_toolkit.store import Store
from rows import fill
from train.samples import write_samples

SCORE = {"accuracy": 0.25, "correct": 1, "wrong": 2, "undecided": 0, "n": 4, "benchmark": "tiny"}


def log_run(state: Path, *summaries: Summary) -> None:
    """Log a run as the command line does."""

    def command() -> None:
        with reporting(state, as_json=True) as steps:
            for summary in summaries:
                steps.append(summary)

    assert run_to_end(command, ["gr", "curate"]) == 0


@pytest.fixture
def data(store: Store) -> Path:
    """The data folder after a demo: some pairs, two training steps, and the run log."""
    store.table("pairs").write("1", [fill("pairs", name) for name in "abc"])
    store.table("duplicates").write("1", [fill("duplicates", "a", kept=False, reason="near duplicate")])
    store.table("contaminated").write("1", [])
    run = Path(store.data) / "runs" / "grpo"
    for step in (1, 2):
        one = {"id": ["q"], "question": ["?"], "completion": ["7"], "answer": [None], "reference": ["7"]}
        verdict = {"correct": [False], "decided_by": ["no answer"], "reward": [-0.5], "tokens": [600 * step]}
        write_samples(run / "samples", step, {**one, **verdict})
    (run / "metrics.jsonl").write_text('{"reward": -0.5}\n{"reward": null}\n')
    (run / "final").mkdir()
    interrupted = Summary("curate extract", table="pairs", seconds=1.0, output_tokens=11)
    resumed = Summary("curate extract", table="pairs", seconds=2.0, input_tokens=3_000)
    later = [Summary("train grpo", seconds=7.5), Summary("eval tiny", seconds=4.0, output_tokens=5)]
    log_run(store.state, interrupted)
    log_run(store.state, resumed, *later)
    return Path(store.data)


def lines(data: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, list[str]]:
    """Return the words of each table line, by step."""
    capsys.readouterr()
    show_demo(load_settings(data=str(data)), data / "demo.toml")
    table = capsys.readouterr().out.partition("\n\n")[0].splitlines()
    return {line[:20].strip(): line[20:].split() for line in table}


def test_every_step_shows_seconds_and_tokens(data, capsys):
    shown = lines(data, capsys)
    assert shown["curate extract"] == ["0", "3", "3", "3.0", "3,011", f"{data}/pairs/*.parquet"]
    assert shown["train grpo"] == ["7.5", "1,800", f"{data}/runs/grpo"]
    assert shown["eval tiny"] == ["4.0", "5", f"{data}/evals"]


def test_rows_in_are_the_rows_left_by_the_previous_steps(data, capsys):
    shown = lines(data, capsys)
    assert [shown[f"curate {step}"][0] for step in ("dedup", "decontaminate", "judge")] == ["3", "2", "2"]


def test_run_log_is_summed_by_step(data):
    spent = read_log(data / ".state")
    assert spent["curate extract"] == (3.0, 3_011)
    assert list(spent) == ["curate extract", "train grpo", "eval tiny"]


def test_score_lines_compare_the_base_and_the_trained_model(data):
    final = resolve_model(str(data / "runs" / "grpo" / "final"))
    for model, accuracy in {"local": 0.1, "another": 0.9, final: 0.2}.items():
        folder = data / "evals" / slug(model)
        folder.mkdir(parents=True)
        score = {**SCORE, "model": model, "accuracy": accuracy}
        (folder / "tiny.score.json").write_text(json.dumps(score))
    before, after = score_lines(data)
    assert before.startswith("before tiny     accuracy  10.0%, 3 of 4 questions answered")
    assert after.startswith("after  tiny     accuracy  20.0%")


def test_the_reward_curve_has_a_column_per_step_between_the_lowest_and_the_highest_reward():
    top, *middle, bottom = reward_curve([-0.5, 0.5, 0.0])
    assert top == "  0.50 |      ###     "
    assert middle[-2:] == ["       |      ###  ###", "       |      ###  ###"]
    assert bottom == " -0.50 | ###  ###  ###"


@pytest.mark.parametrize("rewards", [[], [0.5], [0.5, 0.5]])
def test_there_is_no_curve_without_two_different_rewards(rewards):
    assert reward_curve(rewards) == []
