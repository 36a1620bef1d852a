"""Real training of a tiny transformer, in this process and in killed ones."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from errors import GrError, UsageError
from settings import Settings
from train.grpo import plan_grpo, train_grpo
from train.run import Run
from train.trainer import batch, grpo_config

TRAIN = """
import json, sys
from settings import Settings
from train.grpo import train_grpo
settings, model, name, steps = json.loads(sys.argv[1])
summary = train_grpo(Settings.model_validate(settings), model, name, steps)
print(json.dumps({"notes": summary.notes, "torch": "torch" in sys.modules}))
"""


def start(root: Path, settings: Settings, model: str, name: str, steps: int) -> subprocess.Popen[str]:
    """`gr train grpo` in another process."""
    job = json.dumps([settings.model_dump(), model, name, steps])
    environment = {**os.environ, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", TRAIN, job]
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def finish(process: subprocess.Popen[str]) -> dict[str, object]:
    output, errors = process.communicate(timeout=250)
    assert process.returncode == 0, errors
    return json.loads(output)


def weights(folder: Path) -> bytes:
    return (folder / "model.safetensors").read_bytes()


def metrics(run: Run) -> list[dict[str, float]]:
    """The lines of metrics.jsonl without the time that each step took."""
    return [{key: line[key] for key in line if key != "seconds"} for line in run.read_metrics()]


def samples(run: Run) -> list[dict[str, object]]:
    return [row for path in sorted(run.samples.iterdir()) for row in pq.read_table(path).to_pylist()]


@pytest.mark.parametrize(
    ("completions", "expected"),
    [(16, (8, 2)), (8, (8, 1)), (6, (6, 1)), (22, (2, 11)), (13, (1, 13)), (8192, (8, 1024))],
)
def test_batch_is_exact(completions, expected):
    assert batch(completions) == expected


def test_a_generation_is_one_optimizer_step(make_settings, tmp_path):
    config = grpo_config(make_settings(prompts_per_step=3, group=5).train, tmp_path, 7)
    assert config.generation_batch_size == 15
    assert config.steps_per_generation * config.num_iterations == config.gradient_accumulation_steps
    assert (config.max_steps, config.beta, config.lr_scheduler_type) == (7, 0.0, "constant")


def test_trains_and_tells(tiny_model, make_settings, write_questions, capsys):
    settings = write_questions(make_settings())
    summary = train_grpo(settings, tiny_model, "one", 3)
    run = Run(settings, "one")
    assert (summary.rows_in, summary.rows) == (5, 24)
    assert weights(run.final) != weights(Path(tiny_model))
    assert [line["step"] for line in run.read_metrics()] == [1, 2, 3]
    assert {
        "reward",
        "reward_std",
        "loss",
        "answered",
        "correct",
        "mean_tokens",
        "seconds",
    } <= run.read_metrics()[0].keys()
    assert [row["step"] for row in samples(run)] == [1] * 8 + [2] * 8 + [3] * 8
    mean = sum(row["reward"] for row in samples(run)[:8]) / 8
    assert run.read_metrics()[0]["reward"] == pytest.approx(mean)
    config = json.loads(run.config.read_text())
    assert config["settings"]["train"]["prompts_per_step"] == 2
    assert config["versions"].keys() == {"torch", "transformers", "trl", "datasets"}
    told = capsys.readouterr()
    assert told.out == ""
    assert "step 3/3  reward" in told.err
    ends = [run.read_metrics()[step]["reward"] for step in (0, -1)]
    assert (
        f"reward {ends[0]:.3f} -> {ends[1]:.3f} (mean of the first and of the last 1 steps)" in summary.notes
    )


@pytest.mark.slow
def test_learns_to_answer(tiny_model, make_settings, write_questions):
    settings = write_questions(make_settings(save_every=100, group=8), count=2)
    train_grpo(settings, tiny_model, "one", 25)
    rewards = [line["reward"] for line in Run(settings, "one").read_metrics()]
    assert sum(rewards[-5:]) / 5 > sum(rewards[:5]) / 5 + 0.3


@pytest.mark.slow
def test_a_killed_run_ends_as_an_undisturbed_one(root, tiny_model, make_settings, write_questions):
    """Over several passes through the questions, with a checkpoint cut short, and prolonged at the end."""
    calm, killed = write_questions(make_settings("calm")), write_questions(make_settings("killed"))
    finish(start(root, calm, tiny_model, "one", 12))
    run = Run(killed, "one")
    process = start(root, killed, tiny_model, "one", 10)
    while run.reached() < 4:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    (run.folder / "checkpoint-11").mkdir()
    assert run.trained_steps() == 0
    finish(start(root, killed, tiny_model, "one", 10))
    assert run.trained_steps() == 10
    finish(start(root, killed, tiny_model, "one", 12))
    assert weights(run.final) == weights(Run(calm, "one").final)
    assert metrics(run) == metrics(Run(calm, "one"))
    assert samples(run) == samples(Run(calm, "one"))


@pytest.mark.slow
def test_a_run_killed_before_its_model_was_published_publishes_it(tiny_model, make_settings, write_questions):
    settings = write_questions(make_settings())
    train_grpo(settings, tiny_model, "one", 2)
    run = Run(settings, "one")
    trained = weights(run.final)
    run.final.rename(run.folder / ".tmp-final")
    summary = train_grpo(settings, tiny_model, "one", 2)
    assert summary.rows == 0
    assert weights(run.final) == trained
    assert len(run.read_metrics()) == 2


def test_a_finished_run_says_so_without_importing_torch(root, tiny_model, make_settings, write_questions):
    settings = write_questions(make_settings())
    train_grpo(settings, tiny_model, "one", 1)
    told = finish(start(root, settings, tiny_model, "one", 1))
    assert told["torch"] is False
    assert told["notes"] == [
        "nothing to do: 1 steps are done",
        f"the model is in {Run(settings, 'one').final}",
    ]


def test_another_configuration_needs_another_run(tiny_model, make_settings, write_questions):
    settings = write_questions(make_settings())
    train_grpo(settings, tiny_model, "one", 1)
    with pytest.raises(UsageError, match=r"train\.learning_rate 0\.01 -> 0\.02"):
        train_grpo(make_settings(learning_rate=0.02), tiny_model, "one", 1)
    write_questions(settings, count=6)
    with pytest.raises(UsageError, match=r"dataset\.questions 5 -> 6"):
        train_grpo(settings, tiny_model, "one", 1)


def test_a_model_that_is_not_there_leaves_no_run_behind(make_settings, write_questions, tmp_path):
    settings = write_questions(make_settings())
    (tmp_path / "empty").mkdir()
    with pytest.raises(GrError, match="empty"):
        train_grpo(settings, str(tmp_path / "empty"), "one", 1)
    assert not Run(settings, "one").config.exists()


def test_a_verifier_that_is_down_ends_the_run(tiny_model, make_settings, write_questions):
    settings = write_questions(make_settings(), answer="it gets warmer")
    settings.verify.model = True
    settings.llm.model, settings.llm.base_url, settings.llm.retries = "judge", "http://127.0.0.1:9/v1", 0
    with pytest.raises(GrError, match="gr llm ping"):
        train_grpo(settings, tiny_model, "one", 9)
    assert [line["failed"] for line in Run(settings, "one").read_metrics()] == [1.0, 1.0, 1.0]


def test_a_dry_run_writes_nothing(tiny_model, make_settings, write_questions):
    settings = write_questions(make_settings())
    before = sorted(Path(settings.data).rglob("*"))
    assert "from step 0 to step 9 of 2 prompts x 4 completions" in plan_grpo(settings, tiny_model, "one", 9)
    assert sorted(Path(settings.data).rglob("*")) == before
