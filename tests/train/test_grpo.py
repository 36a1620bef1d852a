"""Real training of a tiny transformer, in this process and in processes that are killed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Event

import pyarrow.parquet as pq
import pytest

from files import contents
from gr_toolkit.console import Summary
from gr_toolkit.errors import BudgetExceeded, CannotWrite, GrError, ModelError, UsageError
from gr_toolkit.settings import Settings, VerifySettings
from loopback import Accepts, Answer, serving
from train.grpo import plan_grpo, train_grpo
from train.run import Run, flatten
from train.trainer import batch, grpo_config

TRAIN = """
import json, sys
from gr_toolkit.settings import Settings
from train.grpo import train_grpo
settings, model, name, steps = json.loads(sys.argv[1])
summaries = []
train_grpo(Settings.model_validate(settings), model, name, steps, summaries)
print(json.dumps({"notes": summaries[0].notes, "torch": "torch" in sys.modules}))
"""


def train(settings: Settings, model: str, name: str, steps: int) -> Summary:
    summaries: list[Summary] = []
    train_grpo(settings, model, name, steps, summaries)
    (summary,) = summaries
    return summary


def start(root: Path, settings: Settings, model: str, name: str, steps: int) -> subprocess.Popen[str]:
    """Start `train_grpo` in another process."""
    job = json.dumps([settings.model_dump(), model, name, steps])
    environment = {**os.environ, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", TRAIN, job]
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def command(root: Path, settings: Settings, model: str) -> subprocess.Popen[str]:
    """Start `gr train grpo --json` in another process, with the settings as environment variables."""
    flat = flatten(settings.model_dump(exclude_none=True))
    variables = {f"GR_{name.upper().replace('.', '__')}": str(value) for name, value in flat.items()}
    return subprocess.Popen(
        [sys.executable, "-m", "cli", "train", "grpo", "--json", "--model", model],
        env={**os.environ, **variables, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> dict[str, object]:
    output, errors = process.communicate(timeout=250)
    assert process.returncode == 0, errors
    return json.loads(output)


def weights(folder: Path) -> bytes:
    return (folder / "model.safetensors").read_bytes()


def metrics(run: Run) -> list[dict[str, float]]:
    """The lines of metrics.jsonl without the duration of each step."""
    return [{key: line[key] for key in line if key != "seconds"} for line in run.read_metrics()]


def samples(run: Run) -> list[dict[str, object]]:
    return [row for path in sorted(run.samples.iterdir()) for row in pq.read_table(path).to_pylist()]


@pytest.mark.parametrize(
    ("completions", "expected"),
    [(16, (8, 2)), (8, (8, 1)), (6, (6, 1)), (22, (2, 11)), (13, (1, 13)), (8192, (8, 1024))],
)
def test_batch_size_divides_the_number_of_completions(completions, expected):
    assert batch(completions) == expected


def test_each_generation_is_used_for_one_optimizer_step(make_settings, tmp_path):
    config = grpo_config(make_settings(prompts_per_step=3, group=5).train, tmp_path, 7)
    assert config.generation_batch_size == 15
    assert config.steps_per_generation * config.num_iterations == config.gradient_accumulation_steps
    assert (config.max_steps, config.beta, config.lr_scheduler_type) == (7, 0.0, "constant")


@pytest.mark.slow
def test_training_writes_model_metrics_samples_and_summary(
    tiny_model, make_settings, write_questions, capsys
):
    settings = write_questions(make_settings())
    summary = train(settings, tiny_model, "one", 3)
    run = Run(settings, "one")
    assert (summary.rows_in, summary.rows) == (5, 24)
    assert summary.kept == sum(row["correct"] is True for row in samples(run)) > 0
    assert summary.reasons["no answer"] == sum(row["answer"] is None for row in samples(run)) > 0
    assert summary.kept + summary.reasons.total() == summary.rows
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
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "step 3/3  reward" in printed.err
    ends = [run.read_metrics()[step]["reward"] for step in (0, -1)]
    assert (
        f"reward {ends[0]:.3f} -> {ends[1]:.3f} (mean of the first and of the last 1 steps)" in summary.notes
    )


@pytest.mark.slow
def test_training_increases_the_reward(tiny_model, make_settings, write_questions):
    settings = write_questions(make_settings(save_every=100, group=8), count=2)
    train(settings, tiny_model, "one", 25)
    rewards = [line["reward"] for line in Run(settings, "one").read_metrics()]
    assert sum(rewards[-5:]) / 5 > sum(rewards[:5]) / 5 + 0.3


@pytest.mark.slow
def test_killed_run_ends_with_the_weights_of_an_uninterrupted_run(
    root, tiny_model, make_settings, write_questions
):
    """The run spans several epochs, has an incomplete checkpoint, and is extended at its end."""
    calm, killed = write_questions(make_settings("calm")), write_questions(make_settings("killed"))
    train(calm, tiny_model, "one", 12)
    run = Run(killed, "one")
    process = start(root, killed, tiny_model, "one", 10)
    while run.reached() < 4:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    (run.folder / "checkpoint-11").mkdir()
    assert run.trained_steps() == 0
    train(killed, tiny_model, "one", 10)
    assert run.trained_steps() == 10
    train(killed, tiny_model, "one", 12)
    assert weights(run.final) == weights(Run(calm, "one").final)
    assert metrics(run) == metrics(Run(calm, "one"))
    assert samples(run) == samples(Run(calm, "one"))


@pytest.mark.slow
def test_run_killed_before_publishing_its_model_publishes_it(tiny_model, make_settings, write_questions):
    settings = write_questions(make_settings())
    train(settings, tiny_model, "one", 2)
    run = Run(settings, "one")
    trained = weights(run.final)
    run.final.rename(run.folder / ".tmp-final")
    summary = train(settings, tiny_model, "one", 2)
    assert summary.rows == 0
    assert weights(run.final) == trained
    assert len(run.read_metrics()) == 2


@pytest.mark.slow
def test_finished_run_is_reported_without_importing_torch(root, tiny_model, make_settings, write_questions):
    settings = write_questions(make_settings())
    train(settings, tiny_model, "one", 1)
    printed = finish(start(root, settings, tiny_model, "one", 1))
    assert printed["torch"] is False
    assert printed["notes"] == [
        "nothing to do: 1 steps are done",
        f"the model is in {Run(settings, 'one').final}",
    ]


@pytest.mark.slow
def test_changed_settings_or_questions_are_a_usage_error(tiny_model, make_settings, write_questions):
    settings = write_questions(make_settings())
    train(settings, tiny_model, "one", 1)
    with pytest.raises(UsageError, match=r"train\.learning_rate 0\.01 -> 0\.02"):
        train(make_settings(learning_rate=0.02), tiny_model, "one", 1)
    write_questions(settings, count=6)
    with pytest.raises(UsageError, match=r"dataset\.questions 5 -> 6"):
        train(settings, tiny_model, "one", 1)


def broken(model: str, folder: Path, how: str) -> str:
    """A copy of the model's folder: empty, without the weights, or with truncated weights."""
    if how == "empty":
        (folder / how).mkdir()
        return str(folder / how)
    shutil.copytree(model, folder / how)
    weights = folder / how / "model.safetensors"
    weights.unlink() if how == "no weights" else os.truncate(weights, 5000)
    return str(folder / how)


@pytest.mark.slow
@pytest.mark.parametrize("how", ["empty", "no weights", "truncated"])
def test_unloadable_model_creates_no_run(tiny_model, make_settings, write_questions, tmp_path, how):
    settings = write_questions(make_settings())
    error, says = (UsageError, "no model at") if how == "empty" else (ModelError, "transformers cannot load")
    with pytest.raises(error, match=f"{says} .*{how}"):
        train(settings, broken(tiny_model, tmp_path, how), "one", 1)
    assert not Run(settings, "one").config.exists()
    assert train(settings, tiny_model, "one", 1).rows == 8


@pytest.mark.slow
def test_invalid_verifier_settings_create_no_run(tiny_model, make_settings, write_questions):
    settings = write_questions(make_settings())
    settings.verify.model, settings.llm.model, settings.llm.base_url = True, "judge", "localhost:8000"
    with pytest.raises(UsageError, match="localhost:8000"):
        train(settings, tiny_model, "one", 1)
    assert not Run(settings, "one").config.exists()


def asking(settings: Settings, url: str, **llm: object) -> Settings:
    """The same settings with a verifier model at that URL."""
    judge = settings.llm.model_copy(
        update={"model": "m", "base_url": url, "retries": 0, "patience": 0, **llm}
    )
    return settings.model_copy(update={"llm": judge, "verify": VerifySettings(model=True)})


@pytest.mark.slow
def test_unreachable_verifier_ends_the_run(tiny_model, make_settings, write_questions):
    settings = write_questions(make_settings(), answer="it gets warmer")
    with pytest.raises(GrError, match="gr llm ping"):
        train(asking(settings, "http://127.0.0.1:9/v1"), tiny_model, "one", 9)
    run = Run(settings, "one")
    assert [line["failed"] for line in run.read_metrics()] == [
        line["answered"] for line in run.read_metrics()
    ]
    assert len(run.read_metrics()) == 3
    assert {row["decided_by"] for row in samples(run)} == {"error", "no answer"}


@pytest.mark.slow
def test_summary_includes_the_cost_of_the_verifier(tiny_model, make_settings, write_questions):
    settings = write_questions(make_settings(), answer="it gets warmer")
    prices = {"input_usd_per_million": 100.0, "output_usd_per_million": 0.0}
    with serving(Accepts()) as server:
        summary = train(asking(settings, server.url, **prices), tiny_model, "one", 2)
    assert summary.requests == len(server.seen) > 0
    assert (summary.input_tokens, summary.output_tokens) == (10 * summary.requests, 5 * summary.requests)
    assert summary.cost_usd == pytest.approx(summary.input_tokens * 100 / 1e6)
    assert summary.kept == summary.rows - summary.reasons["no answer"] > 0


@pytest.mark.slow
def test_exhausted_budget_ends_the_run_and_its_cost_is_reported(tiny_model, make_settings, write_questions):
    settings = write_questions(make_settings(), answer="it gets warmer")
    # A request reserves one token per byte, at most 700 tokens; 500 are billed.
    prices = {"input_usd_per_million": 1000.0, "output_usd_per_million": 0.0, "max_cost_usd": 1.5}
    summaries: list[Summary] = []
    with (
        serving(Accepts(tokens=(500, 5))) as server,
        pytest.raises(BudgetExceeded, match="max_cost_usd"),
    ):
        train_grpo(asking(settings, server.url, cache=False, **prices), tiny_model, "one", 9, summaries)
    (summary,) = summaries
    assert summary.requests == len(server.seen) > 0
    assert summary.cost_usd == pytest.approx(0.5 * summary.requests)
    assert summary.seconds > 0


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupt_does_not_wait_for_a_hanging_verifier(
    root, tiny_model, make_settings, write_questions, number
):
    settings = write_questions(make_settings(), answer="it gets warmer")
    released = Event()

    def hang(_: object) -> Answer:
        released.wait(200)
        return Answer(hang_up=True)

    with serving(hang) as server:
        process = command(root, asking(settings, server.url, timeout=3600.0), tiny_model)
        while not server.seen:
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(number)
        output, errors = process.communicate(timeout=60)
        released.set()
    assert process.returncode == 128 + number, errors
    assert "Traceback" not in errors
    (step,) = json.loads(output)["steps"]
    assert step["requests"] > 0
    assert step["notes"] == ["did not finish"]
    logged = json.loads((settings.state / "runs.jsonl").read_text().splitlines()[-1])
    assert (logged["exit_code"], logged["steps"]) == (128 + number, [step])


def fill_up(disk: Path, left: int) -> None:
    """Fill the disk until `left` bytes are free."""
    (disk / "junk").write_bytes(bytes(max(0, shutil.disk_usage(disk).free - left)))


@pytest.mark.slow
def test_run_resumes_after_a_full_disk(tiny_model, make_settings, write_questions, small_disk):
    settings = write_questions(make_settings(small_disk / "data"))
    fill_up(small_disk, left=150_000)  # enough for a step's metrics and samples, but not for a checkpoint
    with pytest.raises(CannotWrite, match=r"12 bytes per parameter.*run the same command again"):
        train(settings, tiny_model, "one", 4)
    assert len(Run(settings, "one").read_metrics()) == 2
    (small_disk / "junk").unlink()
    train(settings, tiny_model, "one", 4)
    assert Run(settings, "one").trained_steps() == 4


@pytest.mark.slow
def test_disk_that_is_full_at_the_start_has_no_run(tiny_model, make_settings, write_questions, small_disk):
    settings = write_questions(make_settings(small_disk / "data"))
    settings.state.joinpath("locks").mkdir(parents=True)
    settings.state.joinpath("locks", "run-one.lock").write_text("{" + " " * 2000 + "}")
    fill_up(small_disk, left=0)
    settings.verify.cache = False  # the cache would need space first
    with pytest.raises(CannotWrite, match=r"config\.json"):
        train(settings, tiny_model, "one", 1)
    assert not Run(settings, "one").config.exists()


@pytest.mark.slow
def test_dry_run_writes_nothing(tiny_model, make_settings, write_questions):
    settings = write_questions(make_settings())
    before = contents(Path(settings.data))
    plan = plan_grpo(settings, tiny_model, "one", 9)
    assert (plan.step, plan.rows_in) == ("train grpo", 5)
    assert "from step 0 to step 9 of 2 prompts x 4 completions" in plan.notes[0]
    assert contents(Path(settings.data)) == before


@pytest.mark.slow
def test_dry_run_of_a_finished_run_plans_nothing(tiny_model, make_settings, write_questions):
    settings = write_questions(make_settings())
    train(settings, tiny_model, "one", 2)
    assert plan_grpo(settings, tiny_model, "one", 1).notes == ["nothing to do: 2 steps are done"]
    assert "from step 2 to step 3" in plan_grpo(settings, tiny_model, "one", 3).notes[0]
